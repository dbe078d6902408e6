"""What the store tells of other orders on the same account or charge. Pure; its answer is data, read field by field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from pydantic import JsonValue, ValidationError

from contracts.actions import LOCK
from contracts.effect import EffectOrder, read_order

EFFECTS_TOOL = "get_account_effects"


@dataclass(frozen=True)
class EarlierRefund:
    """What one order gave back of one charge, and nobody has charged again."""

    amount_minor: int
    order: EffectOrder


def orders_before(action: str, result: Mapping[str, JsonValue]) -> tuple[EffectOrder, ...] | None:
    """The orders that had done the same before, by the store's answer; None: there were none.

    Empty: it was so already, and the store does not say by whom.
    """
    if action != LOCK or result.get("already_locked") is not True:
        return None
    locks = result.get("also_locked_by")
    return tuple(_orders(locks if isinstance(locks, list) else (), at="locked_at"))


def refunds_in(answer: JsonValue) -> dict[str, list[EarlierRefund]]:
    """The refunds that stand, by charge and oldest first, in an answer of the tool; none where it is not legible."""
    listed = answer.get("refunds") if isinstance(answer, dict) else None
    found: dict[str, list[EarlierRefund]] = {}
    for item in listed if isinstance(listed, list) else ():
        if not isinstance(item, dict) or item.get("reversed_at") is not None:
            continue
        charge_id, amount = item.get("charge_id"), item.get("amount_minor")
        order = next(_orders([item], at="refunded_at"), None)
        if isinstance(charge_id, str) and isinstance(amount, int) and order is not None:
            found.setdefault(charge_id, []).append(EarlierRefund(amount, order))
    return found


def _orders(listed: "list[JsonValue] | tuple[()]", at: str) -> Iterator[EffectOrder]:
    for item in listed:
        shown = cast("dict[str, JsonValue]", item) if isinstance(item, dict) else {}
        try:
            since = datetime.fromisoformat(str(shown.get(at)))
            yield read_order(str(shown.get("idempotency_key", "")), since, str(shown.get("reason", "")))
        except (ValueError, ValidationError):
            continue  # It is not told what cannot be read.
