"""Parses the amount and currency of a transaction. Nothing is guessed; an unreadable form is named."""

import re
from decimal import Decimal, InvalidOperation
from typing import cast

from contracts.money import NUMERIC_CURRENCIES, minor_digits, to_minor_unit

AMOUNT_FORM = "write digits with a point before the decimals and nothing else, such as 5000.00"
CURRENCY_FORM = "write the three letters or digits of ISO 4217, such as EUR or 978"

_MAX_EXPONENT = 18


class NoMoney(ValueError):
    """The value has no one meaning; the message is one phrase that says which form has."""


def currency_of(given: object) -> object:
    """The letters of ISO 4217 for its letters or digits in any spelling; what is no text or number as it is.

    Raises NoMoney.
    """
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str):
        return given
    spelt = given.strip().upper()
    if spelt.isascii() and spelt.isdigit() and len(spelt) <= 3:
        spelt = NUMERIC_CURRENCIES.get(spelt.zfill(3), spelt)
    if re.fullmatch("[A-Z]{3}", spelt) is None:
        raise NoMoney(f"attributes.currency: {given[:40]!r} is not read; {CURRENCY_FORM}")
    return spelt


def negative(given: float | str | Decimal) -> Decimal | None:
    """What is given back, where the amount is below zero: as many systems write a refund."""
    try:
        amount = Decimal(str(given).strip())
    except InvalidOperation:
        return None
    return -amount if amount.is_finite() and amount < 0 else None


def rounded(given: float | str, currency: str) -> tuple[Decimal, bool] | None:
    """The amount to its currency's decimals where it has more, and whether it is another then. Raises NoMoney."""
    try:
        amount = Decimal(str(given).strip())
    except InvalidOperation:
        # "5,000" is five thousand to one sender and five to another.
        raise NoMoney(f"attributes.amount: {str(given)[:40]!r} is not read; {AMOUNT_FORM}") from None
    if not amount.is_finite() or amount.adjusted() > _MAX_EXPONENT:
        return None
    if -cast("int", amount.as_tuple().exponent) <= minor_digits(currency):
        return None
    shown = to_minor_unit(amount, currency)
    return shown, shown != amount
