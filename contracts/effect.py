"""A real-world effect: at most one per key, whatever crashes."""

from typing import Literal

from contracts.assessment import EffectAction
from contracts.model import Contract, FiniteJson

EffectStatus = Literal["pending", "done", "failed", "unknown"]
ReversalAction = Literal["unlock_account", "reverse_refund"]
"""What takes an effect back."""


class Effect(Contract):
    """`key` is `{case_id}:{action}:{target}`; `result` is the store's own answer, or `{"error": …}`."""

    key: str
    action: EffectAction | ReversalAction
    status: EffectStatus
    result: dict[str, FiniteJson] | None = None
