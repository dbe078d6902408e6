"""The `ActionGateway` port over MCP: the one session that may write."""

from collections.abc import Sequence
from functools import partial

from pydantic import JsonValue

from contracts.assessment import EffectAction
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_session import McpSession, Overdue, Unreachable
from worker.ports.actions import ActionRefused, ActionsUnavailable

TIMEOUT_S = 30.0


class McpActionGateway:
    """Writes through a session that carries the write token."""

    def __init__(self, session: McpSession, loop: ClientLoop) -> None:
        self._session = session
        self._loop = loop

    def perform(
        self, action: EffectAction, *, customer_id: int, key: str, reason: str, charge_ids: Sequence[str] = ()
    ) -> dict[str, JsonValue]:
        """Do it, or return the first result of `key`. Raises ActionRefused or ActionsUnavailable."""
        arguments: dict[str, JsonValue] = {"customer_id": customer_id, "reason": reason, "idempotency_key": key}
        if action == "refund_charges":
            arguments["charge_ids"] = list(charge_ids)
        try:
            reply = self._loop.call(partial(self._session.call, action, arguments, TIMEOUT_S))
        except Unreachable:
            raise ActionsUnavailable("The customer store could not be reached.") from None
        except Overdue:
            raise ActionsUnavailable(f"The customer store did not answer within {TIMEOUT_S:g} seconds.") from None
        if reply.error is not None:
            if reply.fault == "refused":
                raise ActionRefused(reply.error)
            raise ActionsUnavailable("The customer store is out of order.")
        return reply.result if isinstance(reply.result, dict) else {"answer": reply.result}
