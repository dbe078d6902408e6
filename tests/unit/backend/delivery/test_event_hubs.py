import asyncio
import gc
import gzip
import json
import logging
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from azure.eventhub.aio import EventHubProducerClient

from backend.delivery.errors import SendingFailed
from backend.delivery.event_hubs import EventHubsSender
from backend.delivery.event_hubs_options import MIN_BATCH_BYTES, Compression, EventHubsOptions
from backend.delivery.event_log import EventLogSender
from contracts.domain_events import CloudEvent, MessageSent
from tests.support.event_hubs import EventHubs, Fate, StoredEvent
from tests.unit.backend.delivery.events import an_event

# The SDK leaves the socket of a connection that was broken by the hub to the garbage collector.
pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::ResourceWarning")]

UNREACHABLE = "Event Hubs cannot be reached."


@pytest.fixture
async def hubs() -> AsyncGenerator[EventHubs]:
    async with EventHubs() as hubs:
        yield hubs
    gc.collect()


@pytest.fixture
async def sender(hubs: EventHubs) -> AsyncGenerator[EventHubsSender]:
    sender = EventHubsSender(options(hubs))
    yield sender
    await sender.close()


def options(
    hubs: EventHubs, batch_events: int = 500, batch_bytes: int | None = None, compression: Compression = "none"
) -> EventHubsOptions:
    return EventHubsOptions(
        hub=hubs.hub,
        connection_string=hubs.connection_string,
        batch_events=batch_events,
        batch_bytes=batch_bytes,
        compression=compression,
    )


async def send(chosen: EventHubsOptions, events: Sequence[CloudEvent]) -> None:
    """By a sender of its own."""
    sender = EventHubsSender(chosen)
    try:
        await sender.send(events)
    finally:
        await sender.close()


def events_of(count: int, subjects: int = 1, first: int = 1) -> list[CloudEvent]:
    """Numbered events whose subjects take turns."""
    return [an_event(number, f"case/case-{number % subjects}") for number in range(first, first + count)]


