"""A dry run: what the customer store would do now for an action. Nothing is changed, and nothing is promised."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from contracts.base import Contract, UtcDateTime
from contracts.effect import EffectOrder
from contracts.money import Money, as_written
from contracts.refunds import ChosenRefund, total_of

LeftOutReason = Literal["refunded", "part_refunded", "disputed", "unknown"]


class LeftOut(Contract):
    """A charge that cannot be refunded as it is to be."""

    charge_id: str
    why: LeftOutReason
    """`refunded`: nothing of it is left; `part_refunded`: less is left than is to be given back."""
    rest: Money | None = None
    """What is left of it; null where that is nothing."""
    orders: tuple[EffectOrder, ...] = ()
    """What gave it back, oldest first."""


class EffectPreview(Contract):
    """What the store would do now."""

    customer_id: int
    at: UtcDateTime
    locks: bool
    """Whether the account is to be locked."""
    locked_by: tuple[EffectOrder, ...] | None
    """The account is locked already, by these orders; null: it is not."""
    refunds: tuple[ChosenRefund, ...]
    """What would be given back."""
    left_out: tuple[LeftOut, ...]


def preview_sentence(preview: EffectPreview) -> str:
    """What would be done now, as one sentence for the person who is about to approve it."""
    today = preview.at.date()
    clauses = [clause for clause in (_lock_clause(preview, today), _refund_clause(preview)) if clause]
    left_out = [_left_out_clause(each, today) for each in preview.left_out]
    done = " and ".join(clauses) or "changes nothing"
    return f"{done[0].upper()}{done[1:]}{''.join(f'; {each}' for each in left_out)}."


def _lock_clause(preview: EffectPreview, today: date) -> str:
    if not preview.locks:
        return ""
    if preview.locked_by is None:
        return f"locks account {preview.customer_id}"
    by = _who(preview.locked_by, today)
    return (
        f"keeps account {preview.customer_id} locked, which was locked {by}"
        if by
        else (f"keeps account {preview.customer_id} locked, which is locked already")
    )


def _refund_clause(preview: EffectPreview) -> str:
    if not preview.refunds:
        return "refunds nothing" if preview.left_out else ""
    return f"refunds {_charges(len(preview.refunds))}, {_spoken(total_of(each.amount for each in preview.refunds))}"


def _left_out_clause(left_out: LeftOut, today: date) -> str:
    charge, who = f"charge {left_out.charge_id}", _who(left_out.orders, today)
    if left_out.why == "unknown":
        return f"{charge} is not a charge of the account and is left out"
    if left_out.why == "disputed":
        return f"{charge} is disputed and is left out"
    if left_out.rest is None:
        return f"{charge} was refunded{f' {who}' if who else ' already'} and is left out"
    since = f", refunded in part {who}" if who else ""
    return f"of {charge} only {_spoken([left_out.rest])} are left{since}: it is left out"


def _who(orders: Iterable[EffectOrder], today: date) -> str:
    return " and ".join(f"{_day(order.at, today)} by {order.by}" for order in orders)


def _day(at: datetime, today: date) -> str:
    days = {today: "today", today - timedelta(days=1): "yesterday"}
    return days.get(at.date(), f"on {at:%Y-%m-%d}")


def _charges(count: int) -> str:
    return "1 charge" if count == 1 else f"{count} charges"


def _spoken(total: Iterable[Money]) -> str:
    return " and ".join(map(as_written, total))
