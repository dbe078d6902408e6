"""An effect in the customer store: at most one per key, despite crashes, and none twice on the same thing."""

import re
from typing import Annotated, Literal

from pydantic import Field

from contracts.actions import EffectAction, ReversalAction
from contracts.base import Contract, FiniteJson, UtcDateTime, added_later
from contracts.ids import CaseId, ReviewId
from contracts.money import Money
from contracts.refunds import ChosenRefunds

EffectStatus = Literal["pending", "done", "failed", "unknown"]

_REASON = re.compile(r"(case-[A-Za-z0-9][A-Za-z0-9_.-]{0,99}): approved by (.{1,200}?)(?: \([a-z][a-z0-9_]{1,63}\))?")


class EffectOrder(Contract):
    """An order of the customer store, as others are told of it: for which case, by whose approval, since when."""

    key: Annotated[str, Field(max_length=400)]
    """Under which it was ordered."""
    at: UtcDateTime
    case_id: CaseId | None = None
    """Null: it was not ordered for a case."""
    approved_by: str | None = None

    @property
    def by(self) -> str:
        """Who it was, within a sentence: the case and the person, or else the key."""
        if self.case_id is None:
            return f"an order of no case (under the key '{self.key}')"
        return f"{self.case_id}, approved by {self.approved_by}"

    @property
    def spoken(self) -> str:
        """Since when, and who it was, within a sentence."""
        return f"{self.at:%Y-%m-%dT%H:%M:%SZ} by {self.by}"


class Effect(Contract):
    """`key` names one order, and `result` is the store's own answer, or `{"error": …}`.

    `key` is `{case_id}:{action}:{target}`, and `{case_id}:{action}:{target}:{n}` from the second order of a case on:
    it makes a repeated order the same one. That two orders do not meet twice on a charge or an account is up to the
    store, whatever their keys.
    """

    key: str
    action: EffectAction | ReversalAction
    status: EffectStatus
    result: dict[str, FiniteJson] | None = None
    already: tuple[EffectOrder, ...] | None = added_later()
    """Of one that is done: it was so already, by these orders, oldest first. This one keeps it so as well."""


class EffectTerms(Contract):
    """What was approved of an effect, beside its action."""

    review_id: ReviewId
    """The question that was answered."""
    customer_id: int
    refund_charge_ids: tuple[str, ...] = ()
    """Empty for an effect that refunds nothing."""
    refund_total: tuple[Money, ...] | None = None
    """What they added up to; null when that was not known."""
    refunds: ChosenRefunds | None = added_later()
    """What of each charge was chosen."""


def order_reason(case_id: str, approved_by: str, reason_code: str | None) -> str:
    """What the store keeps as the reason of an order. A repeated order must have the same, so this never changes."""
    code = f" ({reason_code})" if reason_code else ""
    return f"{case_id}: approved by {approved_by}{code}"


def read_order(key: str, at: UtcDateTime, reason: str) -> EffectOrder:
    """The order with this reason: for whom it was, where it says so as `order_reason` does."""
    said = _REASON.fullmatch(reason)
    if said is None:
        return EffectOrder(key=key, at=at)
    return EffectOrder(key=key, at=at, case_id=said[1], approved_by=said[2])
