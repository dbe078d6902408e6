"""What an event hub holds is read beside its owner, who notices nothing."""

import asyncio
import gc
import json
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from azure.eventhub.aio import EventHubConsumerClient

from backend.ingest.event_hubs_options import CheckpointOptions, TelemetryHubOptions
from backend.ingest.report import MalformedLine
from backend.ingest.source import Received, TelemetrySource
from backend.lab import hub_history
from backend.lab.history import HistoryUnavailable
from backend.lab.hub_history import hub_histories
from contracts.telemetry import TelemetryEvent
from runtime.cancellation import end
from runtime.event_hub_address import HubAddress
from tests.support.event_hubs import EventHubs

# The SDK leaves the socket of a connection that was broken by the hub to the garbage collector.
pytestmark = [pytest.mark.anyio, pytest.mark.integration, pytest.mark.filterwarnings("ignore::ResourceWarning")]

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LIVE, LAB = "$default", "lab"
CHECKPOINTS = "AccountName=devstoreaccount1;AccountKey=any;BlobEndpoint=http://127.0.0.1:1/devstoreaccount1"


@pytest.fixture
async def hubs(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[EventHubs]:
    # What ends a reading here is the newest message, and not a busy machine's silence.
    monkeypatch.setattr(hub_history, "IDLE_S", 60.0)
    async with EventHubs(partitions=2) as hubs:
        hubs.clock = lambda: NOW
        yield hubs
    gc.collect()


def options(hubs: EventHubs) -> TelemetryHubOptions:
    return TelemetryHubOptions(
        HubAddress(hubs.hub, connection_string=hubs.connection_string),
        CheckpointOptions(connection_string=CHECKPOINTS),
        batch_events=10,
    )


def an_event(number: int) -> bytes:
    event = {
        "event_id": f"e-{number}",
        "customer_id": 1 + number % 5,
        "occurred_at": (NOW + timedelta(seconds=number)).isoformat(),
        "kind": "auth_failure",
        "attributes": {"ip": "192.0.2.1"},
    }
    return json.dumps(event).encode()


async def read(sources: Sequence[TelemetrySource]) -> list[TelemetryEvent | Received | MalformedLine]:
    return [reading for source in sources for reading in [each async for each in source.read()]]


async def test_all_that_a_hub_holds_is_read(hubs: EventHubs) -> None:
    for number in range(40):
        hubs.send(an_event(number), partition=0)
    hubs.send(b"nonsense", partition=0)
    async with asyncio.timeout(60), hub_histories(options(hubs), LAB, NOW - timedelta(days=1), timedelta(days=1)) as s:
        # What comes while it is read is not of the past.
        hubs.send(an_event(100), partition=0)
        (source,) = s
        readings = await read([source])
    received = [each for each in readings if isinstance(each, Received)]
    assert [each.event.event_id for each in received] == [f"e-{number}" for number in range(40)]
    assert {each.arrived_at for each in received} == {NOW}
    (bad,) = [each for each in readings if isinstance(each, MalformedLine)]
    assert (bad.file, bad.line) == ("partition 0", 40)


async def test_only_what_came_since_is_read(hubs: EventHubs) -> None:
    hubs.send(an_event(1), partition=1)
    hubs.clock = lambda: NOW + timedelta(days=2)
    hubs.send(an_event(2), partition=1)
    async with asyncio.timeout(60), hub_histories(options(hubs), LAB, NOW + timedelta(days=1), timedelta(days=9)) as s:
        readings = await read(s)
    assert [each.event.event_id for each in readings if isinstance(each, Received)] == ["e-2"]


async def test_owner_of_another_group_goes_on(hubs: EventHubs) -> None:
    for number in range(20):
        hubs.send(an_event(number), partition=0)
    taken, has_all, has_more = list[object](), asyncio.Event(), asyncio.Event()
    owner = EventHubConsumerClient.from_connection_string(hubs.connection_string, LIVE, eventhub_name=hubs.hub)

    async def take(_: object, events: Sequence[object]) -> None:
        taken.extend(events)
        if len(taken) >= 20:
            has_all.set()
        if len(taken) > 20:
            has_more.set()

    receiving = owner.receive_batch(take, partition_id="0", owner_level=0, starting_position="-1", max_wait_time=1)
    task = asyncio.create_task(receiving)
    async with asyncio.timeout(60):
        await has_all.wait()
        async with hub_histories(options(hubs), LAB, NOW - timedelta(days=1), timedelta(days=1)) as sources:
            assert len(await read(sources)) == 20
        hubs.send(an_event(21), partition=0)
        await has_more.wait()
    assert not task.done()
    await end(task)
    await owner.close()


async def test_group_of_an_owner_is_refused_with_a_sentence(hubs: EventHubs) -> None:
    hubs.send(an_event(1), partition=0)
    owner = EventHubConsumerClient.from_connection_string(hubs.connection_string, LIVE, eventhub_name=hubs.hub)
    begun = asyncio.Event()

    async def take(_: object, __: Sequence[object]) -> None:
        begun.set()

    receiving = owner.receive_batch(take, partition_id="0", owner_level=0, starting_position="-1", max_wait_time=1)
    task = asyncio.create_task(receiving)
    async with asyncio.timeout(60):
        await begun.wait()
        async with hub_histories(options(hubs), LIVE, NOW - timedelta(days=1), timedelta(days=1)) as sources:
            with pytest.raises(HistoryUnavailable, match=r"^Event Hubs "):
                await read(sources)
    await end(task)
    await owner.close()
