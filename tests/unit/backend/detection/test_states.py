"""States are values: taken out and put back anywhere, in any order within the lateness, they give the same alerts."""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from ipaddress import IPv4Address
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection import Detector
from backend.detection.ordering import EventOrder
from backend.detection.state.addresses import AddressState, public_address
from backend.detection.state.customer import CustomerState
from backend.detection.state.packing import StateInvalid
from contracts.telemetry import TelemetryEvent
from tests.unit.backend.detection.events import at, failure
from tests.unit.backend.detection.random_life import few, random_life, seeds

LATENESS = timedelta(minutes=5)
Arrival = tuple[float, TelemetryEvent]
"""When an event arrives, in minutes, and the event."""


def punctual(events: Iterable[TelemetryEvent]) -> list[Arrival]:
    return [((event.occurred_at - at()) / timedelta(minutes=1), event) for event in events]


def late(events: Iterable[TelemetryEvent], random: Random) -> list[Arrival]:
    """Each up to the lateness later than it happened, some of them twice."""
    most = LATENESS / timedelta(minutes=1)
    arrivals: list[Arrival] = []
    for happened, event in punctual(events):
        arrivals.append((happened + random.uniform(0, most), event))
        if random.random() < 0.1:
            arrivals.append((happened + random.uniform(0, most), event))
    return sorted(arrivals, key=lambda arrival: arrival[0])


def alert_ids(arrivals: Sequence[Arrival], restarts: frozenset[int] = frozenset()) -> list[str]:
    """Of events that are held for the lateness. At a restart all that goes on is JSON text, and what is held."""
    detector, order, found = Detector(), EventOrder(LATENESS), list[str]()
    for number, (minute, event) in enumerate(arrivals):
        if number in restarts:
            states = json.dumps(detector.packed())
            detector = Detector()
            detector.restore(json.loads(states))
        order.take(event, at(minute))
        found += [alert.alert_id for due in order.due() for alert in detector.alerts(due)]
    return found + [alert.alert_id for due in order.rest() for alert in detector.alerts(due)]


@few
@given(seeds, seeds)
def test_reordering_and_redelivery_keep_the_alert_ids(seed: int, order: int) -> None:
    events = random_life(Random(seed))
    assert alert_ids(late(events, Random(order))) == alert_ids(punctual(events))


@few
@given(seeds, st.frozensets(st.integers(0, 300), max_size=20))
def test_restarts_anywhere_keep_the_alert_ids(seed: int, restarts: frozenset[int]) -> None:
    arrivals = late(random_life(Random(seed)), Random(seed))
    assert alert_ids(arrivals, restarts) == alert_ids(arrivals)


@few
@given(seeds)
def test_states_of_the_same_events_are_equal(seed: int) -> None:
    events = random_life(Random(seed))
    one, other = Detector(), Detector()
    for number, event in enumerate(events):
        if number % 25 == 0:
            other.restore(json.loads(json.dumps(other.packed())))
        one.observe(event)
        other.observe(event)
    assert one.packed() == other.packed()


def test_event_later_than_the_lateness_comes_out_at_once() -> None:
    order = EventOrder(LATENESS)
    order.take(failure(at(10)), at(10))
    order.take(failure(at(3)), at(10))
    assert [event.occurred_at for event in order.due()] == [at(3)]
    assert len(order) == 1


def test_event_dated_ahead_keeps_nobody_waiting() -> None:
    order = EventOrder(LATENESS)
    order.take(failure(at(1_000)), at(0))
    order.take(failure(at(1)), at(1))
    assert [event.occurred_at for event in order.due(at(6))] == [at(1_000), at(1)]


def test_held_events_come_out_when_the_clock_goes_on() -> None:
    order = EventOrder(LATENESS)
    order.take(failure(at(0)), at(0))
    assert list(order.due(at(4.99))) == []
    assert len(list(order.due(at(5)))) == 1


@pytest.mark.parametrize("packed", [None, [], [2], [1, None], ["1"], {"version": 1}])
def test_a_state_of_another_release_is_refused(packed: object) -> None:
    for state in (CustomerState, AddressState):
        with pytest.raises(StateInvalid):
            state.unpacked(packed)  # type: ignore[arg-type]


def test_refusal_of_another_version_names_both() -> None:
    with pytest.raises(StateInvalid, match="its version is 7, and this release reads 1"):
        CustomerState.unpacked([7, "anything"])


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2a00:1450:4001:82a::200e", "2a00:1450:4001:82a::"),
        ("[2a00:1450:4001:82a::1]", "2a00:1450:4001:82a::"),
        ("10.1.2.3", None),
        ("fe80::1%eth0", None),
        ("::1", None),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses_are_compared_as_who_is_behind_them(text: str | None, address: str | None) -> None:
    assert public_address(text) == address


@given(st.ip_addresses(v=4))
def test_public_addresses_are_those_of_the_registries(address: IPv4Address) -> None:
    is_example = str(address).startswith(("192.0.2.", "198.51.100.", "203.0.113."))
    is_public = (address.is_global and not address.is_multicast) or is_example
    assert public_address(str(address)) == (str(address) if is_public else None)


@pytest.mark.parametrize("text", ["8.8.8.0x8", "8.8.8", "8.8.8.256", "8.8.8.8.8", "8.8.8.8/32", "8.8.8. 8"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert public_address(text) is None


def test_memory_of_customers_and_addresses_is_bounded() -> None:
    detector = Detector(max_customers=3, max_addresses=3)
    for number in range(20):
        detector.observe(failure(at(number), customer=number + 1, ip=f"192.0.2.{number}"))
    assert detector.customers <= 3
    assert len(detector.packed()) <= 6
