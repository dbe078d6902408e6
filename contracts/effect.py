"""An effect in the customer store: at most one per key, despite crashes."""

from typing import Literal

from contracts.actions import EffectAction, ReversalAction
from contracts.base import Contract, FiniteJson
from contracts.ids import ReviewId
from contracts.money import Money

EffectStatus = Literal["pending", "done", "failed", "unknown"]


class Effect(Contract):
    """`key` is `{case_id}:{action}:{target}`; `result` is the store's own answer, or `{"error": …}`."""

    key: str
    action: EffectAction | ReversalAction
    status: EffectStatus
    result: dict[str, FiniteJson] | None = None


class EffectTerms(Contract):
    """What was approved of an effect, beside its action."""

    review_id: ReviewId
    """The question that was answered."""
    customer_id: int
    refund_charge_ids: tuple[str, ...] = ()
    """Empty for an effect that refunds nothing."""
    refund_total: tuple[Money, ...] | None = None
    """What they added up to; null when that was not known."""
