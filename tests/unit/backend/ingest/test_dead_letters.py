"""What is not evaluated is put on record without slowing what is, and judged again when a manager asks."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.executor import BlockingExecutor
from backend.ingest import IngestService, MalformedLine, ReplaySource
from backend.ingest.dead_letters import MAX_WAITING, DeadLetterBook
from backend.ingest.retries import LetterRetries, RetryResult
from casebook.async_api import AsyncDeadLetters
from casebook.commands.telemetry_dead_letters import LetterInHand
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.dead_letters_api import DeadLettersApi
from casebook.errors import CasebookUnavailable
from casebook.policy.telemetry_dead_letters import NewLetter, SourceKind
from casebook.queries.telemetry_dead_letters import LetterQuery
from contracts.alert import Alert
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_dead_letters import LetterChoice, TelemetryDeadLetter
from tests.unit.backend.ingest.lines import FakeTime, ListSource, line, write

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Record:
    """Keeps what it is given, or is away so many times first."""

    def __init__(self, failures: int = 0) -> None:
        self.letters: list[NewLetter] = []
        self.beyond = Counter[SourceKind]()
        self.failures = failures

    async def keep(self, letters: Sequence[NewLetter], beyond: Mapping[SourceKind, int]) -> int:
        if self.failures:
            self.failures -= 1
            raise CasebookUnavailable("The casebook is away.")
        self.letters += letters
        self.beyond.update(beyond)
        return len(letters)


@pytest.fixture
def letters(tmp_path: Path) -> AsyncDeadLetters:
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    return AsyncDeadLetters(DeadLettersApi(Transactions(engine)), BlockingExecutor())


async def listed(letters: AsyncDeadLetters) -> Sequence[TelemetryDeadLetter]:
    return (await letters.list_letters(LetterQuery(), limit=500)).items


async def open_nothing(_: Alert) -> None:
    pass


def ignore(_: TelemetryEvent) -> None:
    pass


def letter(number: int) -> NewLetter:
    return NewLetter("a", None, None, number, NOON, "unreadable", "no event", b"?", 1)


async def test_a_flood_is_counted_and_costs_no_memory() -> None:
    record = Record()
    book = DeadLetterBook(record.keep)
    for number in range(3 * MAX_WAITING):
        book.add(letter(number))
    await book.settle()
    assert len(record.letters) == MAX_WAITING
    assert record.beyond == {("a", "unreadable"): 2 * MAX_WAITING}


async def test_a_record_that_is_away_is_waited_for() -> None:
    record, time = Record(failures=3), FakeTime()
    book = DeadLetterBook(record.keep, sleep=time.sleep)
    book.add(letter(1))
    await book.settle()
    assert [each.position for each in record.letters] == [1]
    assert len(time.slept) == 3


async def test_letters_are_written_while_others_come() -> None:
    record = Record()
    book = DeadLetterBook(record.keep)
    running = asyncio.create_task(book.run())
    book.add(letter(1))
    async with asyncio.timeout(60):
        while not record.letters:  # noqa: ASYNC110 - the record tells nobody
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])


async def test_bad_lines_are_kept_with_file_and_line(tmp_path: Path, letters: AsyncDeadLetters) -> None:
    recording = write(tmp_path / "may.jsonl", [line(1), b"nonsense\n", line(2)])
    book = DeadLetterBook(letters.keep)
    source = ReplaySource([recording])
    async with IngestService(
        sources=[source],
        open_alert=open_nothing,
        on_telemetry=ignore,
        dead_letters=book,
    ) as ingest:
        await ingest.wait_finished()
    await book.settle()
    (kept,) = await listed(letters)
    assert (kept.source, kept.file, kept.position) == ("replay of may.jsonl", "may.jsonl", 2)
    assert (kept.kind, kept.body) == ("unreadable", "nonsense")
    (count,) = (await letters.counts()).items
    assert (count.count, count.last_file, count.last_position) == (1, "may.jsonl", 2)


async def tried(letters: AsyncDeadLetters, body: bytes) -> tuple[TelemetryDeadLetter, list[str]]:
    """A letter with this body after it was tried again, and the alerts that were opened."""
    opened: list[str] = []

    async def open_alert(alert: Alert) -> None:
        opened.append(alert.alert_id)

    bad = MalformedLine(file="a", line=3, reason="no event", body=body, size=len(body))
    book = DeadLetterBook(letters.keep)
    async with IngestService(
        sources=[ListSource([bad])],
        open_alert=open_alert,
        on_telemetry=ignore,
        dead_letters=book,
    ) as ingest:
        await ingest.wait_finished()
        await book.settle()
        await letters.request_retry(LetterChoice(), "maria")
        retries = LetterRetries(letters, ingest.judge_again, lambda: ingest.open_partitions, "one")
        await retries.try_waiting()
    (after,) = await listed(letters)
    return after, opened


async def test_a_letter_is_judged_again_and_raises_its_alert(letters: AsyncDeadLetters) -> None:
    after, opened = await tried(letters, b"".join(line(second) for second in range(7)))
    assert opened == ["auth_failures-7-20260302t120000z"]
    assert (after.state, after.asked_by) == ("evaluated", "maria")
    assert after.result == "7 events were evaluated and raised auth_failures-7-20260302t120000z."


async def test_a_letter_that_fails_again_says_why(letters: AsyncDeadLetters) -> None:
    after, _ = await tried(letters, b"nonsense")
    assert after.state == "failed_again"
    assert after.result is not None
    assert after.result.startswith("It still cannot be evaluated: ")


async def test_what_is_readable_of_a_letter_counts(letters: AsyncDeadLetters) -> None:
    after, _ = await tried(letters, line(1) + b"nonsense\n" + json.dumps({"kind": "login"}).encode())
    assert after.state == "failed_again"
    assert (after.result or "").startswith("1 event was evaluated and raised no alert. The rest cannot be: ")


async def test_what_cannot_be_kept_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(_: Sequence[NewLetter], __: Mapping[SourceKind, int]) -> int:
        raise ValueError("a fault in the program")

    book = DeadLetterBook(refuse)
    book.add(letter(1))
    await book.settle()
    assert "1 dead letters could not be put on record." in caplog.text


async def test_letter_that_breaks_the_judge_breaks_no_other(letters: AsyncDeadLetters) -> None:
    await letters.keep([letter(1), letter(2)], {})
    await letters.request_retry(LetterChoice(), "maria")

    async def judge(of: LetterInHand) -> RetryResult:
        if of.position == 1:
            raise RuntimeError("a fault in the program")
        return RetryResult(True, "1 event was evaluated and raised no alert.")

    await LetterRetries(letters, judge, list[tuple[str, str]], "one").try_waiting()
    states = {each.position: (each.state, each.result) for each in await listed(letters)}
    assert states[1] == ("failed_again", "It could not be judged (RuntimeError).")
    assert states[2] == ("evaluated", "1 event was evaluated and raised no alert.")
