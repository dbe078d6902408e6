"""Amounts of money, exact, and how people write them."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import Field

from contracts.model import Contract

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

USUAL_MINOR_DIGITS = 2

_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
OTHER_MINOR_DIGITS: Mapping[str, int] = {code: digits for digits, codes in _OTHERS.items() for code in codes.split()}
"""Decimals of the currencies that do not have two, by ISO 4217. The web has the same table."""


class Money(Contract):
    """`amount_minor` counts the currency's smallest unit: 1299 of USD is 12.99 dollars."""

    amount_minor: int
    currency: Currency


def minor_digits(currency: str) -> int:
    """How many decimals an amount of this currency has by ISO 4217; two for a code that it does not know."""
    return OTHER_MINOR_DIGITS.get(currency, USUAL_MINOR_DIGITS)


def in_major_units(amount_minor: int, currency: str) -> Decimal:
    """1299 minor units of EUR as 12.99, of JPY as 1299."""
    return Decimal(amount_minor).scaleb(-minor_digits(currency))


def to_minor_unit(amount: Decimal, currency: str) -> Decimal:
    """`amount` rounded to the currency's minor unit, halves up. Raises decimal.InvalidOperation for a huge one."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=ROUND_HALF_UP)


def written(amount: Decimal, currency: str) -> str:
    """An amount in major units as people write it: `1,234.50 EUR`, `500,000 JPY`."""
    return f"{amount:,.{minor_digits(currency)}f} {currency}"
