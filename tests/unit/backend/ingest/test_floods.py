"""What messages hold and is not evaluated costs bounded memory, however much it is; all of it is counted."""

import gzip
import json
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import pytest
from azure.eventhub import EventData

from backend.ingest import Flood, HubReading, Poison, Received
from backend.ingest.event_bodies import MAX_PARTS
from backend.ingest.hub_partition import MAX_LETTERS, readings_in
from contracts.telemetry_dead_letters import KEPT_BYTES
from contracts.telemetry_reader import TelemetryReader

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIB = 1024 * 1024


class Message(EventData):
    """A message as a hub delivers it."""

    def __init__(self, body: bytes, position: int) -> None:
        super().__init__(body)
        self._position = position

    @property
    def sequence_number(self) -> int:
        return self._position

    @property
    def enqueued_time(self) -> datetime:
        return NOON


def event(name: str, at: str = "2026-03-02T12:00:00Z", **more: object) -> str:
    given = {"event_id": name, "customer_id": 7, "occurred_at": at, "kind": "auth_failure"}
    return json.dumps({**given, "attributes": {"ip": "192.0.2.1"}, **more})


def messages(bodies: Iterable[bytes]) -> Iterator[EventData]:
    return (Message(body, position) for position, body in enumerate(bodies))


def batches(bodies: Iterable[bytes]) -> Iterator[list[HubReading]]:
    left, reader = messages(bodies), TelemetryReader()
    while readings := readings_in(left, reader):
        yield readings


def counted(readings: Iterable[HubReading]) -> Counter[str]:
    """How much was not evaluated, by kind."""
    found = Counter[str]()
    for each in readings:
        if isinstance(each, Flood):
            found.update(each.counts)
        elif isinstance(each, Poison):
            found[each.kind] += 1
    return found


def peak_of(bodies: Iterable[bytes]) -> int:
    """Bytes in memory at most while batches are read, and let go one after the other."""
    tracemalloc.start()
    try:
        for readings in batches(bodies):
            readings.clear()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


NO_ZONE = event("bad", at="2026-03-02T12:00:00")
FLOOD = gzip.compress(b"{}" * 20_000)


def test_a_flood_is_counted_to_the_last() -> None:
    (readings,) = batches([f"[{','.join([event('good'), NO_ZONE] * 3_000)}]".encode()])
    assert sum(isinstance(each, Received) for each in readings) == 3_000
    assert sum(isinstance(each, Poison) for each in readings) == MAX_LETTERS
    assert counted(readings) == {"unreadable": 3_000}


def test_a_fault_is_kept_behind_a_flood() -> None:
    (readings,) = batches([b"{}" * (MAX_PARTS + 1)])
    *_, fault, flood = readings
    assert (isinstance(flood, Flood), isinstance(fault, Poison)) == (True, True)
    assert counted(readings) == {"unreadable": MAX_PARTS, "too_large": 1}


def test_letters_hold_their_own_objects_only() -> None:
    (readings,) = batches([f"[{','.join([NO_ZONE] * 6_500)}]".encode()])
    assert sum(len(each.body) for each in readings if isinstance(each, Poison)) == MAX_LETTERS * len(NO_ZONE)


def test_messages_are_judged_in_batches_of_whole_ones() -> None:
    body = f"[{','.join([event('good')] * 1_000)}]".encode()
    found = list(batches([body] * 12))
    assert [len(each) for each in found] == [5_000, 5_000, 2_000]
    assert [each[-1].position for each in found] == [4, 9, 11]


@pytest.mark.parametrize(
    "bodies",
    [
        pytest.param([FLOOD], id="empty objects"),
        pytest.param([gzip.compress(b"{}" * 600)] * 30, id="many messages"),
        pytest.param([f"[{','.join([NO_ZONE] * 2_000)}]".encode()] * 5, id="events without a zone"),
        pytest.param([gzip.compress(b"x\n" * 5_000)] * 4, id="lines of nonsense"),
        pytest.param([gzip.compress(b"{" * 8 * MIB)], id="braces"),
    ],
)
def test_a_flood_costs_bounded_memory(bodies: list[bytes]) -> None:
    assert peak_of(bodies) < 12 * MIB


def test_letters_of_a_batch_have_bounded_bytes() -> None:
    large = event("bad", at="", noise="x" * KEPT_BYTES)
    found = list(batches([gzip.compress(f"[{','.join([large] * 200)}]".encode())] * 30))
    kept = [sum(len(each.body) for each in readings if isinstance(each, Poison)) for readings in found]
    assert max(kept) <= 600 * KEPT_BYTES
    assert sum(counted(each).total() for each in found) == 6_000
