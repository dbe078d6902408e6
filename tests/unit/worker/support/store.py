"""A customer store with one customer, a ledger, and faults before or after it does what it is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from contracts.actions import REVERSALS, EffectAction, ReversalAction
from contracts.money import Money
from worker.ports.actions import ActionRefused, ActionsUnavailable, LedgerEntry
from worker.ports.tools import ToolDescription, ToolInvocation, ToolOutcome, ToolsUnavailable

CUSTOMER = 7
LOCKED_AT = "2026-03-02T13:00:00Z"
REFUNDED_AT = "2026-03-02T14:00:00Z"

Fault = Literal["before", "after", "refuses"]
"""Nobody answers: before anything was done, or after it was done. Or it says no."""


def a_charge(charge_id: str, amount_minor: int = 1_500, **changes: JsonValue) -> dict[str, JsonValue]:
    return {"charge_id": charge_id, "amount_minor": amount_minor, "currency": "EUR", "status": "posted", **changes}


def a_refund(charge_id: str, amount_minor: int = 1_500, **changes: JsonValue) -> dict[str, JsonValue]:
    """What another case gave back, as `get_account_effects` lists it."""
    return {
        "charge_id": charge_id,
        "amount_minor": amount_minor,
        "currency": "EUR",
        "idempotency_key": f"case-2:refund_charges:{CUSTOMER}",
        "reason": "case-2: approved by ben",
        "refunded_at": REFUNDED_AT,
        "reversed_at": None,
        **changes,
    }


@dataclass
class FakeStore:
    """Fulfils the ports `ActionGateway` and `ToolBox`."""

    lock: str | None = None
    """The reason of the lock that lies on the account."""
    charges: list[dict[str, JsonValue]] = field(default_factory=list[dict[str, JsonValue]])
    refunds: list[dict[str, JsonValue]] = field(default_factory=list[dict[str, JsonValue]])
    faults: list[Fault | None] = field(default_factory=list[Fault | None])
    """What happens to the next writes, None: all goes well; then all goes well."""
    reads_fail: int = 0
    """How many of the next reads get no answer."""
    tool_errors: bool = False
    lacks: set[str] = field(default_factory=set[str])
    """Tools that it does not have."""
    ledger: dict[str, LedgerEntry] = field(default_factory=dict[str, LedgerEntry])
    asked: list[str] = field(default_factory=list[str])
    """Every call, in order: `look_up`, the tool's name, and the key or customer."""
    refunded: list[str] = field(default_factory=list[str])
    expected_totals: list[Sequence[Money] | None] = field(default_factory=list["Sequence[Money] | None"])
    """What each refund had to add up to."""
    amounts: list[Mapping[str, int] | None] = field(default_factory=list["Mapping[str, int] | None"])
    """How much of each charge was to be refunded."""

    def look_up(self, key: str) -> LedgerEntry | None:
        self.asked.append(f"look_up {key}")
        self._refuse_to_read(ActionsUnavailable("The customer store could not be reached."))
        return self.ledger.get(key)

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
        if action == "refund_charges":
            self.expected_totals.append(expected_total)
            self.amounts.append(amounts)
        return self._write(action, customer_id, key, reason, list(charge_ids))

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
        return self._write(REVERSALS[action].tool, customer_id, key, reason, [undoes])

    def describe(self) -> tuple[ToolDescription, ...]:
        return ()

    def invoke(self, calls: Sequence[ToolInvocation], timeout_s: float) -> tuple[ToolOutcome, ...]:
        assert not any(call.shareable for call in calls), "an answer that was asked for earlier may be out of date"
        self.asked += [f"{call.tool} {call.arguments['customer_id']}" for call in calls]
        self._refuse_to_read(ToolsUnavailable("The tool server could not be reached."))
        if self.tool_errors:
            return tuple(ToolOutcome(ok=False, result={"error": "It failed."}) for _ in calls)
        return tuple(ToolOutcome(ok=call.tool not in self.lacks, result=self._answer(call.tool)) for call in calls)

    @property
    def writes(self) -> list[str]:
        """The calls that were sent to change something."""
        return [call for call in self.asked if not call.startswith(("look_up", "get_"))]

    def customer(self) -> dict[str, JsonValue]:
        """The profile as `get_customer` answers it."""
        if self.lock is None:
            return {"customer_id": CUSTOMER, "status": "active", "locked_at": None, "lock_reason": None}
        return {"customer_id": CUSTOMER, "status": "locked", "locked_at": LOCKED_AT, "lock_reason": self.lock}

    def recent_charges(self) -> dict[str, JsonValue]:
        """The charges as `get_recent_charges` answers them."""
        return {"customer_id": CUSTOMER, "charges": list[JsonValue](self.charges)}

    def _answer(self, tool: str) -> JsonValue:
        if tool == "get_account_effects":
            return {"customer_id": CUSTOMER, "refunds": list[JsonValue](self.refunds)}
        return self.customer() if tool == "get_customer" else self.recent_charges()

    def _refuse_to_read(self, fault: Exception) -> None:
        if self.reads_fail:
            self.reads_fail -= 1
            raise fault

    def _write(self, tool: str, customer_id: int, key: str, reason: str, what: list[str]) -> dict[str, JsonValue]:
        self.asked.append(" ".join([tool, key, *(what if tool == "unlock_account" else ())]))
        fault = self.faults.pop(0) if self.faults else None
        if fault == "refuses":
            raise ActionRefused("The store does not want to.")
        if fault == "before":
            raise ActionsUnavailable("The customer store could not be reached.")
        if key not in self.ledger:
            told = self._told(tool)
            self._do(tool, reason, what)
            result: dict[str, JsonValue] = {"customer_id": customer_id, "reason": reason, **told}
            self.ledger[key] = LedgerEntry(action=tool, customer_id=customer_id, result=result)
        if fault == "after":
            raise ActionsUnavailable("The customer store did not answer within 30 seconds.")
        return self.ledger[key].result

    def _told(self, tool: str) -> dict[str, JsonValue]:
        if tool != "lock_account" or self.lock is None:
            return {}
        before: JsonValue = {"idempotency_key": "another", "reason": self.lock, "locked_at": LOCKED_AT}
        return {"already_locked": True, "also_locked_by": [before]}

    def _do(self, tool: str, reason: str, what: list[str]) -> None:
        if tool == "lock_account":
            self.lock = self.lock or reason
        elif tool == "unlock_account":
            self.lock = None
        elif tool == "refund_charges":
            self.refunded += what
            for charge in self.charges:
                if charge["charge_id"] in what:
                    charge["status"] = "refunded"
