"""Each rule fires just beyond its edge and stays quiet just before it."""

from collections.abc import Iterable
from datetime import datetime

import pytest

from backend.detection import Detector
from backend.detection.rule import spike_severity
from contracts.alert import Alert
from contracts.severity import Severity
from contracts.telemetry import TelemetryEvent
from tests.unit.backend.detection.events import (
    LISBON,
    MADRID,
    NEW_YORK,
    PORTO,
    at,
    call,
    charge,
    failure,
    login,
    usage,
)

Where = tuple[str, str, float, float] | str | None


def alerts_of(events: Iterable[TelemetryEvent]) -> list[Alert]:
    detector = Detector()
    return [alert for event in events for alert in detector.alerts(event)]


def rules_of(events: Iterable[TelemetryEvent]) -> list[str]:
    return [alert.rule_id for alert in alerts_of(events)]


# Impossible travel


@pytest.mark.parametrize(
    ("first", "minutes", "second", "fires"),
    [
        ("PT", 120, "US", True),
        ("PT", 120.1, "US", False),
        ("PT", 5, "PT", False),
        ("PT", 5, None, False),
        (None, 5, "US", False),
        (LISBON, 30, NEW_YORK, True),
        (LISBON, 119, MADRID, False),  # 500 km in two hours: a flight does that
        (LISBON, 30, MADRID, True),
        (LISBON, 5, PORTO, False),  # within the error of locating an address
        (LISBON, 0, NEW_YORK, True),
        (LISBON, 30, "US", True),  # one without coordinates: the countries decide
        (LISBON, 30, "PT", False),
    ],
)
def test_logins_too_far_apart_raise_an_alert(first: Where, minutes: float, second: Where, fires: bool) -> None:
    expected = ["impossible_travel"] if fires else []
    assert rules_of([login(at(0), first), login(at(minutes), second)]) == expected


def test_simultaneous_logins_are_found_in_either_order() -> None:
    events = [login(at(0), LISBON), login(at(0), NEW_YORK)]
    assert rules_of(events) == rules_of(reversed(events)) == ["impossible_travel"]


def test_late_login_is_compared_with_its_successor() -> None:
    (alert,) = alerts_of([login(at(30), LISBON), login(at(0), NEW_YORK)])
    assert alert.raised_at == at(30)
    assert [event.occurred_at for event in alert.trigger_events] == [at(0), at(30)]


@pytest.mark.parametrize(("days", "fires"), [(0.9, True), (1.0, False), (5.0, False)])
def test_country_used_for_a_day_is_familiar(days: float, fires: bool) -> None:
    """A customer who switches a VPN on and off is reported once, not each time."""
    history = [login(at(-300), "PT"), login(at(0), "US")]
    switch = [login(at(10, days=days), "PT"), login(at(0, days=days), "US")]
    assert bool(rules_of([*history, *reversed(switch)])) is fires


def test_impossible_login_between_familiar_places_raises_nothing() -> None:
    events = [login(at(0), LISBON), login(at(200), NEW_YORK)]
    events += [login(at(0, days=3), LISBON), login(at(15, days=3), NEW_YORK)]
    assert rules_of(events) == []


def test_a_failed_login_from_elsewhere_is_no_travel() -> None:
    assert rules_of([login(at(0), LISBON), login(at(5), NEW_YORK, success=False)]) == []


@pytest.mark.parametrize(
    ("first", "minutes", "second", "severity"),
    [("PT", 5, "US", "medium"), (LISBON, 25, MADRID, "medium"), (LISBON, 30, NEW_YORK, "high")],
)
def test_severity_of_travel_follows_the_speed(first: Where, minutes: float, second: Where, severity: Severity) -> None:
    (alert,) = alerts_of([login(at(0), first), login(at(minutes), second)])
    assert alert.severity == severity


def test_travel_is_described_with_distance_time_and_speed() -> None:
    (alert,) = alerts_of([login(at(0), LISBON), login(at(30), NEW_YORK)])
    assert alert.description == (
        "Login from New York, US 30 minutes after one from Lisbon, PT, 5,423 km away: 10,845 km/h "
        "(alert above 900 km/h); Lisbon, PT and New York, US are new for this customer."
    )
    assert alert.baseline is not None
    assert alert.baseline.metric == "km_per_hour"
    assert alert.baseline.threshold == 900
    assert alert.baseline.sample_size == 2


def test_travel_without_coordinates_is_described_by_countries() -> None:
    (alert,) = alerts_of([login(at(0), "PT"), login(at(9), "US")])
    assert alert.description == "Login from US 9 minutes after one from PT; PT and US are new for this customer."


# Spending spike


