"""Carries out an approved reversal."""

from functools import partial

from durabletask import task

from contracts.actions import REVERSALS
from contracts.effect import Effect
from contracts.reversal import Reversal, reversal_reason
from contracts.steps import ReconcileReversalInput, ReversalOrder
from worker.activities.effects import EffectGateway, Send, in_doubt, log_effect
from worker.domain.facts import customer_of
from worker.domain.reversals import planned_reversal
from worker.ports.actions import ActionGateway, ActionsUnavailable
from worker.ports.record import CaseRecord


class ReversalActivities:
    """Reversals, each noted before and after it happens, and each under a key that makes it happen at most once."""

    def __init__(self, record: CaseRecord, gateway: ActionGateway) -> None:
        self._record = record
        self._gateway = gateway
        self._effects = EffectGateway(gateway)

    def execute_reversal(self, _: task.ActivityContext, order: ReversalOrder) -> Effect:
        """Reverse the effect, unless the store has nothing to reverse: then it failed, and its error says why.

        Raises ActionsUnavailable when the store does not answer.
        """
        reversal = self._as_recorded(order)
        planned = planned_reversal(reversal)
        self._record.start_reversal(reversal.case_id, reversal.reversal_id, planned)
        return self._finish(reversal, self._settled(reversal, planned))

    def reconcile_reversal(self, _: task.ActivityContext, reconciliation: ReconcileReversalInput) -> Effect:
        """Find out the result of a reversal in doubt: `unknown` as long as the store does not answer."""
        reversal = self._as_recorded(reconciliation.order)
        planned = planned_reversal(reversal)
        self._record.start_reversal(reversal.case_id, reversal.reversal_id, planned)
        try:
            effect = self._settled(reversal, planned)
        except ActionsUnavailable as why:
            effect = in_doubt(planned, why)
        return self._finish(reversal, effect, last=reconciliation.last)

    def _as_recorded(self, received: ReversalOrder) -> Reversal:
        """The reversal as it is on record. Refuses one that nobody approved, or of another effect."""
        return self._record.approved_reversal(received.case_id, received.reversal_id, undoes=received.undoes)

    def _settled(self, reversal: Reversal, planned: Effect) -> Effect:
        customer_id = customer_of(reversal.undoes)
        found = self._effects.found(planned, REVERSALS[reversal.action].tool, customer_id)
        if found is not None:
            return found
        return self._effects.sent(planned, self._send(reversal, planned, customer_id))

    def _send(self, reversal: Reversal, planned: Effect, customer_id: int) -> Send:
        return partial(
            self._gateway.reverse,
            reversal.action,
            customer_id=customer_id,
            undoes=reversal.undoes,
            key=planned.key,
            reason=reversal_reason(reversal),
            grant=self._record.grant_of(planned.key),
        )

    def _finish(self, reversal: Reversal, effect: Effect, *, last: bool = False) -> Effect:
        self._record.finish_reversal(reversal.case_id, reversal.reversal_id, effect)
        log_effect(effect, last=last)
        return effect
