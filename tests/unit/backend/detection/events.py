"""Events in one line each."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from backend.detection import AlertSignal, Detector, Signal
from backend.detection.parameters import PARAMETERS, RuleVersion
from contracts.telemetry import (
    AccountChange,
    AccountChangeAttributes,
    AccountChangeEvent,
    ApiCallAttributes,
    ApiCallEvent,
    AuthFailureAttributes,
    AuthFailureEvent,
    DataUsageAttributes,
    DataUsageEvent,
    LoginAttributes,
    LoginEvent,
    TelemetryEvent,
    TransactionAttributes,
    TransactionEvent,
    TransactionType,
)

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CUSTOMER = 7

LISBON = ("PT", "Lisbon", 38.72, -9.14)
PORTO = ("PT", "Porto", 41.15, -8.61)
MADRID = ("ES", "Madrid", 40.42, -3.70)
NEW_YORK = ("US", "New York", 40.71, -74.01)

_numbers = count()


def at(minutes: float = 0, *, days: float = 0) -> datetime:
    """A time after noon of the first day."""
    return START + timedelta(minutes=minutes, days=days)


def signals_of(detector: Detector, event: TelemetryEvent) -> list[AlertSignal]:
    """What is found at an event at which no rule fails."""
    return [_sound(signal) for signal in detector.observe(event)]


def _sound(signal: Signal) -> AlertSignal:
    assert signal.fate != "failed", signal
    return signal


def unchecked(rule_id: str, **parameters: object) -> RuleVersion:
    """Version 2 of a rule, in shadow, with values that nobody can set any more: it fails."""
    bad = PARAMETERS[rule_id]().model_copy(update=parameters)
    return RuleVersion(rule_id=rule_id, version=2, mode="shadow", parameters=PARAMETERS[rule_id]()).model_copy(
        update={"parameters": bad}
    )


def new_id() -> str:
    return f"event-{next(_numbers)}"


def login(
    when: datetime,
    place: tuple[str, str, float, float] | str | None,
    *,
    success: bool = True,
    customer: int = CUSTOMER,
    ip: str | None = None,
    device: str | None = None,
) -> LoginEvent:
    """A login from a place with coordinates, from a country without, or from nowhere known."""
    if isinstance(place, tuple):
        country, city, latitude, longitude = place
        attributes = LoginAttributes(
            country=country, city=city, latitude=latitude, longitude=longitude, success=success, ip=ip
        )
    else:
        attributes = LoginAttributes(country=place, success=success, ip=ip)
    attributes = attributes.model_copy(update={"device_id": device})
    return LoginEvent(event_id=new_id(), customer_id=customer, occurred_at=when, attributes=attributes)


def failure(when: datetime, *, ip: str | None = "192.0.2.1", customer: int = CUSTOMER) -> AuthFailureEvent:
    return AuthFailureEvent(
        event_id=new_id(), customer_id=customer, occurred_at=when, attributes=AuthFailureAttributes(ip=ip)
    )


def charge(
    when: datetime,
    amount: str,
    currency: str = "USD",
    *,
    customer: int = CUSTOMER,
    terminal: str | None = None,
    type: TransactionType | None = None,  # noqa: A002
) -> TransactionEvent:
    return TransactionEvent(
        event_id=new_id(),
        customer_id=customer,
        occurred_at=when,
        attributes=TransactionAttributes(amount=Decimal(amount), currency=currency, terminal_id=terminal, type=type),
    )


def change(when: datetime, what: AccountChange, *, customer: int = CUSTOMER) -> AccountChangeEvent:
    return AccountChangeEvent(
        event_id=new_id(),
        customer_id=customer,
        occurred_at=when,
        attributes=AccountChangeAttributes(change=what),
    )


def usage(when: datetime, gb: float, *, customer: int = CUSTOMER) -> DataUsageEvent:
    return DataUsageEvent(
        event_id=new_id(), customer_id=customer, occurred_at=when, attributes=DataUsageAttributes(gb=gb)
    )


def call(when: datetime, *, status: int = 200, customer: int = CUSTOMER) -> ApiCallEvent:
    return ApiCallEvent(
        event_id=new_id(),
        customer_id=customer,
        occurred_at=when,
        attributes=ApiCallAttributes(endpoint="orders/List", status_code=status),
    )
