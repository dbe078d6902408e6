"""The real customer store behind the worker's ports, without the network in between."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, JsonValue

from contracts.actions import EFFECTS, REFUNDS, REVERSALS, EffectAction, ReversalAction
from contracts.money import Money
from mcp_server.store.customer_store import CustomerStore
from mcp_server.store.errors import Refused, StoreUnavailable
from mcp_server.tools.billing import BillingTools
from mcp_server.tools.customers import CustomerTools
from mcp_server.tools.effects import EffectTools
from mcp_server.tools.security import SecurityTools
from worker.ports.actions import ActionRefused, ActionsUnavailable, LedgerEntry
from worker.ports.tools import ToolDescription, ToolInvocation, ToolOutcome


class RealStore:
    """Fulfils the ports `ActionGateway` and `ToolBox` by the tools that a tool server offers."""

    def __init__(self, store: CustomerStore) -> None:
        self._tools = (CustomerTools(store), BillingTools(store), SecurityTools(store), EffectTools(store))

    def look_up(self, key: str) -> LedgerEntry | None:
        row = self._call("get_effect", {"idempotency_key": key})
        if row is None:
            return None
        return LedgerEntry.model_validate({name: row[name] for name in LedgerEntry.model_fields})

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
        refund = {"charge_ids": list(charge_ids), "expected_total": expected_total, "amounts": amounts}
        more = refund if action in REFUNDS else {}
        return self._write(EFFECTS[action].tool, customer_id, key, reason, more)

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
        spec = REVERSALS[action]
        return self._write(spec.tool, customer_id, key, reason, {spec.undone_key: undoes})

    def describe(self) -> tuple[ToolDescription, ...]:
        return ()

    def invoke(self, calls: Sequence[ToolInvocation], timeout_s: float) -> tuple[ToolOutcome, ...]:
        return tuple(ToolOutcome(ok=True, result=self._call(call.tool, call.arguments)) for call in calls)

    def _write(
        self, tool: str, customer_id: int, key: str, reason: str, more: Mapping[str, Any]
    ) -> dict[str, JsonValue]:
        return self._call(tool, {"customer_id": customer_id, "reason": reason, "idempotency_key": key, **more})

    def _call(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        method = next(getattr(tools, tool) for tools in self._tools if hasattr(tools, tool))
        try:
            answer: BaseModel | None = method(**arguments)
        except Refused as refusal:
            raise ActionRefused(str(refusal)) from None
        except StoreUnavailable as fault:
            raise ActionsUnavailable(str(fault)) from None
        return None if answer is None else answer.model_dump(mode="json")