def charges(*amounts: str, currency: str = "USD") -> list[TelemetryEvent]:
    return [charge(at(days=day), amount, currency) for day, amount in enumerate(amounts)]


@pytest.mark.parametrize(
    ("amount", "fires"),
    [("90.00", False), ("90.01", True)],  # usual is 30.00: three times it
)
def test_a_charge_of_more_than_three_times_the_usual(amount: str, fires: bool) -> None:
    events = [*charges(*["30.00"] * 8), charge(at(days=9), amount)]
    assert rules_of(events) == (["spending_spike"] if fires else [])


def test_no_charge_alerts_before_eight_are_known() -> None:
    assert rules_of([*charges(*["30.00"] * 7), charge(at(days=8), "9000")]) == []


def test_a_wide_spread_of_amounts_raises_the_bar() -> None:
    """Mean 52.50, deviation 45.43: three of them above the mean is 188.80, more than three times the mean."""
    events = charges(*["10", "95"] * 4)
    assert rules_of([*events, charge(at(days=9), "188")]) == []
    assert rules_of([*events, charge(at(days=9), "189")]) == ["spending_spike"]


def test_small_change_never_alerts() -> None:
    assert rules_of([*charges(*["1.00"] * 8), charge(at(days=9), "50.00")]) == []


def test_amounts_of_two_currencies_are_never_compared() -> None:
    assert rules_of([*charges(*["30.00"] * 8), charge(at(days=9), "4500", "JPY")]) == []


@pytest.mark.parametrize(
    ("currency", "usual", "spent", "text"),
    [
        ("JPY", "2000", "500000", "One charge of 500,000 JPY; usual is 2,000 JPY"),
        ("BHD", "20", "5000", "One charge of 5,000.000 BHD; usual is 20.000 BHD"),
        ("EUR", "20", "5000", "One charge of 5,000.00 EUR; usual is 20.00 EUR"),
    ],
)
def test_amounts_are_written_with_their_currency_s_decimals(currency: str, usual: str, spent: str, text: str) -> None:
    detector = Detector()
    events = [charge(at(days=day), usual, currency) for day in range(8)]
    alerts = [alert for event in [*events, charge(at(days=9), spent, currency)] for alert in detector.alerts(event)]

    assert alerts[0].description.startswith(text)


def test_a_fifth_currency_forgets_the_one_used_longest_ago() -> None:
    events = charges(*["30"] * 8)
    events += [charge(at(days=9), "30", currency) for currency in ("EUR", "GBP", "CHF", "SEK")]
    assert rules_of([*events, charge(at(days=10), "900")]) == []


def test_one_fraud_does_not_hide_the_next() -> None:
    events = [*charges(*["30.00"] * 20), charge(at(days=20), "2000"), charge(at(days=22), "150")]
    assert rules_of(events) == ["spending_spike", "spending_spike"]


def test_spending_that_stays_higher_is_learnt() -> None:
    raised = [charge(at(days=8 + day), "100") for day in range(60)]
    reported = [alert.raised_at for alert in alerts_of([*charges(*["30"] * 8), *raised])]
    assert reported
    assert max(reported) < at(days=8 + 28)


def test_spending_is_described_with_exact_amounts() -> None:
    (alert,) = alerts_of([*charges(*["30.10"] * 8), charge(at(days=9), "1234.5")])
    assert alert.description == (
        "One charge of 1,234.50 USD; usual is 30.10 USD over 8 charges in the weeks before (alert above 90.30 USD)."
    )
    assert alert.severity == "critical"
    assert alert.baseline is not None
    assert (alert.baseline.observed, alert.baseline.expected) == (1234.5, 30.1)


# Data-usage spike


def readings(count: int, gb: float = 1.0) -> list[TelemetryEvent]:
    return [usage(at(60 * hour), gb) for hour in range(count)]


@pytest.mark.parametrize(
    ("history", "gb", "fires"),
    [
        (11, 1_000.0, False),  # too little history
        (12, 9.4, False),
        (12, 9.5, True),  # 1.1 + 100 / 12 times the largest
        (200, 5.0, False),
        (200, 5.1, True),  # five times the mean
    ],
)
def test_a_reading_far_above_all_before_it(history: int, gb: float, fires: bool) -> None:
    events = [*readings(history), usage(at(60 * history), gb)]
    assert rules_of(events) == (["data_usage_spike"] if fires else [])


def test_reading_must_pass_the_largest_of_the_weeks_before() -> None:
    events = [*readings(500), usage(at(60 * 500), 100.0), *[usage(at(60 * hour), 1.0) for hour in range(501, 600)]]
    assert rules_of([*events, usage(at(60 * 600), 99.0)]) == ["data_usage_spike"]
    assert rules_of([*events, usage(at(60 * 600), 150.0)]) == ["data_usage_spike"] * 2
    assert rules_of([*events, *[usage(at(days=25 + day), 1.0) for day in range(50)], usage(at(days=75), 60.0)]) == [
        "data_usage_spike",
        "data_usage_spike",
    ]


