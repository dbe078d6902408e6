"""Carries out one effect at most once, and finds out the result when the store did not answer."""

import logging
from collections.abc import Callable

from pydantic import JsonValue

from contracts.effect import Effect
from worker.domain.orders import orders_before
from worker.ports.actions import ActionGateway, ActionRefused, MayNotWrite, NotGranted

log = logging.getLogger(__name__)

UNKNOWN = (
    "Whether this happened is not known: the customer store did not answer. "
    "Look in its ledger under this key before doing anything by hand."
)
LOOK_FIRST = " Look in the store's ledger under this key before doing anything by hand."
OTHER_EFFECT = "The store's ledger holds something else under this key: compare the two before doing anything by hand."

Send = Callable[[], dict[str, JsonValue]]


class EffectGateway:
    """Sends an effect only when the ledger does not hold it yet."""

    def __init__(self, gateway: ActionGateway) -> None:
        self._gateway = gateway

    def found(self, effect: Effect, tool: str, customer_id: int) -> Effect | None:
        """The effect as the ledger shows it, or None when nothing was done under its key.

        Raises ActionsUnavailable. An entry about something else is an effect that failed.
        """
        entry = self._gateway.look_up(effect.key)
        if entry is None:
            return None
        if (entry.action, entry.customer_id) != (tool, customer_id):
            return failed(effect, OTHER_EFFECT)
        return _done(effect, entry.result)

    def sent(self, effect: Effect, send: Send) -> Effect:
        """The effect after the store has answered. Raises ActionsUnavailable: then nobody knows whether it happened."""
        try:
            result = send()
        except ActionRefused as refusal:
            return failed(effect, str(refusal))
        return _done(effect, result)


def _done(effect: Effect, result: dict[str, JsonValue]) -> Effect:
    already = orders_before(effect.action, result)
    return effect.model_copy(update={"status": "done", "result": result, "already": already})


def failed(effect: Effect, error: str) -> Effect:
    """The effect that did not happen, and why."""
    return effect.model_copy(update={"status": "failed", "result": {"error": error}})


def in_doubt(effect: Effect, why: Exception | None = None) -> Effect:
    """The effect of which nobody knows whether it happened; or that waits, because the worker may not write."""
    if isinstance(why, NotGranted):
        error = str(why)
    else:
        error = f"{why}{LOOK_FIRST}" if isinstance(why, MayNotWrite) else UNKNOWN
    return effect.model_copy(update={"status": "unknown", "result": {"error": error}})


def log_effect(effect: Effect, *, last: bool = False) -> None:
    """Record the result of an effect; log an error when it stays unknown."""
    if effect.status == "unknown" and last:
        why = (effect.result or {}).get("error", UNKNOWN)
        log.error("The result of %s is unknown: %s", effect.key, why)
        return
    level = logging.WARNING if effect.status == "unknown" else logging.INFO
    log.log(level, "%s: %s.", effect.action, effect.status)
