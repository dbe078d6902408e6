"""Parses the amount and currency of a transaction. Nothing is guessed; an unreadable form is named."""

import re
from decimal import Decimal
from typing import NamedTuple, cast, get_args

from contracts.money import NUMERIC_CURRENCIES, minor_digits, to_minor_unit
from contracts.telemetry import TransactionType
from contracts.telemetry_numbers import is_plain

AMOUNT_FORM = "write digits with a point before the decimals and nothing else, such as 5000.00"
CURRENCY_FORM = "write the three letters or digits of ISO 4217, such as EUR or 978"

_MAX_EXPONENT = 18
_TYPES: tuple[TransactionType, ...] = get_args(TransactionType)


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


class ReadAmount(NamedTuple):
    """An amount without its sign."""

    amount: Decimal
    """To its currency's decimals, where it has more."""
    is_another: bool
    """Whether rounding changed it."""
    is_negative: bool


def amount_of(given: float | str, currency: str) -> ReadAmount | None:
    """The amount; None for one that is too large to be one. Raises NoMoney."""
    if not is_plain(str(given)):
        # "5,000" is five thousand to one sender and five to another.
        raise NoMoney(f"attributes.amount: {str(given)[:40]!r} is not read; {AMOUNT_FORM}")
    signed = Decimal(str(given).strip())
    if not signed.is_finite() or signed.adjusted() > _MAX_EXPONENT:
        return None
    amount = shown = signed.copy_abs()
    if -cast("int", amount.as_tuple().exponent) > minor_digits(currency):
        shown = to_minor_unit(amount, currency)
    return ReadAmount(shown, shown != amount, signed < 0)


def type_of(given: object) -> TransactionType | None:
    """The type of a transaction in any spelling; None where it names none."""
    word = given.strip().lower() if isinstance(given, str) else None
    return next((each for each in _TYPES if each == word), None)
