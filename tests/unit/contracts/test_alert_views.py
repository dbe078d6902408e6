"""Several alerts of one case are shown together: each event once, within a limit, and what is left out is said."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.alert import MAX_JOINED, Alert, Baseline, name_of, worst_severity
from contracts.alert_views import MAX_ALERTS_BYTES, shown_alerts
from contracts.severity import Severity
from contracts.sizes import fit_alert
from contracts.telemetry import LoginAttributes, LoginEvent, TelemetryEvent

START = datetime(2026, 3, 14, 12, tzinfo=UTC)


def login(number: int, alert: int = 0, **said: Any) -> LoginEvent:
    return LoginEvent(
        event_id=f"e{alert}-{number}",
        customer_id=7,
        occurred_at=START + timedelta(minutes=number),
        attributes=LoginAttributes.model_validate({"country": "NO", "ip": "192.0.2.1", **said}),
    )


def an_alert(number: int, trigger: Sequence[TelemetryEvent] = (), **changes: Any) -> Alert:
    values: dict[str, Any] = {
        "alert_id": f"a{number}",
        "customer_id": 7,
        "alert_type": "impossible_travel",
        "rule_id": "impossible_travel",
        "rule_version": 1,
        "severity": "high",
        "description": "Oslo, then São Paulo.",
        "raised_at": START,
        "trigger_events": tuple(trigger),
        "source": "live",
    }
    return Alert(**(values | changes))


def full(number: int, **changes: Any) -> Alert:
    """As many events as an alert may have."""
    recent = tuple(login(each + 50, number) for each in range(50))
    return an_alert(number, [login(each, number) for each in range(50)], recent_events=recent, **changes)


def size(alerts: Sequence[Alert]) -> int:
    return sum(len(alert.model_dump_json().encode()) for alert in alerts)


def test_alert_that_is_alone_is_shown_as_it_is() -> None:
    alert = full(1, description="x" * 4_000)

    assert shown_alerts((alert,)) == (alert,)


def test_few_alerts_are_shown_whole() -> None:
    alerts = tuple(full(number) for number in range(4))

    assert shown_alerts(alerts) == alerts


def test_recent_events_of_several_alerts_are_shown_once() -> None:
    first = an_alert(1, [login(1)], recent_events=(login(0), login(1), login(2)))
    second = an_alert(2, [login(2)], recent_events=(login(0), login(1), login(2), login(3)))

    shown = shown_alerts((first, second))

    assert [[event.event_id for event in alert.trigger_events] for alert in shown] == [["e0-1"], ["e0-2"]]
    assert [[event.event_id for event in alert.recent_events] for alert in shown] == [["e0-0"], ["e0-3"]]


def test_another_event_of_the_same_id_stays() -> None:
    first, second = an_alert(1, [login(1)]), an_alert(2, [login(2)], recent_events=(login(1, country="BR"),))

    assert shown_alerts((first, second)) == (first, second)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"description": "ø" * 4_000},
        {"description": "\x00" * 4_000},
        {"trimmed": "Some of it was left out. " * 100},
        {"baseline": Baseline(metric="m" * 200_000, observed=1.0)},
        {"trigger_events": (login(1, user_agent="x" * 15_000), login(2, city="y" * 15_000))},
    ],
)
def test_as_many_alerts_as_can_join_fit_the_limit(changes: dict[str, Any]) -> None:
    alerts = tuple(full(number).model_copy(update=changes) for number in range(MAX_JOINED + 1))

    shown = shown_alerts(alerts)

    assert [alert.alert_id for alert in shown] == [alert.alert_id for alert in alerts]
    assert size(shown) <= MAX_ALERTS_BYTES
    assert all(" left out" in (alert.trimmed or "") for alert in shown)
    assert [Alert.model_validate_json(alert.model_dump_json()) for alert in shown] == list(shown)


def test_small_alerts_leave_room_for_a_large_one() -> None:
    small = tuple(an_alert(number, [login(0, number)]) for number in range(MAX_JOINED))

    *others, last = shown_alerts((*small, full(99)))

    assert tuple(others) == small
    assert (len(last.trigger_events), len(last.recent_events), last.trimmed) == (50, 50, None)


def test_alert_that_was_trimmed_before_still_says_so() -> None:
    before = "The alert took 300,000 bytes, more than 262,144: 3 of 50 recent events were left out."
    alerts = tuple(full(number, trimmed=before) for number in range(20))

    assert all((alert.trimmed or "").startswith(f"{before} The alert took ") for alert in shown_alerts(alerts))


def test_of_too_many_alerts_first_and_newest_are_shown() -> None:
    alerts = tuple(an_alert(number) for number in range(MAX_JOINED + 4))

    assert shown_alerts(alerts) == (alerts[0], *alerts[4:])


def test_an_alert_fits_any_size_that_is_asked_for() -> None:
    smaller = fit_alert(full(1), 5_000)

    assert len(smaller.model_dump_json().encode()) <= 5_000
    assert (smaller.trimmed or "").startswith("The alert took ")
    assert "more than 5,000" in (smaller.trimmed or "")


@pytest.mark.parametrize(
    ("severities", "worst"),
    [
        (["low"], "low"),
        (["medium", "low"], "medium"),
        (["medium", "critical", "high"], "critical"),
        (["low", "high", "medium"], "high"),
    ],
)
def test_worst_severity_of_several_alerts_counts(severities: Sequence[Severity], worst: Severity) -> None:
    assert worst_severity([an_alert(1, severity=each) for each in severities]) == worst


def test_a_sentence_names_an_alert_by_type_and_id() -> None:
    assert name_of(an_alert(4)) == "impossible_travel (a4)"
