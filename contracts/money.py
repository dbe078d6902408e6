"""Amounts of money, exact."""

from typing import Annotated

from pydantic import Field

from contracts.model import Contract

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""


class Money(Contract):
    """`amount_minor` counts the currency's smallest unit: 1299 of USD is 12.99 dollars."""

    amount_minor: int
    currency: Currency
