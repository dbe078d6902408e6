"""Following the event log: from any offset, by many, at any pace."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from local.telemetry.log import EventLog


def filled(count: int, capacity: int = 100) -> EventLog:
    log = EventLog(capacity)
    for n in range(count):
        log.append(b'"e%d"' % n)
    return log


async def read(stream: AsyncIterator[bytes], count: int) -> list[int]:
    """The offsets of the next `count` lines or more, checking that each carries its own event."""
    lines: list[Any] = []
    while len(lines) < count:
        lines += [json.loads(line) for line in (await anext(stream)).splitlines()]
    if all(line["event"].startswith("e") for line in lines):
        assert all(line["event"] == f"e{line['offset']}" for line in lines)
    return [line["offset"] for line in lines]


def test_new_reader_starts_at_oldest_resumed_one_behind_last():
    async def scenario() -> None:
        log = filled(5)
        assert await read(log.follow(None), 5) == [0, 1, 2, 3, 4]
        assert await read(log.follow(-1), 5) == [0, 1, 2, 3, 4]
        assert await read(log.follow(2), 2) == [3, 4]

    asyncio.run(scenario())


def test_waiting_readers_all_get_the_next_line():
    async def scenario() -> None:
        log = filled(1)
        readers = [asyncio.create_task(read(log.follow(None), 2)) for _ in range(50)]
        await asyncio.sleep(0)
        log.append(b'"e1"')
        assert await asyncio.gather(*readers) == [[0, 1]] * 50

    asyncio.run(scenario())


def test_reader_that_fell_behind_continues_with_oldest_left():
    async def scenario() -> None:
        log = filled(3, capacity=10)
        slow = log.follow(None)
        assert await read(slow, 3) == [0, 1, 2]
        for n in range(3, 40):
            log.append(b'"e%d"' % n)
        assert await read(slow, 10) == list(range(30, 40))
        assert log.oldest_offset == 30

    asyncio.run(scenario())


def test_an_offset_of_an_earlier_run_starts_over():
    async def scenario() -> None:
        assert await read(filled(3).follow(5_000), 3) == [0, 1, 2]

    asyncio.run(scenario())


def test_the_last_offset_waits_for_the_next_line():
    async def scenario() -> None:
        log = filled(3)
        reader = asyncio.create_task(read(log.follow(2), 1))
        await asyncio.sleep(0)
        assert not reader.done()
        log.append(b'"e3"')
        assert await reader == [3]

    asyncio.run(scenario())


def test_closing_ends_every_stream_after_what_is_there():
    async def scenario() -> None:
        log = filled(2)
        waiting = log.follow(1)
        task = asyncio.ensure_future(anext(waiting, None))
        await asyncio.sleep(0)
        log.close()
        assert await task is None
        assert [chunk async for chunk in log.follow(None)] == [
            b'{"offset":0,"event":"e0"}\n{"offset":1,"event":"e1"}\n'
        ]

    asyncio.run(scenario())