def ids_by_subject(events: Sequence[CloudEvent]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(event.subject, []).append(event.id)
    return found


def stored_by_subject(stored: Sequence[StoredEvent]) -> dict[str, list[str]]:
    """The ids of each subject, in the order of its partition, each where it came first."""
    found: dict[str, dict[str, None]] = {}
    for event in stored:
        found.setdefault(event.partition_key, {})[event.message_id] = None
    return {subject: list(ids) for subject, ids in found.items()}


def body_of(event: StoredEvent) -> dict[str, Any]:
    return json.loads(event.body)


async def test_an_event_arrives_as_a_cloud_event(hubs: EventHubs, sender: EventHubsSender) -> None:
    event = an_event(7, "conversation/böb 🐦", text="ünïcode")
    await sender.send([event])

    (stored,) = hubs.events
    assert (stored.partition_key, stored.message_id) == ("conversation/böb 🐦", "7-TaskDeleted")
    assert (stored.content_type, stored.content_encoding) == ("application/cloudevents+json", None)
    assert body_of(stored) == event.model_dump(mode="json")


async def test_the_events_of_a_subject_arrive_in_order(hubs: EventHubs, sender: EventHubsSender) -> None:
    first, second = events_of(200, 7), events_of(200, 7, first=201)
    await sender.send(first)
    await sender.send(second)

    partitions = {(event.partition_key, event.partition) for event in hubs.events}
    assert stored_by_subject(hubs.events) == ids_by_subject([*first, *second])
    assert len(partitions) == 7, "each subject lies in one partition"
    assert len({partition for _, partition in partitions}) > 1
    assert len(hubs.events) == 400


async def test_a_long_subject_has_a_shorter_key(hubs: EventHubs, sender: EventHubsSender) -> None:
    await sender.send([an_event(1, "case/" + "x" * 124), an_event(2, "case/" + "x" * 124), an_event(3, "a" * 128)])

    assert sorted((len(event.partition_key), event.message_id) for event in hubs.events) == [
        (64, "1-TaskDeleted"),
        (64, "2-TaskDeleted"),
        (128, "3-TaskDeleted"),
    ]


async def test_a_batch_has_as_many_events_as_set(hubs: EventHubs) -> None:
    await send(options(hubs, batch_events=40), events_of(100))

    assert hubs.batches == [40, 40, 20]
    assert stored_by_subject(hubs.events) == ids_by_subject(events_of(100))


async def test_a_batch_has_as_many_bytes_as_set(hubs: EventHubs) -> None:
    await send(options(hubs, batch_bytes=2_000), events_of(50))

    assert len(hubs.batches) > 5
    assert sum(hubs.batches) == 50
    assert stored_by_subject(hubs.events) == ids_by_subject(events_of(50))


async def test_a_batch_of_many_frames_arrives_whole(hubs: EventHubs, sender: EventHubsSender) -> None:
    await sender.send([an_event(number, text="x" * 50_000) for number in range(1, 16)])

    assert hubs.batches == [15]
    assert [len(body_of(event)["data"]["text"]) for event in hubs.events] == [50_000] * 15


async def test_what_the_hub_takes_ends_a_batch() -> None:
    async with EventHubs(max_message_bytes=10_000) as hubs:
        await send(options(hubs), [an_event(number, text="x" * 4_000) for number in range(1, 6)])

        assert hubs.batches == [2, 2, 1]


async def test_the_largest_event_fits_the_smallest_batch(hubs: EventHubs) -> None:
    user, turn = "\N{GRINNING FACE}" * 128, "turn-" + "1" * 32
    data = MessageSent(user_id=user, turn_id=turn, reviewed=True).model_dump(mode="json")
    event = an_event(2**62, f"conversation/{user}", "MessageSent").model_copy(update={"data": data})
    await send(options(hubs, batch_bytes=MIN_BATCH_BYTES), [event])

    assert [stored.message_id for stored in hubs.events] == [event.id]


async def test_a_fault_that_nobody_foresaw_is_said(
    hubs: EventHubs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise KeyError("a part of the SDK")

    monkeypatch.setattr(EventHubProducerClient, "create_batch", fail)
    with pytest.raises(SendingFailed, match=r"^Event Hubs did not take the events \(KeyError\)\.$"):
        await send(options(hubs), events_of(1))

    assert [record for record in caplog.records if record.exc_info]


async def test_a_body_is_compressed_when_set(hubs: EventHubs) -> None:
    event = an_event(1, text="x" * 10_000)
    await send(options(hubs, compression="gzip"), [event])

    (stored,) = hubs.events
    assert (stored.content_encoding, stored.content_type) == ("gzip", "application/cloudevents+json")
    assert len(stored.body) < 1_000
    assert json.loads(gzip.decompress(stored.body)) == event.model_dump(mode="json")


async def test_an_event_that_fits_no_batch_is_said() -> None:
    async with EventHubs(max_message_bytes=2_000) as hubs:
        with pytest.raises(SendingFailed, match=r"^The event '1-TaskDeleted' is larger than a batch may be\.$"):
            await send(options(hubs), [an_event(1, "case/case-1", text="x" * 4_000)])

        assert hubs.events == []


@pytest.mark.parametrize("fate", ["lose", "keep"])
async def test_a_hub_killed_mid_batch_loses_nothing(hubs: EventHubs, sender: EventHubsSender, fate: Fate) -> None:
    """Killed with the third batch, which it has kept or not; and down until it is started again."""
    events = events_of(60, 3)
    down: list[asyncio.Task[None]] = []

    def die_with_the_third(_: list[StoredEvent]) -> Fate:
        if len(hubs.batches) < 2:
            return "accept"
        down.append(asyncio.create_task(hubs.stop()))
        return fate

    hubs.fate = die_with_the_third
    with pytest.raises(SendingFailed, match=UNREACHABLE):
        await sender.send(events)
    before = len(hubs.events)
    await asyncio.gather(*down)
    hubs.fate = lambda _: "accept"
    await hubs.start()
    await sender.send(events)

    assert before == (60 if fate == "keep" else 40)
    assert stored_by_subject(hubs.events) == ids_by_subject(events)


async def test_a_connection_that_breaks_once_is_no_failure(hubs: EventHubs, sender: EventHubsSender) -> None:
    fates: list[Fate] = ["accept", "lose", "accept", "accept"]
    hubs.fate = lambda _: fates.pop(0)
    await sender.send(events_of(30, 3))

    assert stored_by_subject(hubs.events) == ids_by_subject(events_of(30, 3))
    assert hubs.connections == 2


async def test_a_connection_that_was_idle_is_opened_again(hubs: EventHubs, sender: EventHubsSender) -> None:
    await sender.send(events_of(1))
    hubs.break_connections()
    await sender.send(events_of(1, first=2))
    await hubs.detach_links()
    await sender.send(events_of(1, first=3))

    assert [event.message_id for event in hubs.events] == ["1-TaskDeleted", "2-TaskDeleted", "3-TaskDeleted"]


async def test_a_batch_that_is_refused_is_a_failure(hubs: EventHubs, sender: EventHubsSender) -> None:
    hubs.fate = lambda _: "reject"
    with pytest.raises(SendingFailed, match=r"^Event Hubs did not take the events \(\w+\)\.$"):
        await sender.send(events_of(1))

    assert hubs.events == []


async def test_a_token_that_is_refused_is_named(hubs: EventHubs, sender: EventHubsSender) -> None:
    hubs.token_status = 401
    with pytest.raises(SendingFailed, match="did not let this process in: check its identity and its role"):
        await sender.send(events_of(1))


async def test_a_hub_that_is_down_is_a_failure(hubs: EventHubs, sender: EventHubsSender) -> None:
    await hubs.stop()
    with pytest.raises(SendingFailed, match=UNREACHABLE) as failed:
        await sender.send(events_of(1))
    await hubs.start()
    await sender.send(events_of(1))

    assert "SharedAccessKey" not in str(failed.value)
    assert len(hubs.events) == 1


async def test_a_namespace_is_asked_as_an_identity(hubs: EventHubs) -> None:
    """With TLS, which the stand-in does not speak."""
    address = hubs.connection_string.partition("sb://")[2].partition(";")[0]
    with pytest.raises(SendingFailed, match=UNREACHABLE):
        await send(EventHubsOptions(hub="events", namespace=address), events_of(1))

    assert hubs.events == []


EMULATOR = "Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true"
ONE_OF_TWO = "give either a namespace or the connection string of the emulator"
KEY = "only the emulator's connection string"
WRONG: dict[str, tuple[str, str | None, str | None, str]] = {
    "nothing": ("events", None, None, ONE_OF_TWO),
    "both": ("events", "contoso.servicebus.windows.net", EMULATOR, ONE_OF_TWO),
    "no hub": ("", None, EMULATOR, "the event hub has no name"),
    "a key": (
        "events",
        None,
        "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=b",
        KEY,
    ),
    "no emulator": ("events", None, EMULATOR.replace("true", "false"), KEY),
    "a hint of one": ("events", None, EMULATOR.replace(";Use", "Use"), KEY),
}


@pytest.mark.parametrize(("hub", "namespace", "connection_string", "phrase"), WRONG.values(), ids=WRONG.keys())
def test_options_that_do_not_fit_are_refused(
    hub: str, namespace: str | None, connection_string: str | None, phrase: str
) -> None:
    with pytest.raises(ValueError, match=phrase):
        EventHubsOptions(hub=hub, namespace=namespace, connection_string=connection_string)


def test_options_show_no_key() -> None:
    assert "SharedAccessKey" not in repr(EventHubsOptions(hub="events", connection_string=EMULATOR))


async def test_the_log_has_a_line_for_each_event(caplog: pytest.LogCaptureFixture) -> None:
    events = events_of(3)
    with caplog.at_level(logging.INFO, logger="casewright.events"):
        await EventLogSender().send(events)

    assert [CloudEvent.model_validate_json(record.getMessage()) for record in caplog.records] == events
