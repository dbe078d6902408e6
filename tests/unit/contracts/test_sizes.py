"""What is too large is made smaller, says so, and keeps what it is judged by."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from contracts.alert import Alert
from contracts.sizes import MAX_ALERT_BYTES, MAX_ATTRIBUTES_BYTES, attributes_size, fit_alert, fit_event
from contracts.telemetry import LoginAttributes, LoginEvent, TelemetryEvent

START = datetime(2026, 3, 14, 12, tzinfo=UTC)


def login(number: int, blob: int = 0, **known: str) -> LoginEvent:
    extra = {"blob": "x" * blob} if blob else {}
    return LoginEvent(
        event_id=f"e{number}",
        customer_id=7,
        occurred_at=START + timedelta(minutes=number),
        attributes=LoginAttributes.model_validate({"country": "NO", "ip": "192.0.2.1", **known, **extra}),
    )


def an_alert(trigger: Sequence[TelemetryEvent], recent: Sequence[TelemetryEvent] = ()) -> Alert:
    return Alert(
        alert_id="a1",
        customer_id=7,
        alert_type="impossible_travel",
        rule_id="impossible_travel",
        rule_version=1,
        severity="high",
        description="Oslo, then São Paulo.",
        raised_at=START,
        trigger_events=tuple(trigger),
        recent_events=tuple(recent),
        source="live",
    )


def size(alert: Alert) -> int:
    return len(alert.model_dump_json().encode())


def test_an_event_within_the_bound_stays_as_it_is():
    event = login(1, blob=MAX_ATTRIBUTES_BYTES - attributes_size(login(1, blob=1)) + 1)

    assert attributes_size(event) == MAX_ATTRIBUTES_BYTES
    assert fit_event(event) is event


def test_optional_attributes_go_and_known_ones_stay():
    event = login(1, blob=900_000)

    smaller = fit_event(event)

    assert smaller.attributes == login(1).attributes
    assert smaller.trimmed == (
        f"1 optional attribute was left out: the attributes took {attributes_size(event):,} bytes."
    )
    assert smaller.model_copy(update={"trimmed": None, "attributes": event.attributes}) == event


def test_known_texts_that_are_too_long_are_cut():
    smaller = fit_event(login(1, user="u" * 50_000, device_id="d-1"))

    assert isinstance(smaller, LoginEvent)
    assert smaller.attributes.user == "u" * 1_000
    assert smaller.attributes.device_id == "d-1"
    assert smaller.trimmed == "Cut to their first 1000 characters: user."


def test_the_bound_counts_bytes_and_not_characters():
    assert fit_event(login(1, blob=0, note="\N{PILE OF POO}" * 5_000)).trimmed is not None


@pytest.mark.parametrize("event", [login(1, blob=900_000, user="\x01" * 900_000), login(1, user="é" * 400_000)])
def test_no_event_stays_above_the_bound(event: TelemetryEvent):
    assert attributes_size(fit_event(event)) <= MAX_ATTRIBUTES_BYTES


def test_an_alert_within_the_bound_stays_as_it_is():
    alert = an_alert([login(1, blob=15_000)], [login(2, blob=15_000)])

    assert fit_alert(alert) is alert


def test_recent_events_go_before_any_evidence_does():
    trigger = [login(number, blob=10_000) for number in range(20)]
    alert = an_alert(trigger, [login(100 + number, blob=10_000) for number in range(30)])

    smaller = fit_alert(alert)

    assert smaller.trigger_events == alert.trigger_events
    assert smaller.recent_events[-1].event_id == "e129"
    assert size(smaller) <= MAX_ALERT_BYTES
    assert smaller.trimmed is not None
    assert smaller.trimmed.startswith(f"The alert took {size(alert):,} bytes, more than 262,144: ")


def test_trigger_event_is_not_listed_as_recent_again():
    events = [login(number, blob=10_000) for number in range(20)]

    smaller = fit_alert(an_alert(events, events))

    assert smaller.trigger_events == tuple(events)
    assert smaller.recent_events == ()


def test_every_trigger_event_keeps_what_rules_judge_by():
    trigger = [login(number, blob=16_000) for number in range(50)]

    smaller = fit_alert(an_alert(trigger))

    assert [event.event_id for event in smaller.trigger_events] == [event.event_id for event in trigger]
    assert {event.attributes.model_dump(include={"country", "ip"})["ip"] for event in smaller.trigger_events} == {
        "192.0.2.1"
    }
    assert smaller.trimmed is not None
    assert "optional attributes of" in smaller.trimmed


@pytest.mark.parametrize("events", [1, 2, 50])
@pytest.mark.parametrize("user", ["u", "\x01", "\N{PILE OF POO}"])
def test_no_alert_stays_above_the_bound(events: int, user: str):
    name = user * (1_000_000 // events)
    trigger = [login(number, blob=100_000, user=name, ip=name, city=name) for number in range(events)]

    smaller = fit_alert(an_alert(trigger, trigger))

    assert size(smaller) <= MAX_ALERT_BYTES
    assert len(smaller.trigger_events) == events


def test_what_was_trimmed_is_not_trimmed_again():
    smaller = fit_alert(an_alert([login(number, blob=16_000) for number in range(50)]))

    assert fit_alert(smaller) is smaller
