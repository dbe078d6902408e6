"""What a customer subscribes to."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract
from contracts.telemetry import CountryCode, CustomerId
from mcp_server.records.customer import CurrencyCode


class Subscription(Contract):
    """One line or package. `monthly_fee_minor` is charged by every invoice whose period it covers."""

    subscription_id: str
    plan: str
    status: Literal["active", "ended"]
    data_cap_gb: Annotated[float, Field(ge=0)] | None
    """Gigabytes in any 30 days; null means unlimited."""
    roaming_countries: tuple[CountryCode, ...] = ()
    roaming_until: date | None = None
    """The last day of roaming; null means as long as the plan."""
    monthly_fee_minor: Annotated[int, Field(ge=0)]
    currency: CurrencyCode
    started_on: date


class Subscriptions(Contract):
    """Answer of `get_subscriptions`, oldest first."""

    customer_id: CustomerId
    subscriptions: tuple[Subscription, ...]


def monthly_cap_gb(subscriptions: tuple[Subscription, ...]) -> float | None:
    """The sum of the caps of all active subscriptions; null when one is unlimited or there is none."""
    caps = [subscription.data_cap_gb for subscription in subscriptions if subscription.status == "active"]
    known = [cap for cap in caps if cap is not None]
    return sum(known) if known and len(known) == len(caps) else None
