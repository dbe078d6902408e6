"""Processes share the partitions of a hub; whatever comes twice or changes hands, each event counts once."""

import asyncio
import gc
import gzip
import json
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from backend.ingest.event_bodies import MAX_UNPACKED_BYTES
from backend.ingest.event_hubs import EventHubsSource
from backend.ingest.event_hubs_options import CheckpointOptions, Start, TelemetryHubOptions
from backend.ingest.hub_partition import MAX_LETTERS
from runtime.event_hub_address import HubAddress
from tests.support.blob_store import BlobServer
from tests.support.event_hubs import EventHubs
from tests.unit.backend.ingest.hub_pipelines import EVENTS_PER_ALERT, Process, Record

# The SDK leaves the socket of a connection that was broken by the hub to the garbage collector.
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.integration,
    pytest.mark.xdist_group("azurite"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PARTITIONS = 4
BALANCE_S, LEASE_S = 0.2, 10.0
"""So long that a busy machine loses no partition that nobody takes from it."""
PATIENCE_S = 90.0


@pytest.fixture(scope="module")
def blobs() -> Generator[BlobServer]:
    with BlobServer() as server:
        yield server


@pytest.fixture
async def hubs() -> AsyncGenerator[EventHubs]:
    async with EventHubs(partitions=PARTITIONS) as hubs:
        yield hubs
    gc.collect()


def options(hubs: EventHubs, blobs: BlobServer, *, start: Start | datetime = "earliest") -> TelemetryHubOptions:
    return TelemetryHubOptions(
        HubAddress(hubs.hub, connection_string=hubs.connection_string),
        CheckpointOptions(connection_string=blobs.connection_string),
        start=start,
        batch_events=50,
        balance_s=BALANCE_S,
        lease_s=LEASE_S,
    )


@asynccontextmanager
async def running(source: EventHubsSource, process: Process) -> AsyncGenerator[EventHubsSource]:
    task = asyncio.create_task(source.run(process.open))
    try:
        yield source
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE_S)
        assert task.done()


def body(name: str, customer: int) -> bytes:
    event = {
        "event_id": name,
        "customer_id": customer,
        "occurred_at": NOW.isoformat(),
        "kind": "auth_failure",
        "attributes": {"ip": "192.0.2.1"},
    }
    return json.dumps(event).encode()


def send(hubs: EventHubs, first: int, count: int, customers: int = 8) -> None:
    """Numbered events whose customers take turns, each to the partition of its customer."""
    for number in range(first, first + count):
        customer = number % customers + 1
        hubs.send(body(f"e-{number}", customer), key=str(customer))


def expected_alerts(count: int, customers: int = 8) -> set[str]:
    each = count // customers
    return {
        f"{customer}-{number}"
        for customer in range(1, customers + 1)
        for number in range(EVENTS_PER_ALERT, each + 1, EVENTS_PER_ALERT)
    }


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 # what is waited for is in other objects, and in the hub
            await asyncio.sleep(0.02)


def checkpoint(blobs: BlobServer, hubs: EventHubs, partition: int) -> int | None:
    noted = blobs.metadata("checkpoints", f"{hubs.host}/{hubs.hub}/$default/checkpoint/{partition}")
    return int(noted["sequencenumber"]) if noted else None


async def test_every_event_is_judged_and_checkpointed(hubs: EventHubs, blobs: BlobServer) -> None:
    record = Record()
    send(hubs, 0, 400)
    async with running(EventHubsSource(options(hubs, blobs)), Process(record)) as source:
        await until(lambda: len(record.judged) == 400)
        await until(lambda: all(each.behind == 0 for each in source.partitions))
        assert source.problem is None
    assert set(record.judged.values()) == {1}
    assert dict(record.alerts) == dict.fromkeys(expected_alerts(400), 1)
    for number, events in enumerate(hubs.partitions):
        assert checkpoint(blobs, hubs, number) == (len(events) - 1 if events else None)


async def test_reading_resumes_at_the_checkpoint(hubs: EventHubs, blobs: BlobServer) -> None:
    send(hubs, 0, 80)
    first, second = Record(), Record()
    async with running(EventHubsSource(options(hubs, blobs)), Process(first)):
        await until(lambda: len(first.judged) == 80)
    send(hubs, 80, 40)
    # A casebook that knows nothing: the checkpoint alone says where.
    async with running(EventHubsSource(options(hubs, blobs)), Process(second)):
        await until(lambda: len(second.judged) == 40)
    assert set(second.judged) == {f"e-{number}" for number in range(80, 120)}


