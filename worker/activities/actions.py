"""Carries out an approved action."""

import logging
from functools import partial
from typing import cast

from durabletask import task

from casebook.errors import NotApproved
from contracts.actions import ACTIONS, EFFECTS, REFUNDS, EffectAction, action_of, recommended
from contracts.effect import Effect, EffectTerms, order_reason
from contracts.investigation import ActionOrder, ActionResult, FactCheck, Reconciliation
from contracts.refunds import chosen_amounts
from worker.activities.effects import OTHER_EFFECT, EffectGateway, failed, in_doubt, log_effect
from worker.activities.facts import FactActivities
from worker.domain.decisions import planned_effects
from worker.domain.facts import is_refund_of, order_for
from worker.ports.actions import ActionGateway, ActionsUnavailable
from worker.ports.record import CaseRecord
from worker.ports.tools import ToolsUnavailable

log = logging.getLogger(__name__)

NOTHING_TO_REFUND = "There is no charge to refund: the investigation found none."
NO_LONGER_HOLDS = "It was not sent once more, because what was approved no longer holds. "


class ActionActivities:
    """Effects, each noted before and after it happens, and each under a key that makes it happen at most once.

    Before anything is sent the store's ledger is read: what lies there is done, and what does not may be sent, for
    the first time or again, under the same key.
    """

    def __init__(self, record: CaseRecord, gateway: ActionGateway, facts: FactActivities) -> None:
        self._record = record
        self._gateway = gateway
        self._effects = EffectGateway(gateway)
        self._facts = facts

    def execute_action(self, _: task.ActivityContext, order: ActionOrder) -> ActionResult:
        """Make every effect of the approved action happen, in order; stop at the first that is refused.

        Raises ActionsUnavailable when the store does not answer: the effect stays pending, and the next attempt
        reads the ledger before it asks again.
        """
        effects: list[Effect] = []
        received, (order, effects_to_do) = order, self._as_recorded(order)
        for planned in effects_to_do:
            self._record.start_effect(order.case_id, planned, _terms(received, planned))
            finished = self._found(order, planned) or self._sent(order, planned)
            self._finish(order, finished)
            effects.append(finished)
            if finished.status != "done":
                break
        return ActionResult(effects=tuple(effects))

    def reconcile_action(self, _: task.ActivityContext, reconciliation: Reconciliation) -> ActionResult:
        """Find out the result of the effects in doubt, and send those that are not in the ledger.

        What the approval relied on is checked before anything is sent once more. An effect is `unknown` as long
        as the store does not answer.
        """
        received, effects = reconciliation.order, list[Effect]()
        order, effects_to_do = self._as_recorded(received)
        for planned in effects_to_do:
            self._record.start_effect(order.case_id, planned, _terms(received, planned))
            effect = self._settled(order, planned)
            self._finish(order, effect, last=reconciliation.last)
            effects.append(effect)
            if effect.status != "done":
                break
        return ActionResult(effects=tuple(effects))

    def _as_recorded(self, order: ActionOrder) -> tuple[ActionOrder, tuple[Effect, ...]]:
        """What was decided on the review that the order names, as it is on record. Refuses when nothing was."""
        approved = self._record.approved_action(order.case_id, order.decision.review_id)
        action = approved.decision.action
        if action is None or action != order.decision.action:
            raise NotApproved(order.case_id, order.decision.action or "anything")
        whole = order_for(order.case_id, approved.customer_id, approved.assessment, approved.decision)
        return whole, planned_effects(approved.keys, recommended(action))

    def _settled(self, order: ActionOrder, planned: Effect) -> Effect:
        try:
            found = self._found(order, planned)
            if found is not None:
                return found
            facts = _facts_of(order, planned)
            changes = self._facts.read(facts).changes if facts else ()
            if changes:
                return failed(planned, NO_LONGER_HOLDS + " ".join(changes))
            return self._sent(order, planned)
        except (ActionsUnavailable, ToolsUnavailable) as why:
            return in_doubt(planned, why)

    def _found(self, order: ActionOrder, planned: Effect) -> Effect | None:
        found = self._effects.found(planned, EFFECTS[_action(planned)].tool, order.customer_id)
        if found is None or found.status != "done" or planned.action not in REFUNDS or is_refund_of(order, found):
            return found
        return failed(planned, OTHER_EFFECT)

    def _sent(self, order: ActionOrder, planned: Effect) -> Effect:
        refunds = planned.action in REFUNDS
        charges = order.refund_charge_ids if refunds else ()
        if refunds and not charges:
            return failed(planned, NOTHING_TO_REFUND)
        send = partial(
            self._gateway.perform,
            _action(planned),
            customer_id=order.customer_id,
            key=planned.key,
            reason=_reason(order),
            charge_ids=charges,
            expected_total=order.refund_total if charges else None,
            amounts=chosen_amounts(order.decision.refunds) if charges else None,
            grant=self._record.grant_of(planned.key),
        )
        return self._effects.sent(planned, send)

    def _finish(self, order: ActionOrder, effect: Effect, *, last: bool = False) -> None:
        self._record.finish_effect(order.case_id, effect)
        log_effect(effect, last=last)


def _action(planned: Effect) -> EffectAction:
    return cast("EffectAction", planned.action)


def _facts_of(order: ActionOrder, planned: Effect) -> FactCheck | None:
    """What must still hold for `planned` and what comes after it: what comes before is done by then."""
    if order.facts is None:
        return None
    effects = ACTIONS[order.facts.action].effects
    return order.facts.model_copy(update={"action": action_of(effects[effects.index(_action(planned)) :])})


def _terms(received: ActionOrder, planned: Effect) -> EffectTerms:
    """The order's terms of an effect, which are compared with the approval."""
    refunds = planned.action in REFUNDS
    return EffectTerms(
        review_id=received.decision.review_id,
        customer_id=received.customer_id,
        refund_charge_ids=received.refund_charge_ids if refunds else (),
        refund_total=received.refund_total if refunds else None,
        refunds=received.decision.refunds if refunds else None,
    )


def _reason(order: ActionOrder) -> str:
    return order_reason(order.case_id, order.decision.decided_by, order.decision.reason_code)
