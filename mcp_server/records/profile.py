"""What the telemetry simulator needs to know, so that its events match the store's records."""

from typing import Literal

from contracts.base import Contract
from contracts.telemetry import CountryCode, CustomerId, Latitude, Longitude
from mcp_server.records.customer import CurrencyCode, Device

FraudKind = Literal["account_takeover", "stolen_card", "sim_swap", "subscription_abuse", "data_resale"]
InnocentKind = Literal["travel", "new_device", "gift_season", "family_plan", "streaming_binge", "forgotten_password"]
Signal = Literal["login", "transaction", "data_usage", "auth_failure", "api_call"]


class StoryCharge(Contract):
    """A charge of the story; the store holds it under the same id."""

    charge_id: str
    merchant: str
    amount_minor: int
    currency: CurrencyCode
    country: CountryCode


class Story(Contract):
    """What is about to be seen in a customer's telemetry, and whether it is fraud."""

    kind: FraudKind | InnocentKind
    fraud: bool
    signal: Signal
    """The kind of telemetry event that gives the story away."""
    country: CountryCode
    city: str
    latitude: Latitude
    longitude: Longitude
    device_id: str | None
    """The device behind the events; null when only a card was used."""
    ip: str | None
    charges: tuple[StoryCharge, ...] = ()
    gb: float | None = None
    """Gigabytes on a day of the story, where usage is the signal."""
    auth_failures: int = 0
    api_calls: int = 0


class TelemetryProfile(Contract):
    """One line of `export-profiles`."""

    customer_id: CustomerId
    name: str
    home_country: CountryCode
    home_city: str
    home_latitude: Latitude
    home_longitude: Longitude
    usual_devices: tuple[Device, ...]
    usual_ips: tuple[str, ...]
    daily_gb_typical: float
    typical_charge_minor: int
    """The median of the ordinary charges."""
    currency: CurrencyCode
    story: Story | None
