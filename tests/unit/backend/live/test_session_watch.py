"""Whoever watches with a session that is over is told, by one question for all."""

import asyncio
from collections.abc import Sequence

import pytest

from backend.live import session_watch
from backend.live.broadcast import Broadcast
from backend.live.session_watch import SessionWatch
from casebook.errors import CasebookUnavailable

pytestmark = pytest.mark.anyio


class Record:
    """Which sessions are open, as the test says."""

    def __init__(self) -> None:
        self.over: set[str] = set()
        self.asked: list[list[str]] = []
        self.is_away = False

    async def still_open(self, sessions: Sequence[str]) -> frozenset[str]:
        self.asked.append([*sessions])
        if self.is_away:
            raise CasebookUnavailable("The casebook cannot be reached")
        return frozenset(sessions) - self.over


async def test_all_sessions_are_asked_about_at_once() -> None:
    record = Record()
    watch = SessionWatch(record.still_open, Broadcast())
    await watch.look()
    assert record.asked == []
    with watch.watching("a"), watch.watching("a"), watch.watching("b"):
        await watch.look()
        assert [sorted(each) for each in record.asked] == [["a", "b"]]
        assert not watch.is_over("a")


async def test_watchers_are_woken_once_when_one_is_over() -> None:
    record, broadcast = Record(), Broadcast()
    watch = SessionWatch(record.still_open, broadcast)
    with watch.watching("a"), watch.watching("b"):
        record.over = {"a"}
        change = broadcast.next_change()
        await watch.look()
        assert (watch.is_over("a"), watch.is_over("b"), change.is_set()) == (True, False, True)
        again = broadcast.next_change()
        await watch.look()
        assert not again.is_set()
    # Who comes back with it is refused before; nothing is remembered of who left.
    assert not watch.is_over("a")


async def test_casebook_that_is_away_ends_nothing() -> None:
    record = Record()
    watch = SessionWatch(record.still_open, Broadcast())
    with watch.watching("a"):
        record.over, record.is_away = {"a"}, True
        await watch.look()
        assert not watch.is_over("a")
        record.is_away = False
        await watch.look()
        assert watch.is_over("a")


async def test_end_in_this_process_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_watch, "LOOK_EVERY_S", 3_600.0)
    record, broadcast = Record(), Broadcast()
    watch = SessionWatch(record.still_open, broadcast)
    running = asyncio.create_task(watch.run())
    with watch.watching("a"):
        change = broadcast.next_change()
        record.over = {"a"}
        watch.wake()
        async with asyncio.timeout(60):
            await change.wait()
        assert watch.is_over("a")
    running.cancel()


async def test_end_elsewhere_is_seen_without_being_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_watch, "LOOK_EVERY_S", 0.01)
    record, broadcast = Record(), Broadcast()
    watch = SessionWatch(record.still_open, broadcast)
    running = asyncio.create_task(watch.run())
    with watch.watching("a"):
        change = broadcast.next_change()
        record.over = {"a"}
        async with asyncio.timeout(60):
            await change.wait()
    running.cancel()
