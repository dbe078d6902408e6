"""Purchases charged to a customer's account."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract, UtcDateTime
from contracts.telemetry import CountryCode, CustomerId
from mcp_server.records.customer import CurrencyCode

ChargeStatus = Literal["posted", "refunded", "disputed"]


def _is_zero(value: object) -> bool:
    return value == 0


class Charge(Contract):
    """One purchase. `country` is where the merchant is. It is `refunded` once nothing of it is left to give back."""

    charge_id: str
    at: UtcDateTime
    merchant: str
    category: str
    country: CountryCode
    amount_minor: Annotated[int, Field(gt=0)]
    currency: CurrencyCode
    status: ChargeStatus = "posted"
    device_id: str | None = None
    """The device that ordered it; null when the card was present."""
    card_present: bool
    refunded_minor: Annotated[int, Field(ge=0, exclude_if=_is_zero)] = 0
    """How much of it was given back; left out where that is nothing."""

    @property
    def rest_minor(self) -> int:
        """How much of it can still be given back."""
        return 0 if self.status == "refunded" else self.amount_minor - self.refunded_minor


class RecentCharges(Contract):
    """Answer of `get_recent_charges`, newest first."""

    customer_id: CustomerId
    as_of: UtcDateTime
    charges: tuple[Charge, ...]
