"""What detection finds in recordings that nobody here made up: a few dozen alerts, most of them where labels say so."""

from collections import Counter
from datetime import date, timedelta

import pytest

from contracts.alert import Alert
from contracts.telemetry import TelemetryEvent
from tests.replay.recordings import (
    alerts_of,
    attack_calls,
    detect,
    events_of,
    fraud_scenarios,
    needs_recordings,
    one_process,
    usage_windows,
)

pytestmark = [needs_recordings, one_process]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        ("logins", {"impossible_travel": range(6, 11), "auth_failures": range(8, 15)}),
        ("data_usage", {"data_usage_spike": range(18, 29)}),
        ("api_calls", {"api_burst": range(2, 5)}),
        ("transactions", {"spending_spike": range(8, 17)}),
    ],
)
def test_alerts_per_rule_stay_in_their_range(recording: str, expected: dict[str, range]) -> None:
    """Ranges, so that a better rule may pass; a flood or silence may not."""
    counts = Counter(alert.rule_id for alert in alerts_of(recording))
    assert counts.keys() == expected.keys()
    for rule, allowed in expected.items():
        assert counts[rule] in allowed, counts


@pytest.mark.slow
def test_logins_and_usage_together_are_a_few_dozen_cases() -> None:
    assert 30 <= len(alerts_of("logins") + alerts_of("data_usage")) <= 60


def test_most_usage_alerts_lie_in_labelled_windows() -> None:
    windows = usage_windows()
    alerts = alerts_of("data_usage")
    hit = [windows.get(alert.trigger_events[0].event_id) for alert in alerts]
    assert len(set(windows.values())) == 33
    assert len({window for window in hit if window}) >= 18
    assert hit.count(None) <= 0.2 * len(alerts)


@pytest.mark.parametrize("half", [0, 1])
def test_usage_alerts_are_as_good_on_either_half(half: int) -> None:
    """Numbers that fit a few series only would show here."""
    windows = usage_windows()
    alerts = [alert for alert in alerts_of("data_usage") if alert.customer_id % 2 == half]
    inside = sum(alert.trigger_events[0].event_id in windows for alert in alerts)
    assert inside / len(alerts) >= 0.75


def test_half_of_spending_alerts_are_frauds_that_amounts_show() -> None:
    scenarios = fraud_scenarios()
    found = [scenarios.get(alert.trigger_events[0].event_id) for alert in alerts_of("transactions")]
    assert sum(scenario in ("1", "3") for scenario in found) >= 0.5 * len(found)


def test_the_attack_tool_is_seen_where_it_is_loud() -> None:
    tool = attack_calls()
    by_customer = {alert.customer_id: alert for alert in alerts_of("api_calls")}
    assert {202, 203} <= by_customer.keys()
    assert all(event.event_id in tool for event in by_customer[203].trigger_events)
    assert by_customer[203].severity == "high"


@pytest.mark.parametrize("recording", ["logins", "data_usage", "api_calls", "transactions"])
def test_every_alert_can_be_assessed_by_itself(recording: str) -> None:
    for alert in alerts_of(recording):
        assert alert.trigger_events
        assert alert.recent_events[-1].occurred_at == alert.raised_at
        assert list(alert.recent_events) == sorted(alert.recent_events, key=lambda event: event.occurred_at)
        assert alert.baseline is not None
        assert alert.baseline.threshold is not None
        assert alert.source == "replay"
        assert Alert.model_validate_json(alert.model_dump_json()) == alert


@pytest.mark.slow
@pytest.mark.parametrize("recording", ["logins", "data_usage", "api_calls", "transactions"])
def test_a_second_reading_gives_the_same_alerts(recording: str) -> None:
    assert detect(events_of(recording)) == alerts_of(recording)


def _from(events: list[TelemetryEvent], day: date) -> list[TelemetryEvent]:
    return [event for event in events if event.occurred_at.date() >= day]


@pytest.mark.slow
@pytest.mark.parametrize("recording", ["logins", "data_usage", "transactions"])
@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
def test_restart_that_rereads_four_weeks_gives_the_same_alerts(recording: str, share: float) -> None:
    events = events_of(recording)
    first, last = events[0].occurred_at.date(), events[-1].occurred_at.date()
    restart = first + (last - first) * share
    tail = detect(_from(events, restart - timedelta(days=27)))

    after = [alert.alert_id for alert in tail if alert.raised_at.date() >= restart]

    assert after == [alert.alert_id for alert in alerts_of(recording) if alert.raised_at.date() >= restart]


def test_no_label_is_needed_to_raise_an_alert() -> None:
    """Recordings carry the series' name, never the label: nothing that is judged could leak the answer."""
    extras = {key for event in events_of("data_usage")[:1000] for key in (event.attributes.model_extra or {})}
    assert extras == {"series"}