async def test_what_the_casebook_saved_goes_before_the_checkpoint(hubs: EventHubs, blobs: BlobServer) -> None:
    send(hubs, 0, 80)
    record = Record()
    async with running(EventHubsSource(options(hubs, blobs)), Process(record)):
        await until(lambda: len(record.judged) == 80)
    # As if the casebook were one of yesterday: it asks for what lies behind its own position.
    for partition, (position, counts) in record.saved.items():
        record.saved[partition] = (position // 2, counts)
    again = Process(record)
    left = sum(len(events) - (len(events) - 1) // 2 - 1 for events in hubs.partitions if events)
    async with running(EventHubsSource(options(hubs, blobs)), again):
        await until(lambda: len(again.positions) == left)


async def test_two_processes_share_the_partitions(hubs: EventHubs, blobs: BlobServer) -> None:
    record = Record(save_every=7)
    one, two = Process(record), Process(record)
    async with running(EventHubsSource(options(hubs, blobs)), one):
        await until(lambda: len(one.open_ones) == PARTITIONS)
        send(hubs, 0, 400)
        async with running(EventHubsSource(options(hubs, blobs)), two):
            await until(lambda: len(one.open_ones) == len(two.open_ones) == PARTITIONS // 2)
            send(hubs, 400, 400)
            await until(lambda: len(record.judged) == 800)
        # The second has gone: the first has all again, at once.
        await until(lambda: len(one.open_ones) == PARTITIONS)
        send(hubs, 800, 80)
        await until(lambda: len(record.judged) == 880)
    assert set(record.alerts) == expected_alerts(880)


async def test_owner_change_in_the_middle_of_a_batch(hubs: EventHubs, blobs: BlobServer) -> None:
    record = Record(save_every=20)
    one, two = Process(record), Process(record)
    send(hubs, 0, 400)
    one.may_judge.clear()
    async with running(EventHubsSource(options(hubs, blobs)), one):
        await one.is_judging.wait()
        async with running(EventHubsSource(options(hubs, blobs)), two):
            # What the first holds half judged is taken from it.
            await until(lambda: len(two.open_ones) == PARTITIONS // 2)
            one.may_judge.set()
            await until(lambda: len(record.judged) == 400)
    assert set(record.alerts) == expected_alerts(400)


async def test_poison_is_handed_on_and_passed(hubs: EventHubs, blobs: BlobServer) -> None:
    record = Record()
    send(hubs, 0, 8)
    hubs.send(b"\x00\xffnonsense", partition=0)
    hubs.send(gzip.compress(body("cut", 1))[:40], partition=0, content_encoding="gzip")
    hubs.send(b"", partition=0)
    hubs.send(body("plain", 1), partition=0, content_encoding="gzip")
    hubs.send(gzip.compress(b"{}" * 300), partition=0)
    send(hubs, 8, 8)
    async with running(EventHubsSource(options(hubs, blobs)), Process(record)):
        await until(lambda: len(record.judged) == 17 and record.flood.total() == 200)
    assert [each.kind for each in record.poison[:3]] == ["unreadable", "damaged_gzip", "unreadable"]
    assert [(each.part, each.body) for each in record.poison[3:]] == [(number, b"{}") for number in range(MAX_LETTERS)]
    assert checkpoint(blobs, hubs, 0) == len(hubs.partitions[0]) - 1


async def test_huge_and_endless_messages_cost_no_other(hubs: EventHubs, blobs: BlobServer) -> None:
    record = Record()
    send(hubs, 0, 8)
    hubs.send(b'{"event_id": "' + b"x" * 10_000_000 + b'"}', partition=0)
    hubs.send(gzip.compress(b"\n" * (2 * MAX_UNPACKED_BYTES)), partition=0, content_encoding="gzip")
    hubs.send(gzip.compress(body("a", 1)) + gzip.compress(b"\r\n" + body("b", 1)), partition=0)
    send(hubs, 8, 8)
    async with running(EventHubsSource(options(hubs, blobs)), Process(record)):
        await until(lambda: len(record.judged) == 18 and len(record.poison) == 2)
    huge, endless = record.poison
    assert (huge.kind, huge.size > 10_000_000, len(huge.body) < 20_000) == ("unreadable", True, True)
    assert endless.kind == "too_large"


async def test_broken_connections_lose_and_repeat_nothing(hubs: EventHubs, blobs: BlobServer) -> None:
    record = Record()
    async with running(EventHubsSource(options(hubs, blobs)), Process(record)):
        send(hubs, 0, 200)
        await until(lambda: len(record.judged) > 20)
        hubs.break_connections()
        send(hubs, 200, 200)
        await until(lambda: len(record.judged) == 400)
        await hubs.detach_links()
        send(hubs, 400, 80)
        await until(lambda: len(record.judged) == 480)
    assert set(record.judged.values()) == {1}
    assert set(record.alerts) == expected_alerts(480)


async def test_partition_is_not_read_on_while_judged(hubs: EventHubs, blobs: BlobServer) -> None:
    process = Process(Record())
    process.may_judge.clear()
    for number in range(2_000):
        hubs.send(body(f"e-{number}", 1), partition=0)
    async with running(EventHubsSource(options(hubs, blobs)), process):
        await process.is_judging.wait()
        await asyncio.sleep(1.0)
        assert len(hubs.delivered) <= 200
        process.may_judge.set()
        await until(lambda: len(process.record.judged) == 2_000)


async def test_a_hub_that_is_away_is_waited_for(hubs: EventHubs, blobs: BlobServer) -> None:
    record = Record()
    await hubs.stop()
    async with running(EventHubsSource(options(hubs, blobs)), Process(record)) as source:
        await until(lambda: source.problem is not None)
        assert source.problem == "Event Hubs cannot be reached."
        await hubs.start()
        send(hubs, 0, 40)
        await until(lambda: len(record.judged) == 40)
        # Each partition is opened by itself.
        await until(lambda: source.problem is None)


async def test_start_is_where_the_setting_says(hubs: EventHubs, blobs: BlobServer) -> None:
    hubs.clock = lambda: NOW
    send(hubs, 0, 40)
    hubs.clock = lambda: NOW + timedelta(hours=1)
    send(hubs, 40, 40)
    record = Record()
    async with running(EventHubsSource(options(hubs, blobs, start=NOW + timedelta(minutes=30))), Process(record)):
        await until(lambda: len(record.judged) == 40)
    assert set(record.judged) == {f"e-{number}" for number in range(40, 80)}


async def test_another_hub_of_that_name_is_read_anew(hubs: EventHubs, blobs: BlobServer) -> None:
    record = Record(saved={str(number): (1_000, Counter()) for number in range(PARTITIONS)})
    send(hubs, 0, 40)
    async with running(EventHubsSource(options(hubs, blobs)), Process(record)):
        await until(lambda: len(record.judged) == 40)
