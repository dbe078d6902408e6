"""A real-world effect: at most one per key, whatever crashes."""

from typing import Literal

from contracts.assessment import EffectAction
from contracts.model import Contract, FiniteJson

EffectStatus = Literal["pending", "done", "failed", "unknown"]


class Effect(Contract):
    """`key` is `{case_id}:{action}:{target}`; `result` is the store's own answer, or `{"error": …}`."""

    key: str
    action: EffectAction
    status: EffectStatus
    result: dict[str, FiniteJson] | None = None
