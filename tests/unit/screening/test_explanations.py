"""What explains an alert's events, to the edge: only what is older than the alert, and is the customer's own."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts.telemetry import (
    ApiCallAttributes,
    ApiCallEvent,
    AuthFailureAttributes,
    AuthFailureEvent,
    DataUsageAttributes,
    DataUsageEvent,
    TelemetryEvent,
    TransactionAttributes,
    TransactionEvent,
)
from screening import thresholds
from screening.explanations import unexplained, was_known
from tests.unit.screening.files import BEGAN, PHONE, JsonObject, a_dossier, before, login


def seen(days: float, device_id: str | None = PHONE, known: bool | None = True, **more: Any) -> JsonObject:
    """A login on record."""
    base = {"at": before(days), "event": "login", "country": "NO", "ip": "192.0.2.1"}
    return base | {"device_id": device_id, "known_device": known} | more


def log(*entries: JsonObject) -> JsonObject:
    return {"entries": list(entries)}


def a_ticket(days: float, *topics: str) -> JsonObject:
    return {"tickets": [{"opened_at": before(days), "topics": list(topics)}]}


def roaming(started_days: float, country: str = "PT", **more: Any) -> JsonObject:
    plan = {"subscription_id": "s-1", "roaming_countries": [country], "started_on": before(started_days)[:10]}
    return {"subscriptions": [plan | more]}


def is_explained(event: TelemetryEvent, **records: Any) -> bool:
    return unexplained(a_dossier(event, **records)) == ()


def failure(ip: str | None = "192.0.2.1", **attributes: Any) -> AuthFailureEvent:
    values = AuthFailureAttributes.model_validate({"ip": ip, "country": "NO"} | attributes)
    return AuthFailureEvent(event_id="e-1", customer_id=7, occurred_at=BEGAN, attributes=values)


def transaction(charge_id: str | None = "ch-1") -> TransactionEvent:
    values = TransactionAttributes(amount=Decimal(900), currency="USD", charge_id=charge_id)
    return TransactionEvent(event_id="e-1", customer_id=7, occurred_at=BEGAN, attributes=values)


def charge(**more: Any) -> JsonObject:
    base = {"charge_id": "ch-1", "at": before(), "country": "NO", "amount_minor": 90_000, "device_id": PHONE}
    return {"charges": [base | more]}


def usage() -> DataUsageEvent:
    return DataUsageEvent(event_id="e-1", customer_id=7, occurred_at=BEGAN, attributes=DataUsageAttributes(gb=40.0))


@pytest.mark.parametrize(
    ("entries", "known"),
    [
        ([seen(1)], True),
        ([seen(0.00001)], True),
        ([seen(0)], False),
        ([seen(-1)], False),
        ([seen(1, known=False)], False),
        ([seen(1, known=None)], False),
        ([seen(1), seen(-1, known=False)], False),
        ([seen(1), seen(2, device_id="dev-other", known=False)], True),
        ([], False),
    ],
)
def test_device_is_known_by_the_log_before_the_alert(entries: list[JsonObject], known: bool) -> None:
    """As old as the alert is not older, and a profile that lists the device says nothing."""
    assert was_known(a_dossier(security_logs=log(*entries)), PHONE) is known
    assert is_explained(login(), security_logs=log(*entries)) is known


def test_no_device_is_no_known_device() -> None:
    entries = log(seen(1, device_id=None))
    assert not was_known(a_dossier(security_logs=entries), None)
    assert not is_explained(login(device_id=None), security_logs=entries)


@pytest.mark.parametrize(("country", "explained"), [("NO", True), ("PT", False), (None, False)])
def test_a_known_device_abroad_is_explained_by_no_device(country: str | None, explained: bool) -> None:
    assert is_explained(login(country), security_logs=log(seen(1))) is explained


@pytest.mark.parametrize(
    ("plan", "explained"),
    [
        (roaming(5), True),
        (roaming(1), True),
        (roaming(0), False),
        (roaming(-1), False),
        (roaming(5, country="ES"), False),
        (roaming(5, started_on=None), False),
        (roaming(5, started_on="soon"), False),
        (roaming(5, roaming_until=before(-1)[:10]), True),
        (roaming(5, roaming_until=before(0)[:10]), True),
        (roaming(90, roaming_until=before(60)[:10]), False),
        (roaming(5, roaming_until="soon"), False),
    ],
)
def test_roaming_package_explains_from_the_day_after_it_began(plan: JsonObject, explained: bool) -> None:
    assert is_explained(login("PT"), security_logs=log(seen(1)), subscriptions=plan) is explained


@pytest.mark.parametrize(
    ("days", "explained"),
    [
        (1, True),
        (0.00001, True),
        (0, False),
        (-1, False),
        (thresholds.TICKET_HOLDS_DAYS, True),
        (thresholds.TICKET_HOLDS_DAYS + 0.00001, False),
    ],
)
def test_journey_in_an_earlier_ticket_explains_for_a_time(days: float, explained: bool) -> None:
    told = a_ticket(days, "travel")
    assert is_explained(login("PT"), security_logs=log(seen(1)), support_tickets=told) is explained


@pytest.mark.parametrize(
    ("after", "explained"),
    [
        (timedelta(0), True),
        (timedelta(hours=thresholds.AFTER_BURST_HOURS), True),
        (timedelta(hours=thresholds.AFTER_BURST_HOURS, seconds=1), False),
        (timedelta(seconds=-1), False),
    ],
)
def test_failures_are_explained_by_an_own_device_soon_after(after: timedelta, explained: bool) -> None:
    got_in = seen(-after / timedelta(days=1))
    assert is_explained(failure(), security_logs=log(seen(3, ip="192.0.2.9"), got_in)) is explained


@pytest.mark.parametrize(
    ("event", "got_in"),
    [
        (failure(ip=None), seen(0)),
        (failure(ip="198.51.100.7"), seen(0)),
        (failure(), seen(0, event="login_failed")),
        (failure(), seen(0, device_id="dev-other", known=False)),
        (failure(device_id="dev-other"), seen(0)),
        (failure(country="PT"), seen(0)),
    ],
)
def test_failures_of_strangers_are_not_explained(event: AuthFailureEvent, got_in: JsonObject) -> None:
    assert is_explained(failure(), security_logs=log(seen(3), seen(0)))
    assert not is_explained(event, security_logs=log(seen(3), got_in))


@pytest.mark.parametrize(
    ("changes", "explained"),
    [
        ({}, True),
        ({"status": "disputed"}, False),
        ({"charge_id": "ch-2"}, False),
        ({"device_id": "dev-other"}, False),
        ({"device_id": None}, False),
        ({"country": "PT"}, False),
        ({"country": None}, False),
    ],
)
def test_charge_is_explained_by_a_known_device_at_home(changes: JsonObject, explained: bool) -> None:
    assert is_explained(transaction(), security_logs=log(seen(1)), recent_charges=charge(**changes)) is explained


def test_a_charge_that_is_not_named_is_not_explained() -> None:
    records = {"security_logs": log(seen(1)), "recent_charges": charge()}
    assert not is_explained(transaction(None), **records)


@pytest.mark.parametrize(("days", "explained"), [(1, True), (0, False), (-1, False)])
def test_card_s_charge_is_explained_by_an_older_ticket(days: float, explained: bool) -> None:
    records = {"recent_charges": charge(device_id=None), "support_tickets": a_ticket(days, "gift")}
    assert is_explained(transaction(), **records) is explained


@pytest.mark.parametrize(
    ("day", "country", "explained"),
    [(0, "PT", True), (1, "PT", False), (0, "ES", False), (0, "NO", False), (0, None, False)],
)
def test_data_abroad_is_explained_by_package_for_that_day(day: int, country: str | None, explained: bool) -> None:
    used = {"days": [{"day": before(day)[:10], "gb": 40.0, "roaming_country": country}]}
    assert is_explained(usage(), data_usage=used, subscriptions=roaming(5)) is explained


def test_one_country_without_a_package_leaves_the_day_unexplained() -> None:
    days = [{"day": before(0)[:10], "gb": 20.0, "roaming_country": country} for country in ("PT", "ES")]
    assert not is_explained(usage(), data_usage={"days": days}, subscriptions=roaming(5))


def test_calls_of_an_interface_are_never_explained() -> None:
    called = ApiCallEvent(
        event_id="e-1", customer_id=7, occurred_at=BEGAN, attributes=ApiCallAttributes(endpoint="orders/List")
    )
    assert not is_explained(called, security_logs=log(seen(1)), support_tickets=a_ticket(1, "travel", "plan"))


def test_each_event_needs_its_own_explanation() -> None:
    events = (login(minutes=0), login("PT", minutes=1), login("NO", "dev-other", minutes=2))
    assert unexplained(a_dossier(*events, security_logs=log(seen(1)))) == events[1:]
    assert unexplained(a_dossier(*events)) == events
