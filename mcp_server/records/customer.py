"""Who a customer is, and what is usual for them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract, UtcDateTime
from contracts.telemetry import CountryCode, CustomerId, Latitude, Longitude

AccountStatus = Literal["active", "locked"]
Segment = Literal["student", "consumer", "premium", "business", "unknown"]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Device(Contract):
    """A device that the customer is known to use."""

    device_id: str
    name: str


class Customer(Contract):
    """A customer's profile. A `neutral` one comes from a recording: what is usual for them is not known (null)."""

    customer_id: CustomerId
    name: str
    email: str
    segment: Segment
    status: AccountStatus = "active"
    locked_at: UtcDateTime | None = None
    lock_reason: str | None = None
    home_country: CountryCode | None = None
    home_city: str | None = None
    home_latitude: Latitude | None = None
    home_longitude: Longitude | None = None
    usual_countries: tuple[CountryCode, ...] = ()
    usual_devices: tuple[Device, ...] = ()
    customer_since: date
    monthly_spend_minor: int | None = None
    """Usual purchases in 30 days, without plan fees, in minor units of `currency`."""
    daily_gb_typical: float | None = None
    currency: CurrencyCode
    autopay: bool = False
    profile: Literal["contoso", "neutral"]


class CustomerMatch(Contract):
    """One hit of a customer search."""

    customer_id: CustomerId
    name: str
    email: str
    segment: Segment
    status: AccountStatus
    home_country: CountryCode | None


class CustomerMatches(Contract):
    """Answer of `search_customers`, best match first."""

    query: str
    customers: tuple[CustomerMatch, ...]
