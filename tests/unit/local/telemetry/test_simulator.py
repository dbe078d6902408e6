"""What the simulator plays: plausible, repeatable, in order of time, with stories at a steady rate."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from contracts.telemetry import (
    ApiCallEvent,
    AuthFailureEvent,
    DataUsageEvent,
    LoginEvent,
    TelemetryEvent,
    TransactionEvent,
)
from local.telemetry.profiles import Profile
from local.telemetry.simulator import EVENTS_PER_STORY, HISTORY_DAYS, HISTORY_ENDS_BEFORE, Simulator

START = datetime(2026, 5, 4, 12, tzinfo=UTC)
TELLABLE = range(4, 10)


def play(profiles: tuple[Profile, ...], live: int, *, seed: int = 1, interval: float = 1.0) -> list[TelemetryEvent]:
    """The live events alone, one every `interval` seconds."""
    simulator = Simulator(profiles, seed=seed, start=START)
    list(simulator.history())
    return [simulator.next_event(START + timedelta(seconds=n * interval)) for n in range(live)]


def of(events: list[TelemetryEvent], customer_id: int) -> list[TelemetryEvent]:
    return [event for event in events if event.customer_id == customer_id]


def test_the_same_seed_gives_the_same_events(profiles: tuple[Profile, ...]):
    assert play(profiles, 300) == play(profiles, 300)
    assert play(profiles, 300) != play(profiles, 300, seed=2)


def test_event_ids_are_unique_and_differ_between_runs(profiles: tuple[Profile, ...]):
    simulator = Simulator(profiles, seed=1, start=START)
    ids = [event.event_id for event in simulator.history()]
    ids += [simulator.next_event(START).event_id for _ in range(500)]
    assert len(set(ids)) == len(ids)
    later = Simulator(profiles, seed=1, start=START + timedelta(minutes=1))
    assert not set(ids) & {event.event_id for event in later.history()}


@pytest.mark.parametrize("interval", [0.0, 0.001, 1.0, 60.0])
def test_time_never_runs_backwards_for_customer_nor_into_future(profiles: tuple[Profile, ...], interval: float):
    simulator = Simulator(profiles, seed=3, start=START)
    last: dict[int, datetime] = {}
    for event in simulator.history():
        assert event.occurred_at <= START - HISTORY_ENDS_BEFORE
        assert last.get(event.customer_id, event.occurred_at) <= event.occurred_at
        last[event.customer_id] = event.occurred_at
    for n in range(1000):
        now = START + timedelta(seconds=n * interval)
        event = simulator.next_event(now)
        assert last.get(event.customer_id, event.occurred_at) <= event.occurred_at <= now
        last[event.customer_id] = event.occurred_at


def test_the_history_gives_detection_enough_to_compare_with(profiles: tuple[Profile, ...]):
    events = list(Simulator(profiles, seed=1, start=START).history())
    assert {event.customer_id for event in events} == set(TELLABLE)
    spender, surfer = of(events, 6), of(events, 7)
    assert sum(isinstance(event, TransactionEvent) for event in spender) >= 8
    assert sum(isinstance(event, DataUsageEvent) for event in surfer) >= 50
    assert START - surfer[0].occurred_at >= timedelta(days=HISTORY_DAYS - 1)


def test_first_fraud_and_look_alike_begin_within_thirty_events(profiles: tuple[Profile, ...]):
    events = play(profiles, 30)
    assert of(events, 4), "the account takeover"
    assert of(events, 5), "the journey"


def test_stories_follow_at_steady_rate_and_all_are_played(profiles: tuple[Profile, ...]):
    events = play(profiles, EVENTS_PER_STORY * 8)
    told = {event.customer_id for event in events} & set(TELLABLE)
    assert told == set(TELLABLE)
    ordinary = Counter(event.customer_id in TELLABLE for event in events)
    assert ordinary[False] > ordinary[True]


def test_takeover_is_failures_then_a_login_far_from_home(profiles: tuple[Profile, ...]):
    events = of(play(profiles, 40), 4)
    home, far = [event for event in events if isinstance(event, LoginEvent)]
    failures = [event for event in events if isinstance(event, AuthFailureEvent)]
    assert (home.attributes.country, far.attributes.country) == ("NO", "BR")
    assert (home.attributes.device_id, far.attributes.device_id) == ("dev-home", "dev-x")
    gap = far.occurred_at - home.occurred_at
    assert timedelta(minutes=1) < gap < timedelta(hours=2)
    assert _km(home, far) / (gap / timedelta(hours=1)) > 2_000
    assert len(failures) >= 7
    assert failures[-1].occurred_at - failures[0].occurred_at < timedelta(minutes=10)
    assert all(home.occurred_at < failure.occurred_at < far.occurred_at for failure in failures)


def _km(a: LoginEvent, b: LoginEvent) -> float:
    assert a.attributes.latitude is not None
    assert b.attributes.latitude is not None
    assert a.attributes.longitude is not None
    assert b.attributes.longitude is not None
    degrees = math.hypot(a.attributes.latitude - b.attributes.latitude, a.attributes.longitude - b.attributes.longitude)
    return degrees * 111 * 0.7


def test_charges_of_a_story_are_those_of_the_records(profiles: tuple[Profile, ...]):
    events = of(play(profiles, EVENTS_PER_STORY * 8), 6)
    bought = [event.attributes for event in events if isinstance(event, TransactionEvent)]
    assert [charge.charge_id for charge in bought][:3] == ["ch-6-0", "ch-6-1", "ch-6-2"]
    assert bought[0].amount == Decimal("9999.00")
    assert bought[0].country == "BR"


def test_a_usage_story_reads_far_above_the_history(profiles: tuple[Profile, ...]):
    simulator = Simulator(profiles, seed=1, start=START)
    usual = [event.attributes.gb for event in simulator.history() if isinstance(event, DataUsageEvent)]
    events = [simulator.next_event(START + timedelta(seconds=n)) for n in range(EVENTS_PER_STORY * 8)]
    readings = [e.attributes.gb for e in of(events, 7) if isinstance(e, DataUsageEvent)]
    assert readings[0] == 8.0
    assert readings[0] > 5 * max(usual)


def test_a_burst_of_calls_falls_within_a_minute(profiles: tuple[Profile, ...]):
    calls = [e for e in of(play(profiles, EVENTS_PER_STORY * 8), 8) if isinstance(e, ApiCallEvent)]
    assert len(calls) >= 25
    assert calls[24].occurred_at - calls[0].occurred_at < timedelta(minutes=1)


def test_a_forgotten_password_ends_with_a_login_from_home(profiles: tuple[Profile, ...]):
    events = of(play(profiles, EVENTS_PER_STORY * 8), 9)[:9]
    assert [event.kind for event in events] == ["auth_failure"] * 8 + ["login"]
    last = events[-1]
    assert isinstance(last, LoginEvent)
    assert last.attributes.country == "NO"


def test_customers_without_any_story_still_live_ordinarily(profiles: tuple[Profile, ...]):
    events = play(profiles[:3], 200)
    assert {event.kind for event in events} == {"login", "transaction", "data_usage", "api_call", "auth_failure"}
