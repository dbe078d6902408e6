"""Purchases charged to a customer's account."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract, UtcDateTime
from contracts.telemetry import CountryCode, CustomerId
from mcp_server.records.customer import CurrencyCode

ChargeStatus = Literal["posted", "refunded", "disputed"]


class Charge(Contract):
    """One purchase. `country` is where the merchant is."""

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


class RecentCharges(Contract):
    """Answer of `get_recent_charges`, newest first."""

    customer_id: CustomerId
    as_of: UtcDateTime
    charges: tuple[Charge, ...]
