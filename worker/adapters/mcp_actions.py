"""The `ActionGateway` port over MCP: the one session that may act."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial

from pydantic import JsonValue, ValidationError

from contracts.actions import WRITE_TOOLS, EffectAction, ReversalAction
from contracts.grants import GRANT_KEY
from contracts.money import Money
from contracts.write_calls import WriteCall, effect_call, reversal_call
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_session import (
    AccessRefused,
    EndlessListing,
    Incompatible,
    McpSession,
    NotAsked,
    Overdue,
    Unreachable,
)
from worker.ports.actions import ActionRefused, ActionsUnavailable, LedgerEntry, MayNotWrite, NotGranted

TIMEOUT_S = 30.0
UNREACHABLE = "The customer store could not be reached."
OUT_OF_ORDER = "The customer store is out of order."
MAY_NOT_WRITE = (
    "The tool server at {where} does not let this worker call {tool}: give the worker a key that the tool server knows "
    "with the scope 'act' (MCP_CALLER_KEY), or its identity the role 'tools.act'."
)
NOT_GRANTED = (
    "The approval of {tool} is not yet confirmed to the tool server at {where} ({why}): it is sent again, and nothing "
    "was done."
)
NOT_SIGNED = "the backend has not signed it yet"

log = logging.getLogger(__name__)


class McpActionGateway:
    """Writes through a session whose tokens have the scope `act`."""

    def __init__(self, session: McpSession, loop: ClientLoop) -> None:
        self._session = session
        self._loop = loop

    def check_access(self) -> None:
        """Say in the log when this worker could carry out nothing that is approved. Raises ActionsUnavailable."""
        try:
            shown = {tool.name for tool in self._loop.call(self._session.list_tools)}
        except AccessRefused:
            shown = set[str]()
        except (Unreachable, Incompatible, EndlessListing) as error:
            raise ActionsUnavailable(str(error) or UNREACHABLE) from None
        hidden = sorted(WRITE_TOOLS - shown)
        if hidden:
            log.error("%s", MAY_NOT_WRITE.format(where=self._session.where, tool=" or ".join(hidden)))

    def look_up(self, key: str) -> LedgerEntry | None:
        """The ledger's row of `key`, or None. Raises ActionsUnavailable, also for a row that cannot be read."""
        try:
            row = self._call("get_effect", {"idempotency_key": key})
        except ActionRefused:
            raise ActionsUnavailable(OUT_OF_ORDER) from None
        if isinstance(row, dict) and row.keys() == {"result"}:
            row = row["result"]  # MCP wraps an answer that may be null
        return None if row is None else _entry(row)

    def perform(
        self,
        action: EffectAction,
        *,
        customer_id: int,
        key: str,
        reason: str,
        charge_ids: Sequence[str] = (),
        expected_total: Sequence[Money] | None = None,
        amounts: Mapping[str, int] | None = None,
        grant: str | None = None,
    ) -> dict[str, JsonValue]:
        """Do it, or return the first result of `key`. Raises ActionRefused or ActionsUnavailable."""
        call = effect_call(
            action,
            customer_id=customer_id,
            key=key,
            reason=reason,
            charge_ids=charge_ids,
            expected_total=expected_total,
            amounts=amounts,
        )
        return self._write(call, grant)

    def reverse(
        self,
        action: ReversalAction,
        *,
        customer_id: int,
        undoes: str,
        key: str,
        reason: str,
        grant: str | None = None,
    ) -> dict[str, JsonValue]:
        """Reverse the effect made under the key `undoes`. Raises ActionRefused or ActionsUnavailable."""
        call = reversal_call(action, customer_id=customer_id, undoes=undoes, key=key, reason=reason)
        return self._write(call, grant)

    def _write(self, call: WriteCall, grant: str | None) -> dict[str, JsonValue]:
        result = self._call(call.tool, call.arguments, None if grant is None else {GRANT_KEY: grant})
        return result if isinstance(result, dict) else {"answer": result}

    def _call(
        self, tool: str, arguments: Mapping[str, JsonValue], meta: Mapping[str, JsonValue] | None = None
    ) -> JsonValue:
        try:
            reply = self._loop.call(partial(self._session.call, tool, arguments, TIMEOUT_S, meta))
        except AccessRefused:
            raise self._may_not(tool) from None
        except NotAsked as error:
            log.error("%s", error)
            raise MayNotWrite(str(error)) from None
        except Unreachable:
            raise ActionsUnavailable(UNREACHABLE) from None
        except Incompatible as error:
            raise ActionsUnavailable(str(error)) from None
        except Overdue:
            raise ActionsUnavailable(f"The customer store did not answer within {TIMEOUT_S:g} seconds.") from None
        if reply.error is not None:
            if reply.fault == "refused":
                raise ActionRefused(reply.error)
            if reply.fault == "no-access":
                raise self._may_not(tool)
            if reply.fault == "no-grant":
                raise self._not_granted(tool, reply.error if meta else None)
            raise ActionsUnavailable(OUT_OF_ORDER)
        return reply.result

    def _not_granted(self, tool: str, why: str | None) -> NotGranted:
        """`why`: what the server has against the grant; None: there was none to show."""
        clause = NOT_SIGNED if why is None else why.rstrip(".")
        sentence = NOT_GRANTED.format(where=self._session.where, tool=tool, why=clause)
        log.log(logging.WARNING if why is None else logging.ERROR, "%s", sentence)
        return NotGranted(sentence)

    def _may_not(self, tool: str) -> MayNotWrite:
        sentence = MAY_NOT_WRITE.format(where=self._session.where, tool=tool)
        log.error("%s", sentence)
        return MayNotWrite(sentence)


def _entry(row: JsonValue) -> LedgerEntry:
    shown = {name: row.get(name) for name in LedgerEntry.model_fields} if isinstance(row, dict) else row
    try:
        return LedgerEntry.model_validate(shown)
    except ValidationError:
        raise ActionsUnavailable(OUT_OF_ORDER) from None
