"""What is given back of charges, and charged again. The row of a charge says how much of it was given back."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime

from contracts.effect import EffectOrder, read_order
from contracts.money import Money
from contracts.preview import LeftOut, LeftOutReason
from contracts.refunds import ChosenRefund
from mcp_server.records.charge import Charge
from mcp_server.records.effect import ChargeRefund, RefundedCharge
from mcp_server.store.errors import ChargeAlreadyRefunded, ChargeNotFound, RefundTotalChanged, SpentCharge
from mcp_server.store.sqlite.rows import insert, instant_text, select

_REFUNDS = """
SELECT refund.charge_id, refund.amount_minor, charge.currency, refund.idempotency_key, done.arguments,
       refund.refunded_at, undone.at
FROM refund
JOIN charge ON charge.charge_id = refund.charge_id
JOIN effect AS done ON done.idempotency_key = refund.idempotency_key
LEFT JOIN effect AS undone ON undone.idempotency_key = refund.reversed_by
"""


def give_back(
    connection: sqlite3.Connection,
    customer_id: int,
    wanted: Mapping[str, int | None],
    key: str,
    now: datetime,
    expected: Iterable[Money] | None = None,
) -> tuple[RefundedCharge, ...]:
    """Give back these amounts of these charges, None: all that is left; of all of them, or of none.

    Raises `ChargeNotFound`, `ChargeAlreadyRefunded` with every charge of which less is left, or nothing, and
    `RefundTotalChanged` for another total than the expected one.
    """
    charges = [_charge(connection, customer_id, charge_id) for charge_id in wanted]
    parts = [(charge, wanted[charge.charge_id] or charge.rest_minor) for charge in charges]
    spent = [charge for charge, part in parts if part > charge.rest_minor or not part]
    found = _sums((charge.currency, part) for charge, part in parts)
    approved = found if expected is None else _sums((money.currency, money.amount_minor) for money in expected)
    if found != approved:
        # Less is left of these than was expected.
        spent = spent or [charge for charge in charges if charge.refunded_minor and wanted[charge.charge_id] is None]
    if spent:
        raise ChargeAlreadyRefunded([spent_charge(connection, charge) for charge in spent])
    if found != approved:
        raise RefundTotalChanged(found, approved)
    return tuple(_give_back(connection, charge, amount, key, now) for charge, amount in parts)


def charge_again(connection: sqlite3.Connection, refund_key: str, reversal_key: str) -> None:
    """Count what the refund gave back as charged again: a later order may give it back."""
    rows = connection.execute(
        "SELECT charge_id, amount_minor FROM refund WHERE idempotency_key = ? AND reversed_by IS NULL", (refund_key,)
    ).fetchall()
    for charge_id, amount in rows:
        connection.execute(
            "UPDATE charge SET refunded_minor = refunded_minor - ?, "
            "status = CASE status WHEN 'refunded' THEN 'posted' ELSE status END WHERE charge_id = ?",
            (amount, charge_id),
        )
    connection.execute(
        "UPDATE refund SET reversed_by = ? WHERE idempotency_key = ? AND reversed_by IS NULL",
        (reversal_key, refund_key),
    )


def refunds_of_customer(connection: sqlite3.Connection, customer_id: int) -> tuple[ChargeRefund, ...]:
    """What orders gave back to a customer, oldest first."""
    rows = connection.execute(f"{_REFUNDS} WHERE charge.customer_id = ? ORDER BY refund.rowid", (customer_id,))
    return tuple(map(_refund, rows.fetchall()))


def spent_charge(connection: sqlite3.Connection, charge: Charge) -> SpentCharge:
    """A charge of which something was given back, and by which orders."""
    rows = connection.execute(
        f"{_REFUNDS} WHERE refund.charge_id = ? AND refund.reversed_by IS NULL ORDER BY refund.rowid",
        (charge.charge_id,),
    )
    return SpentCharge(
        charge_id=charge.charge_id,
        amount_minor=charge.amount_minor,
        rest_minor=charge.rest_minor,
        currency=charge.currency,
        orders=tuple(_order(_refund(row)) for row in rows.fetchall()),
    )


def preview_refunds(
    connection: sqlite3.Connection, customer_id: int, wanted: Mapping[str, int | None]
) -> tuple[tuple[ChosenRefund, ...], tuple[LeftOut, ...]]:
    """What of these charges would be given back now, and which of them cannot be."""
    refunds: list[ChosenRefund] = []
    left_out: list[LeftOut] = []
    for charge_id, amount in wanted.items():
        try:
            charge = _charge(connection, customer_id, charge_id)
        except ChargeNotFound:
            left_out.append(LeftOut(charge_id=charge_id, why="unknown"))
            continue
        rest = Money(amount_minor=charge.rest_minor, currency=charge.currency)
        part = rest if amount is None else rest.model_copy(update={"amount_minor": amount})
        if charge.status == "disputed":
            left_out.append(LeftOut(charge_id=charge_id, why="disputed", rest=rest))
        elif not 0 < part.amount_minor <= rest.amount_minor:
            orders, some = spent_charge(connection, charge).orders, rest.amount_minor > 0
            why: LeftOutReason = "part_refunded" if some else "refunded"
            left_out.append(LeftOut(charge_id=charge_id, why=why, rest=rest if some else None, orders=orders))
        else:
            refunds.append(ChosenRefund(charge_id=charge_id, amount=part))
    return tuple(refunds), tuple(left_out)


def _charge(connection: sqlite3.Connection, customer_id: int, charge_id: str) -> Charge:
    tail = "WHERE charge_id = ? AND customer_id = ?"
    found = select(connection, Charge, "charge", tail, (charge_id, customer_id))
    if not found:
        raise ChargeNotFound(charge_id, customer_id)
    return found[0]


def _give_back(connection: sqlite3.Connection, charge: Charge, amount: int, key: str, now: datetime) -> RefundedCharge:
    rest = charge.rest_minor - amount
    status = charge.status if rest else "refunded"
    connection.execute(
        "UPDATE charge SET refunded_minor = refunded_minor + ?, status = ? WHERE charge_id = ?",
        (amount, status, charge.charge_id),
    )
    row = {
        "charge_id": charge.charge_id,
        "idempotency_key": key,
        "amount_minor": amount,
        "refunded_at": instant_text(now),
    }
    insert(connection, "refund", [row])
    return RefundedCharge(
        charge_id=charge.charge_id, amount_minor=amount, currency=charge.currency, rest_minor=rest or None
    )


def _refund(row: tuple[str, int, str, str, str, str, str | None]) -> ChargeRefund:
    charge_id, amount, currency, key, arguments, refunded_at, reversed_at = row
    return ChargeRefund(
        charge_id=charge_id,
        amount_minor=amount,
        currency=currency,
        idempotency_key=key,
        reason=str(json.loads(arguments).get("reason", "")),
        refunded_at=datetime.fromisoformat(refunded_at),
        reversed_at=None if reversed_at is None else datetime.fromisoformat(reversed_at),
    )


def _sums(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for currency, amount in amounts:
        sums[currency] = sums.get(currency, 0) + amount
    return dict(sorted(sums.items()))


def _order(refund: ChargeRefund) -> EffectOrder:
    return read_order(refund.idempotency_key, refund.refunded_at, refund.reason)
