import asyncio
from collections.abc import AsyncGenerator

import pytest

from backend.live import feed as feed_module
from backend.live.feed import CaseFeed
from backend.live.pulse import Pulse
from backend.threads import Threads
from casebook.errors import CaseNotFound
from casebook.repository import CaseBook
from contracts.case import CaseEvent
from tests.unit.casebook.builders import ask, open_case

pytestmark = pytest.mark.anyio

WINDOW = 10


class CountingLog:
    """The casebook, counting how often the log is read from where."""

    def __init__(self, book: CaseBook) -> None:
        self.book = book
        self.reads: list[int] = []
        self.summary = book.summary
        self.standing = book.standing
        self.last_seq = book.last_seq

    def events_after(self, seq: int, limit: int = 500) -> list[CaseEvent]:
        self.reads.append(seq)
        return self.book.events_after(seq, limit)


@pytest.fixture
def log(book: CaseBook) -> CountingLog:
    return CountingLog(book)


@pytest.fixture
def pulse() -> Pulse:
    return Pulse()


@pytest.fixture
async def feed(log: CountingLog, pulse: Pulse) -> AsyncGenerator[CaseFeed]:
    opened = CaseFeed(log, Threads(), pulse, window=WINDOW)
    await opened.start()
    running = asyncio.create_task(opened.run())
    yield opened
    running.cancel()


async def until(feed: CaseFeed, pulse: Pulse, seq: int) -> None:
    async with asyncio.timeout(10):
        while feed.last_seq < seq:
            beat = pulse.next_beat()
            if feed.last_seq < seq:
                await beat.wait()


async def read_all(feed: CaseFeed, seq: int) -> list[int]:
    found: list[int] = []
    while messages := await feed.read_after(found[-1] if found else seq):
        found += [message.seq for message in messages]
    return found


async def test_what_another_process_writes_appears(feed: CaseFeed, pulse: Pulse, book: CaseBook) -> None:
    case = open_case(book)
    await until(feed, pulse, 1)
    (message,) = await feed.read_after(0)
    assert (message.seq, message.case_id, message.alert_json is not None) == (1, case, True)


async def test_a_reader_gets_every_event_once_whether_from_the_window_or_from_behind_it(
    feed: CaseFeed, pulse: Pulse, book: CaseBook
) -> None:
    for number in range(1, 4):
        ask(book, open_case(book, number))
    last = book.last_seq()
    assert last > 2 * WINDOW
    await until(feed, pulse, last)
    for seq in (0, 1, last - WINDOW - 1, last - WINDOW, last - WINDOW + 1, last - 1, last):
        assert await read_all(feed, seq) == list(range(seq + 1, last + 1))


async def test_watchers_within_the_window_cost_no_reading(
    feed: CaseFeed, pulse: Pulse, book: CaseBook, log: CountingLog
) -> None:
    for number in range(1, 4):
        open_case(book, number)
    await until(feed, pulse, 3)
    await feed.read_after(0)
    reads = len([seq for seq in log.reads if seq < 3])
    for _ in range(50):
        await feed.read_after(1)
    assert len([seq for seq in log.reads if seq < 3]) == reads


async def test_it_starts_at_the_end_of_the_log(book: CaseBook) -> None:
    open_case(book)
    feed = CaseFeed(book, Threads(), Pulse())
    await feed.start()
    assert feed.last_seq == 1
    assert await feed.resume_after(None) == 1


async def test_an_id_from_another_log_starts_now_and_a_real_one_where_it_was(feed: CaseFeed, book: CaseBook) -> None:
    ask(book, open_case(book))
    assert await feed.resume_after(3) == 3
    assert await feed.resume_after(0) == 0
    assert await feed.resume_after(10_000) == book.last_seq()


async def test_the_status_of_a_case_is_as_new_as_the_log(feed: CaseFeed, pulse: Pulse, book: CaseBook) -> None:
    case = open_case(book)
    await until(feed, pulse, 1)
    first = await feed.status_of(case)
    ask(book, case)
    await until(feed, pulse, book.last_seq())
    second = await feed.status_of(case)
    assert (first.progress.phase, second.progress.phase) == ("investigating", "awaiting_review")
    assert (first.seq, second.seq) == (1, book.last_seq())
    assert set(second.progress.specialists.values()) == {"ok"}
    with pytest.raises(CaseNotFound):
        await feed.status_of("case-nobody")


async def test_what_comes_of_a_decision_appears_without_waiting_for_the_next_look(
    log: CountingLog, pulse: Pulse, book: CaseBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("ACTIVE_S", "QUIET_S", "UNWATCHED_S"):
        monkeypatch.setattr(feed_module, pause, 3_600.0)
    monkeypatch.setattr(feed_module, "EAGER_LOOKS", 1_000_000)
    feed = CaseFeed(log, Threads(), pulse)
    running = asyncio.create_task(feed.run())
    with pulse.watching():
        feed.wake(expect_more=True)
        open_case(book)
        await until(feed, pulse, 1)
        open_case(book, 2)
        await until(feed, pulse, 2)
    running.cancel()
