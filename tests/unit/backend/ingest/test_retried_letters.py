"""A letter is about one object: it is tried again alone, and what stood beside it is not judged twice."""

import gzip
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.executor import BlockingExecutor
from backend.ingest import IngestService, ReplaySource
from backend.ingest.dead_letters import DeadLetterBook
from backend.ingest.event_bodies import BadPart, events_in
from backend.ingest.retries import LetterRetries
from casebook.async_api import AsyncDeadLetters
from casebook.commands.telemetry_dead_letters import LetterInHand
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.dead_letters_api import DeadLettersApi
from casebook.policy.telemetry_dead_letters import NewLetter
from casebook.queries.telemetry_dead_letters import LetterQuery
from contracts.alert import Alert
from contracts.lines import Line
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_dead_letters import LetterChoice
from contracts.telemetry_reader import Reading, TelemetryReader
from tests.unit.backend.ingest.lines import START, ListSource, line, write

pytestmark = pytest.mark.anyio
LATER = timedelta(hours=1)


@dataclass
class Desk:
    """A recording that is judged, with the record of what was not."""

    letters: AsyncDeadLetters
    now: datetime = START
    judged: list[str] = field(default_factory=list[str])
    """The ids of events, as often as each was judged."""

    @asynccontextmanager
    async def playing(self, recording: Path) -> AsyncGenerator[IngestService]:
        """The service when all of the recording was judged, and what could not be is on record."""
        book = DeadLetterBook(self.letters.keep)
        source = ReplaySource([recording], now=lambda: self.now)
        async with IngestService(
            sources=[source], open_alert=open_nothing, on_telemetry=self.note, dead_letters=book
        ) as service:
            await service.wait_finished()
            await book.settle()
            yield service

    async def retry(self, service: IngestService) -> list[str]:
        """The results of all letters, tried again."""
        await self.letters.request_retry(LetterChoice(), "maria")
        retries = LetterRetries(self.letters, service.judge_again, lambda: service.open_partitions, "one")
        await retries.try_waiting()
        return [each.result or "" for each in (await self.letters.list_letters(LetterQuery(), limit=500)).items]

    def note(self, event: TelemetryEvent) -> None:
        self.judged.append(event.event_id)


async def open_nothing(_: Alert) -> None:
    pass


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    return Desk(AsyncDeadLetters(DeadLettersApi(Transactions(engine)), BlockingExecutor()))


def one(second: float, name: str) -> bytes:
    return line(second, name).strip()


def from_the_future(name: str) -> bytes:
    return one(LATER.total_seconds(), name)


async def test_only_the_bad_object_is_judged_again(tmp_path: Path, desk: Desk) -> None:
    recording = write(tmp_path / "may.jsonl", [b"[%s, %s, %s]" % (one(1, "a"), from_the_future("b"), one(2, "c"))])
    async with desk.playing(recording) as service:
        assert desk.judged == ["a", "c"]
        desk.now = START + 2 * LATER
        assert await desk.retry(service) == ["1 event was evaluated and raised no alert."]
    assert desk.judged == ["a", "c", "b"]


async def test_two_bad_objects_of_one_line_are_two_letters(tmp_path: Path, desk: Desk) -> None:
    bad = from_the_future("b")
    recording = write(tmp_path / "may.jsonl", [b"[%s, %s, %s]" % (bad, one(1, "a"), bad)])
    for _ in range(2):  # what is read again is no further letter
        async with desk.playing(recording) as service:
            assert service.report().dead_letters == {"from_the_future": 2}
    (count,) = (await desk.letters.counts()).items
    assert (count.count, count.kept) == (2, 2)
    kept = (await desk.letters.list_letters(LetterQuery(), limit=9)).items
    assert [(each.body, each.is_whole) for each in kept] == [(bad.decode(), True)] * 2


def in_hand(body: bytes) -> LetterInHand:
    """The letter about all of this body."""
    *_, fault = events_in(body, TelemetryReader())
    assert isinstance(fault, BadPart)
    return LetterInHand("tdl-1", "list", None, "0", 1, START, body, fault.number)


async def test_events_before_a_fault_are_not_judged_again(desk: Desk) -> None:
    whole = gzip.compress(b"".join(line(second, f"e-{second}") for second in range(500)), mtime=0)
    async with IngestService(sources=[ListSource([])], open_alert=open_nothing, on_telemetry=desk.note) as service:
        result = await service.judge_again(in_hand(whole[:-8]))
        assert result.sentence == "It still cannot be evaluated: the packed body is cut off."
    assert desk.judged == []


class WatchedReader(TelemetryReader):
    """Says in which threads it reads."""

    def __init__(self, threads: set[int]) -> None:
        super().__init__()
        self._threads = threads

    def events(self, line: Line) -> Generator[Reading]:
        self._threads.add(threading.get_ident())
        yield from super().events(line)


class WatchedSource(ListSource):
    """A source whose readers say in which threads they read."""

    def __init__(self) -> None:
        super().__init__([])
        self.threads = set[int]()

    def new_reader(self) -> TelemetryReader:
        return WatchedReader(self.threads)


async def test_a_letter_is_read_beside_the_event_loop(desk: Desk) -> None:
    source = WatchedSource()
    async with IngestService(sources=[source], open_alert=open_nothing, on_telemetry=desk.note) as service:
        await service.judge_again(LetterInHand("tdl-1", "list", None, None, 1, START, line(1, "a")))
    assert desk.judged == ["a"]
    assert source.threads
    assert threading.get_ident() not in source.threads


async def test_plain_letters_that_were_called_packed_are_judged(desk: Desk) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    body = line(1, "a")
    await desk.letters.keep([NewLetter("list", None, None, 1, at, "damaged_gzip", "no gzip", body, len(body))], {})
    async with IngestService(sources=[ListSource([])], open_alert=open_nothing, on_telemetry=desk.note) as service:
        assert await desk.retry(service) == ["1 event was evaluated and raised no alert."]
