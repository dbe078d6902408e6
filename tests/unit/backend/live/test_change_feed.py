import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from pydantic import JsonValue

from backend.executor import BlockingExecutor
from backend.live import change_feed as feed_module
from backend.live.broadcast import Broadcast
from backend.live.change_feed import ChangeFeed, Pace
from backend.personal_data.masking import Masker
from casebook.errors import CaseNotFound
from casebook.queries.change_feed import ChangeDetector, LogChange, LogReader
from contracts.case import CaseProgress, CaseSummary
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import ask, close_as_failed, open_case
from tests.unit.casebook.replies import hold_reply

pytestmark = pytest.mark.anyio

WINDOW = 10


class CountingSign:
    """What the casebook gives, counting how often it is looked at."""

    def __init__(self, sign: ChangeDetector) -> None:
        self._detector = sign
        self.close = sign.close
        self.looks = 0

    def changed(self) -> bool:
        self.looks += 1
        return self._detector.changed()


class CountingLog:
    """The casebook, counting how often it is read."""

    def __init__(self, book: CaseBook) -> None:
        self._reader = LogReader(book.transactions)
        self.reads: list[int] = []
        """From where the log was read."""
        self.states_read = 0
        self.has_sign = True
        self.sign: CountingSign | None = None

    def last_seq(self) -> int:
        return self._reader.last_seq()

    def changes_after(self, seq: int, limit: int) -> Sequence[LogChange]:
        self.reads.append(seq)
        return self._reader.changes_after(seq, limit)

    def case_state(self, case_id: str) -> tuple[CaseSummary, CaseProgress]:
        self.states_read += 1
        return self._reader.case_state(case_id)

    def open_change_detector(self) -> ChangeDetector | None:
        sign = self._reader.open_change_detector()
        assert sign is not None
        self.sign = CountingSign(sign)
        return self.sign if self.has_sign else None


@pytest.fixture
def log(book: CaseBook) -> CountingLog:
    return CountingLog(book)


@pytest.fixture
def broadcast() -> Broadcast:
    return Broadcast()


@pytest.fixture
async def feed(log: CountingLog, broadcast: Broadcast) -> AsyncGenerator[ChangeFeed]:
    opened = ChangeFeed(log, BlockingExecutor(), broadcast, window=WINDOW)
    async with followed(opened):
        with broadcast.watching():
            await opened.resume_after(None)
            yield opened


@asynccontextmanager
async def followed(feed: ChangeFeed) -> AsyncGenerator[None]:
    await feed.start()
    running = asyncio.create_task(feed.run())
    yield
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def until(feed: ChangeFeed, broadcast: Broadcast, seq: int) -> None:
    async with asyncio.timeout(60):
        while feed.last_seq < seq:
            change = broadcast.next_change()
            if feed.last_seq < seq:
                await change.wait()


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nobody tells that it looked and found nothing
            await asyncio.sleep(0)


async def read_all(feed: ChangeFeed, seq: int) -> list[int]:
    found: list[int] = []
    while messages := await feed.read_after(found[-1] if found else seq):
        found += [message.seq for message in messages]
    return found


async def test_what_another_process_writes_appears(feed: ChangeFeed, broadcast: Broadcast, book: CaseBook) -> None:
    case = open_case(book)
    await until(feed, broadcast, 1)
    (message,) = await feed.read_after(0)
    assert (message.seq, message.case_id, message.alert_json is not None) == (1, case, True)


async def test_case_without_an_alert_appears(feed: ChangeFeed, broadcast: Broadcast, book: CaseBook) -> None:
    case = hold_reply(book)
    await until(feed, broadcast, 1)
    (message,) = await feed.read_after(0)
    assert (message.case_id, message.alert_json, message.change.case.kind) == (case, None, "reply")


async def test_reader_gets_every_event_once_inside_or_behind_window(
    feed: ChangeFeed, broadcast: Broadcast, book: CaseBook
) -> None:
    for number in range(1, 4):
        ask(book, open_case(book, number))
    last = book.last_seq()
    assert last > 2 * WINDOW
    await until(feed, broadcast, last)
    for seq in (0, 1, last - WINDOW - 1, last - WINDOW, last - WINDOW + 1, last - 1, last):
        assert await read_all(feed, seq) == list(range(seq + 1, last + 1))


async def test_watchers_within_the_window_cost_no_reading(
    feed: ChangeFeed, broadcast: Broadcast, book: CaseBook, log: CountingLog
) -> None:
    for number in range(1, 4):
        open_case(book, number)
    await until(feed, broadcast, 3)
    await feed.read_after(0)
    reads = len([seq for seq in log.reads if seq < 3])
    for _ in range(50):
        await feed.read_after(1)
    assert len([seq for seq in log.reads if seq < 3]) == reads


async def test_it_starts_at_the_end_of_the_log(book: CaseBook) -> None:
    open_case(book)
    feed = ChangeFeed(LogReader(book.transactions), BlockingExecutor(), Broadcast())
    await feed.start()
    assert feed.last_seq == 1
    assert await feed.resume_after(None) == 1


async def test_foreign_event_id_starts_now_real_one_resumes(feed: ChangeFeed, book: CaseBook) -> None:
    ask(book, open_case(book))
    assert await feed.resume_after(3) == 3
    assert await feed.resume_after(0) == 0
    assert await feed.resume_after(10_000) == book.last_seq()


async def test_case_status_is_as_new_as_the_log(feed: ChangeFeed, broadcast: Broadcast, book: CaseBook) -> None:
    case = open_case(book)
    await until(feed, broadcast, 1)
    first = await feed.status_of(case, 1)
    ask(book, case)
    await until(feed, broadcast, book.last_seq())
    second = await feed.status_of(case, book.last_seq())
    assert (first.progress.phase, second.progress.phase) == ("investigating", "awaiting_review")
    assert (first.seq, second.seq) == (1, book.last_seq())
    assert set(second.progress.specialists.values()) == {"ok"}
    with pytest.raises(CaseNotFound):
        await feed.status_of("case-nobody", 0)


