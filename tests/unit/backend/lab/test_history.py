"""What a stream holds is read to its end, whatever some of its clocks say, and not for ever."""

import asyncio
from contextlib import suppress

import pytest

from backend.ingest import MalformedLine, StreamSource
from backend.ingest.source import Received
from backend.lab.history import StreamHistory
from backend.waiting import wait_for
from contracts.telemetry import TelemetryEvent
from tests.unit.backend.ingest.lines import START, event, names
from tests.unit.backend.ingest.test_stream import Feed, enveloped, lines

pytestmark = pytest.mark.anyio


async def all_of(history: StreamHistory) -> list[TelemetryEvent | MalformedLine]:
    return [each async for each in history.read() if not isinstance(each, Received)]


async def test_event_of_a_fast_clock_ends_no_history() -> None:
    feed = Feed(lines((1, event(-20, "a")), (2, event(240, "ahead")), (3, event(-10, "b"))))
    async with feed.running() as url:
        read = await all_of(StreamHistory(StreamSource(url), START, idle_s=3.0))
    assert names(read) == ["a", "b"]


async def test_history_ends_where_the_present_begins() -> None:
    """Telemetry goes on while it is read: what happens now is not waited for."""

    over, left = asyncio.Event(), asyncio.Event()

    async def goes_on(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n")
        number = 0
        with suppress(ConnectionError):
            while not await wait_for(over, 0.05):
                writer.write(enveloped(number, event(number - 2, f"e{number}")))
                await writer.drain()
                number += 1
        left.set()

    async with Feed(goes_on).running() as url, asyncio.timeout(60):
        read = await all_of(StreamHistory(StreamSource(url), START, idle_s=2.0))
        over.set()
        await left.wait()
    assert names(read) == ["e0", "e1", "e2"]
