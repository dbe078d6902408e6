"""Carrying out what a person approved: the only place that holds the way to write."""

import logging

from durabletask import task
from pydantic import JsonValue

from contracts.effect import Effect
from contracts.investigation import ActionOrder, ActionResult
from worker.domain.deciding import planned_effects
from worker.ports.actions import ActionGateway, ActionRefused
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)

NOTHING_TO_REFUND = "There is no charge to refund: the investigation found none."
UNKNOWN = "The customer store did not answer in time: look there under this key before trying again."


class ActionActivities:
    """Effects, each noted before and after it happens, and each under a key that makes it happen at most once."""

    def __init__(self, record: CaseRecord, gateway: ActionGateway) -> None:
        self._record = record
        self._gateway = gateway

    def execute_action(self, _: task.ActivityContext, order: ActionOrder) -> ActionResult:
        """Make every effect of the approved action happen, in order; stop at the first that is refused.

        Raises ActionsUnavailable when the store does not answer: the effect stays pending, and the next attempt
        asks again with the same key.
        """
        effects: list[Effect] = []
        for planned in _planned(order):
            self._record.start_effect(order.case_id, planned)
            finished = self._perform(order, planned)
            self._record.finish_effect(order.case_id, finished)
            log.info("%s: %s.", finished.action, finished.status, extra={"case_id": order.case_id})
            effects.append(finished)
            if finished.status != "done":
                break
        return ActionResult(effects=tuple(effects))

    def give_up_action(self, _: task.ActivityContext, order: ActionOrder) -> ActionResult:
        """After the last attempt: nobody knows what came of the effects that are not done."""
        unknown = tuple(
            planned.model_copy(update={"status": "unknown", "result": {"error": UNKNOWN}})
            for planned in _planned(order)
        )
        for effect in unknown:
            self._record.finish_effect(order.case_id, effect)
        log.error("Gave up on the approved action.", extra={"case_id": order.case_id})
        return ActionResult(effects=unknown)

    def _perform(self, order: ActionOrder, effect: Effect) -> Effect:
        charges = order.refund_charge_ids if effect.action == "refund_charges" else ()
        if effect.action == "refund_charges" and not charges:
            return _failed(effect, NOTHING_TO_REFUND)
        try:
            result: dict[str, JsonValue] = self._gateway.perform(
                effect.action,
                customer_id=order.customer_id,
                key=effect.key,
                reason=_reason(order),
                charge_ids=charges,
            )
        except ActionRefused as refusal:
            return _failed(effect, str(refusal))
        return effect.model_copy(update={"status": "done", "result": result})


def _planned(order: ActionOrder) -> tuple[Effect, ...]:
    assert order.decision.action is not None, "an approval without an action is never bound to a review"
    return planned_effects(order.case_id, order.customer_id, order.decision.action)


def _reason(order: ActionOrder) -> str:
    decision = order.decision
    code = f" ({decision.reason_code})" if decision.reason_code else ""
    return f"{order.case_id}: approved by {decision.decided_by}{code}"


def _failed(effect: Effect, error: str) -> Effect:
    return effect.model_copy(update={"status": "failed", "result": {"error": error}})
