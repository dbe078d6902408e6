"""Whoever waits for a turn is told of its end; the record is read only while somebody waits or watches."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from backend.executor import BlockingExecutor
from backend.services.turn_feed import TurnFeed
from casebook.async_api import AsyncChat
from casebook.chat_api import ChatApi
from casebook.errors import TurnNotFound
from casebook.queries.change_feed import LogReader
from casebook.queries.chat import TurnChange
from tests.support.casebooks import CaseBook
from tests.unit.backend.services.test_turn_relay import draft, post

pytestmark = pytest.mark.anyio


class CountedChat(AsyncChat):
    """Counts how often changes were read."""

    def __init__(self, chat: ChatApi) -> None:
        super().__init__(chat, BlockingExecutor())
        self.reads = 0
        read = self.turns_after

        async def counted(change: int, limit: int = 500) -> Sequence[TurnChange]:
            self.reads += 1
            return await read(change, limit)

        self.turns_after = counted


class Running:
    """A feed that follows, and what it has told."""

    def __init__(self, book: CaseBook) -> None:
        self.chat = ChatApi(book.transactions)
        self.record = CountedChat(self.chat)
        self.ended = asyncio.Event()
        self.changed = asyncio.Event()
        detector = LogReader(book.transactions).open_change_detector
        self.feed = TurnFeed(self.record, detector, self.changed.set, self.ended.set)


@asynccontextmanager
async def following(book: CaseBook) -> AsyncGenerator[Running]:
    running = Running(book)
    task = asyncio.create_task(running.feed.run())
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def send(chat: ChatApi, turn: str) -> None:
    draft(chat, turn)
    chat.send_reply(turn, 1)


async def test_who_waits_is_told_of_the_end(book: CaseBook) -> None:
    async with following(book) as running:
        turn = post(running.chat)
        running.feed.expect(turn)
        waiting = [asyncio.create_task(running.feed.wait_for_end(turn, 60)) for _ in range(3)]
        await asyncio.to_thread(send, running.chat, turn)
        assert await asyncio.gather(*waiting) == [True] * 3
        await asyncio.wait_for(running.ended.wait(), 60)


async def test_wait_for_what_has_ended_is_over_at_once(book: CaseBook) -> None:
    async with following(book) as running:
        turn = post(running.chat)
        send(running.chat, turn)
        assert await running.feed.wait_for_end(turn, None)


async def test_wait_ends_with_its_time(book: CaseBook) -> None:
    async with following(book) as running:
        assert not await running.feed.wait_for_end(post(running.chat), 0.01)


async def test_wait_ends_when_the_process_stops(book: CaseBook) -> None:
    async with following(book) as running:
        turn = post(running.chat)
        waiting = asyncio.create_task(running.feed.wait_for_end(turn, None))
        await asyncio.sleep(0)
        while not waiting.done():
            running.feed.leave()
            await asyncio.sleep(0)
        assert await waiting


async def test_unknown_turn_is_not_waited_for(book: CaseBook) -> None:
    async with following(book) as running:
        with pytest.raises(TurnNotFound):
            await running.feed.wait_for_end("turn-x", None)


async def test_watcher_gets_the_states_in_order(book: CaseBook) -> None:
    phases = ["queued", "drafting", "checking", "sent"]
    async with following(book) as running, running.feed.watching():
        turn = post(running.chat)
        states, seen = [""], 0
        sending = asyncio.create_task(asyncio.to_thread(send, running.chat, turn))
        while states[-1] != "sent":
            await asyncio.wait_for(running.changed.wait(), 60)
            running.changed.clear()
            states += [each.state for each in running.feed.after(seen)]
            seen = running.feed.number
        await sending
    # One that was over before it was read is left out.
    assert states[1:] == [phase for phase in phases if phase in states]


async def test_nothing_is_read_while_nobody_waits(book: CaseBook) -> None:
    async with following(book) as running:
        first = post(running.chat)
        waiting = asyncio.create_task(running.feed.wait_for_end(first, 60))
        await asyncio.to_thread(send, running.chat, first)
        assert await waiting
        # One that had begun may still come.
        before = running.record.reads
        second = post(running.chat, 1, "eve")
        await asyncio.to_thread(send, running.chat, second)
        assert running.record.reads - before <= 1