async def test_one_reading_gives_all_watchers_the_status(
    feed: ChangeFeed, broadcast: Broadcast, book: CaseBook, log: CountingLog
) -> None:
    case = open_case(book)
    await until(feed, broadcast, 1)
    statuses = [await feed.status_of(case, 1) for _ in range(3)]
    assert (log.states_read, {status.seq for status in statuses}) == (0, {1})


async def test_watcher_ahead_of_the_feed_gets_everything(book: CaseBook, log: CountingLog) -> None:
    case = open_case(book)
    feed = ChangeFeed(log, BlockingExecutor(), Broadcast())
    await feed.start()
    assert (await feed.status_of(case, 1)).seq == 1
    ask(book, case)
    seen = await feed.resume_after(None)
    assert seen > feed.last_seq
    assert (await feed.status_of(case, seen)).seq == seen


async def test_while_nobody_watches_the_log_is_not_read(book: CaseBook, log: CountingLog, broadcast: Broadcast) -> None:
    feed = ChangeFeed(log, BlockingExecutor(), broadcast)
    async with followed(feed):
        await eventually(lambda: log.sign is not None)
        for number in range(1, 4):
            open_case(book, number)
            feed.wake()
            await BlockingExecutor().run(log.last_seq)
        assert log.reads == []
        with broadcast.watching():
            assert await feed.resume_after(None) == 3
            case = open_case(book, 4)
            await until(feed, broadcast, 4)
            assert [message.case_id for message in await feed.read_after(3)] == [case]
            assert min(log.reads) >= 3, "it goes on where its first watcher began"
            assert await read_all(feed, 0) == [1, 2, 3, 4], "what was missed is there for who asks"


async def test_returning_watcher_gets_what_was_missed(book: CaseBook, log: CountingLog, broadcast: Broadcast) -> None:
    feed = ChangeFeed(log, BlockingExecutor(), broadcast)
    async with followed(feed):
        open_case(book, 1)
        open_case(book, 2)
        with broadcast.watching():
            seen = await feed.resume_after(1)
            await until(feed, broadcast, 2)
            assert await read_all(feed, seen) == [2]


async def test_quiet_casebook_is_not_read_again(
    feed: ChangeFeed, broadcast: Broadcast, book: CaseBook, log: CountingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "BY_DETECTOR", Pace(0.0, 0.0, 0.0))
    open_case(book)
    await until(feed, broadcast, 1)
    sign = log.sign
    assert sign is not None
    looks = sign.looks
    # What was written while it read makes it read once more.
    await eventually(lambda: sign.looks >= looks + 5)
    reads = len(log.reads)
    await eventually(lambda: sign.looks >= looks + 50)
    assert len(log.reads) == reads


@pytest.mark.parametrize("has_sign", [True, False])
async def test_outcome_of_a_decision_appears_at_once(
    log: CountingLog, broadcast: Broadcast, book: CaseBook, monkeypatch: pytest.MonkeyPatch, has_sign: bool
) -> None:
    for pace in ("BY_DETECTOR", "BY_READING"):
        monkeypatch.setattr(feed_module, pace, replace(getattr(feed_module, pace), active=3_600.0, quiet=3_600.0))
    monkeypatch.setattr(feed_module, "EAGER_FOR_S", 3_600.0)
    log.has_sign = has_sign
    feed = ChangeFeed(log, BlockingExecutor(), broadcast)
    with broadcast.watching():
        async with followed(feed):
            case = open_case(book)
            feed.wake(awaiting=case)
            await until(feed, broadcast, 1)
            ask(book, case)
            await until(feed, broadcast, book.last_seq())


async def test_nobody_is_eager_for_a_case_that_is_closed(
    feed: ChangeFeed, broadcast: Broadcast, book: CaseBook, log: CountingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "BY_DETECTOR", Pace(eager=0.0, active=3_600.0, quiet=3_600.0))
    monkeypatch.setattr(feed_module, "EAGER_FOR_S", 3_600.0)
    case = open_case(book)
    ask(book, case)
    feed.wake(awaiting=case)
    await until(feed, broadcast, book.last_seq())
    close_as_failed(book, case)
    await until(feed, broadcast, book.last_seq())
    sign = log.sign
    assert sign is not None
    looks = sign.looks
    for _ in range(20):
        await BlockingExecutor().run(log.last_seq)
    assert sign.looks <= looks + 2, "once before the reading that this one made necessary; the next is an hour away"


class NotingMasker(Masker):
    """Masks nothing, and notes in which threads."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []

    def json(self, value: JsonValue) -> JsonValue:
        self.threads.append(threading.get_ident())
        return value

    def maskers_of(self, cases: Collection[str]) -> Mapping[str, Masker]:
        return dict.fromkeys(cases, self)


async def test_event_loop_masks_nothing(log: CountingLog, broadcast: Broadcast, book: CaseBook) -> None:
    masker = NotingMasker()
    feed = ChangeFeed(log, BlockingExecutor(), broadcast, window=WINDOW, known=masker)
    async with followed(feed):
        with broadcast.watching():
            await feed.resume_after(None)
            case = open_case(book)
            ask(book, case)
            await until(feed, broadcast, book.last_seq())
            (*_, last) = await feed.read_after(0)
            status = await feed.status_of(case, last.seq)
    assert (status.seq, status.case.state, log.states_read) == (last.seq, "awaiting_review", 0)
    assert masker.threads != []
    assert threading.get_ident() not in masker.threads
