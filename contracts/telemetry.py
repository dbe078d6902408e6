"""Customer telemetry: one event per line of a recording, of Event Hubs, or of the simulator."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from contracts.base import Contract, FiniteJson, NonEmptyText, UtcDateTime

EventId = Annotated[str, Field(min_length=1, max_length=128)]
MAX_CUSTOMER_ID = 2**53
CustomerId = Annotated[int, Field(gt=0, le=MAX_CUSTOMER_ID)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


AccountChange = Literal["sim", "email", "phone", "password", "address", "device", "payee"]
"""A means of recovery or of payment: who takes an account over changes one first."""
TransactionType = Literal["purchase", "transfer", "withdrawal", "refund"]


class Attributes(BaseModel):
    """What a kind of event says. Real telemetry always carries more than we know: extra keys are kept.

    An extra value is any JSON value but NaN and infinities: those would change on their way into a history.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    # pydantic reads the type of extra values from here; its own base declares it mutable, hence wider.
    __pydantic_extra__: dict[str, FiniteJson] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]


class LoginAttributes(Attributes):
    ip: str | None = None
    country: CountryCode | None = None
    city: str | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    device_id: str | None = None
    method: str | None = None
    user: str | None = None
    success: bool = True


class AuthFailureAttributes(Attributes):
    ip: str | None = None
    country: CountryCode | None = None
    method: str | None = None
    user: str | None = None
    reason: str | None = None


class TransactionAttributes(Attributes):
    amount: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)]
    """In major units of `currency`, exact."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    charge_id: str | None = None
    merchant: str | None = None
    country: CountryCode | None = None
    terminal_id: str | None = None
    type: TransactionType | None = None
    """A purchase, unless it says otherwise. A refund goes to the customer."""


class AccountChangeAttributes(Attributes):
    change: AccountChange
    """What was changed; never what it was, nor what it is."""
    channel: str | None = None
    """Where: `app`, `shop`, `call_centre`."""
    ip: str | None = None
    device_id: str | None = None


class DataUsageAttributes(Attributes):
    gb: Annotated[float, Field(ge=0)]
    """Gigabytes used since the reading before."""


class ApiCallAttributes(Attributes):
    endpoint: str
    ip: str | None = None
    region: str | None = None
    status_code: int | None = None
    error_code: str | None = None
    read_only: bool | None = None
    principal: str | None = None


class _Event(Contract):
    event_id: EventId
    customer_id: CustomerId
    occurred_at: UtcDateTime
    trimmed: NonEmptyText | None = None
    """Which attributes were left out or cut because they were too large: `contracts.sizes`."""


class LoginEvent(_Event):
    kind: Literal["login"] = "login"
    attributes: LoginAttributes


class TransactionEvent(_Event):
    kind: Literal["transaction"] = "transaction"
    attributes: TransactionAttributes


class DataUsageEvent(_Event):
    kind: Literal["data_usage"] = "data_usage"
    attributes: DataUsageAttributes


class ApiCallEvent(_Event):
    kind: Literal["api_call"] = "api_call"
    attributes: ApiCallAttributes


class AuthFailureEvent(_Event):
    kind: Literal["auth_failure"] = "auth_failure"
    attributes: AuthFailureAttributes


class AccountChangeEvent(_Event):
    kind: Literal["account_change"] = "account_change"
    attributes: AccountChangeAttributes


TelemetryEvent = Annotated[
    LoginEvent | TransactionEvent | DataUsageEvent | ApiCallEvent | AuthFailureEvent | AccountChangeEvent,
    Field(discriminator="kind"),
]
"""One thing a customer's account did. `kind` decides the type of `attributes`."""

EventKind = Literal["login", "transaction", "data_usage", "api_call", "auth_failure", "account_change"]

telemetry_event: TypeAdapter[TelemetryEvent] = TypeAdapter(TelemetryEvent)
"""Reads and writes the JSON-lines format: `telemetry_event.validate_json(line)`."""
