"""What can happen in a scenario: each kind is one line of a scenario file, and says which record or event it leaves."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from contracts.base import Contract
from contracts.telemetry import CountryCode
from mcp_server.records.charge import ChargeStatus
from mcp_server.records.ticket import Topic

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def read_span(text: object) -> object:
    """`2d3h`, `40m` or `1h5m30s` as a timedelta. Raises ValueError for any other text."""
    if not isinstance(text, str):
        return text
    match = _SPAN.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"'{text}' is no length of time: write it like 2d3h, 40m or 30s")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def read_ago(text: object) -> object:
    """`-2d3h`: so long before the scenario's present. Raises ValueError for a time without its minus."""
    if isinstance(text, str) and not text.startswith("-"):
        raise ValueError(f"'{text}' is no time before now: write it like -2d3h, -40m or -30s")
    return read_span(text.removeprefix("-") if isinstance(text, str) else text)


Span = Annotated[timedelta, BeforeValidator(read_span)]
Ago = Annotated[timedelta, BeforeValidator(read_ago)]
InAlert = Literal["trigger", "window"]
"""`trigger`: the telemetry of this made the rule fire. `window`: the alert shows it among the recent events."""


class CustomerEvent(Contract):
    """Base of all. `key` names the record, so that the scenario can ask for it as evidence."""

    at: Ago
    key: str | None = None


class Security(CustomerEvent):
    """Entries of the security log, `times` of them, `every` so long; logins and failures are telemetry as well."""

    what: Literal[
        "login",
        "login_failed",
        "password_reset",
        "mfa_reset",
        "email_changed",
        "sim_swap",
        "device_added",
        "account_unlocked",
    ]
    who: str = "home"
    device: str | None = None
    """Another device than the actor's own: `phone`, `second`, or the key of one that was acquired."""
    known: bool | None = None
    """Whether the device was the customer's at that moment; by default whether the profile lists it."""
    addresses: Annotated[int, Field(ge=1)] = 1
    """From how many addresses in turn."""
    devices: Annotated[int, Field(ge=1)] = 1
    """With how many devices in turn."""
    times: Annotated[int, Field(ge=1)] = 1
    every: Span = timedelta(seconds=40)
    logged: bool = True
    """False: only telemetry knows; the log has not caught up."""
    alert: InAlert | None = None


class Purchase(CustomerEvent):
    """What a charge and an order share. The price is in US dollars, or a multiple of the customer's usual charge."""

    usd: Annotated[float, Field(gt=0)] | None = None
    usual: Annotated[float, Field(gt=0)] | None = None
    who: str = "home"
    device: str | None = None
    status: ChargeStatus = "posted"
    alert: InAlert | None = None


class ChargeMade(Purchase):
    """A charge; `card` means that the card was there and no device was."""

    what: Literal["charge"]
    merchant: str
    category: str
    card: bool = False
    country: CountryCode | None = None


class OrderPlaced(Purchase):
    """An order and its charge; `key` names the charge. `ship` is a country; by default it goes home."""

    what: Literal["order"]
    item: str
    ship: CountryCode | None = None
    merchant: str = "Contoso Store"


class TicketWritten(CustomerEvent):
    """What somebody wrote to support."""

    what: Literal["ticket"]
    subject: str
    body: str
    topics: tuple[Topic, ...] = ()


class Subscribed(CustomerEvent):
    """A plan or package that began; `roaming_for` is how long from its start it covers `roaming`."""

    what: Literal["subscription"]
    plan: Literal["basic", "plus", "max", "unlimited", "family", "data_sim", "roaming"]
    roaming: tuple[CountryCode, ...] = ()
    roaming_days: int | None = None


class PlanEnded(CustomerEvent):
    """The oldest line ended: another plan took its place."""

    what: Literal["plan_ended"]


class DataUsed(CustomerEvent):
    """Data on the whole days from `at` to `until`, in gigabytes or multiples of what is usual."""

    what: Literal["usage"]
    until: Ago | None = None
    gb: Annotated[float, Field(ge=0)] | None = None
    usual: Annotated[float, Field(ge=0)] | None = None
    roaming: CountryCode | None = None
    alert: InAlert | None = None
    """Only the last day's reading is in the alert."""


class DeviceAcquired(CustomerEvent):
    """A device that the customer's profile lists now."""

    what: Literal["new_device"]
    name: str


class LeftHome(CustomerEvent):
    """From then on nobody did anything at home: ordinary records after it are taken out."""

    what: Literal["left_home"]


class RecordsLost(CustomerEvent):
    """Records of one kind from `at` on are not there: a feed has stopped, or lags behind."""

    what: Literal["records_lost"]
    kind: Literal["usage", "security", "charges"]


class InvoicesUnpaid(CustomerEvent):
    """Nothing has been paid since the oldest invoice."""

    what: Literal["invoices_unpaid"]


class ApiCalls(CustomerEvent):
    """A burst of API calls within a minute. Telemetry only: the store keeps none."""

    what: Literal["api_calls"]
    who: str = "home"
    count: Annotated[int, Field(ge=1)]
    endpoints: Annotated[int, Field(ge=1)] = 3
    refused: Annotated[float, Field(ge=0, le=1)] = 0.0
    writes: Annotated[float, Field(ge=0, le=1)] = 0.0


AnyCustomerEvent = Annotated[
    Security
    | ChargeMade
    | OrderPlaced
    | TicketWritten
    | Subscribed
    | PlanEnded
    | DataUsed
    | DeviceAcquired
    | LeftHome
    | RecordsLost
    | InvoicesUnpaid
    | ApiCalls,
    Field(discriminator="what"),
]