def test_readings_below_a_gigabyte_never_alert() -> None:
    assert rules_of([*readings(50, 0.01), usage(at(60 * 50), 1.0)]) == []


def test_usage_is_described_with_its_history() -> None:
    (alert,) = alerts_of([*readings(100, 0.5), usage(at(60 * 100), 12.25)])
    assert alert.description == (
        "12.25 GB in one usage reading; usual at this time of the week is 0.50 GB, and the largest of 100 readings in "
        "the weeks before was 0.50 GB (alert above 2.50 GB)."
    )
    assert alert.severity == "high"


# Repeated failures


def failures(
    count: int, *, start: datetime | None = None, seconds: float = 10, addresses: int = 1
) -> list[TelemetryEvent]:
    begin = start or at(0)
    return [
        failure(begin + (at(seconds / 60) - at(0)) * number, ip=f"192.0.2.{number % addresses}")
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "seconds", "fires"),
    [(6, 1, False), (7, 1, True), (7, 99, True), (7, 100, False), (20, 100, False)],
)
def test_more_failures_in_ten_minutes_than_one_session_allows(count: int, seconds: float, fires: bool) -> None:
    assert rules_of(failures(count, seconds=seconds)) == (["auth_failures"] if fires else [])


def test_logins_without_success_count_as_failures() -> None:
    events = [login(at(number), None, success=False) for number in range(7)]
    assert rules_of(events) == ["auth_failures"]


def test_usual_failures_of_a_customer_raise_nothing() -> None:
    noise = [event for day in range(4) for event in failures(6, start=at(days=day), seconds=1)]
    assert rules_of([*noise, *failures(11, start=at(days=5), seconds=1)]) == []
    assert rules_of([*noise, *failures(12, start=at(days=5), seconds=1)]) == ["auth_failures"]


def test_an_attacker_cannot_teach_a_high_bar() -> None:
    attacks = [event for day in range(20) for event in failures(500, start=at(days=day), seconds=1)]
    assert rules_of([*attacks, *failures(14, start=at(days=25), seconds=1)])[-1] == "auth_failures"
    assert len(rules_of(attacks)) == 20


def test_failures_are_described_with_number_time_and_addresses() -> None:
    (alert,) = alerts_of(failures(7, seconds=90, addresses=3))
    assert alert.description == (
        "7 failed logins within 9 minutes from 3 addresses; usual is 0 (alert at 7 in 10 minutes)."
    )
    assert alert.severity == "high"
    assert len(alert.trigger_events) == 7


def test_failures_from_one_address_are_of_medium_severity() -> None:
    (alert,) = alerts_of(failures(7))
    assert alert.severity == "medium"


# API burst


def calls(count: int, *, seconds: float, start: float = 0, status: int = 200) -> list[TelemetryEvent]:
    return [call(at(start + seconds * number / 60), status=status) for number in range(count)]


@pytest.mark.parametrize(("count", "seconds", "fires"), [(24, 1, False), (25, 2.4, True), (25, 2.5, False)])
def test_many_calls_in_one_minute(count: int, seconds: float, fires: bool) -> None:
    assert rules_of(calls(count, seconds=seconds)) == (["api_burst"] if fires else [])


def test_busy_customer_is_known_to_be_busy() -> None:
    busy = [event for minute in range(70) for event in calls(20, seconds=1, start=2 * minute)]
    assert rules_of([*busy, *calls(59, seconds=1, start=1_000)]) == []
    assert rules_of([*busy, *calls(60, seconds=0.9, start=1_000)]) == ["api_burst"]


@pytest.mark.parametrize(("seconds", "status", "severity"), [(2, 200, "medium"), (2, 403, "high"), (0.1, 200, "high")])
def test_refused_or_very_fast_calls_weigh_more(seconds: float, status: int, severity: Severity) -> None:
    (alert,) = alerts_of(calls(25, seconds=seconds, status=status))
    assert alert.severity == severity


# Severity of spikes


@pytest.mark.parametrize(
    ("times", "severity"), [(1.01, "low"), (1.25, "medium"), (2.49, "medium"), (2.5, "high"), (5.0, "critical")]
)
def test_spike_severity_follows_distance_from_threshold(times: float, severity: Severity) -> None:
    assert spike_severity(100 * times, 100) == severity


def test_spike_over_nothing_is_critical() -> None:
    assert spike_severity(0.001, 0) == "critical"
