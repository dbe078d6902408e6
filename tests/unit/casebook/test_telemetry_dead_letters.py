"""Telemetry that was not evaluated is kept to a limit, counted beyond it, tried again and dropped on record."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Engine

from casebook.database.transactions import Transactions
from casebook.dead_letters_api import RETRY_LEASE, DeadLettersApi
from casebook.desk_api import DeskApi
from casebook.errors import MalformedCursor
from casebook.policy.telemetry_dead_letters import (
    MAX_LETTERS,
    MAX_OF_KIND,
    NewLetter,
    SourceKind,
    kept_of,
)
from casebook.queries.telemetry_dead_letters import LetterQuery
from contracts.telemetry_dead_letters import KEPT_BYTES, DeadLetterKind, LetterChoice, LetterDrop, TelemetryDeadLetter
from tests.unit.casebook.builders import NOON, SteppingClock
from tests.unit.casebook.test_task_races import all_at_once

ALL = LetterQuery()
HUB = "event hub telemetry"


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock(NOON)


@pytest.fixture
def letters(engine: Engine, clock: SteppingClock) -> DeadLettersApi:
    return DeadLettersApi(Transactions(engine, clock))


def letter(
    position: int,
    *,
    source: str = HUB,
    partition: str | None = "0",
    kind: DeadLetterKind = "unreadable",
    body: bytes = b"?",
    size: int | None = None,
) -> NewLetter:
    at = NOON + timedelta(seconds=position)
    whole = len(body) if size is None else size
    return NewLetter(source, None, partition, position, at, kind, "no event", body, whole)


def listed(letters: DeadLettersApi, query: LetterQuery = ALL) -> Sequence[TelemetryDeadLetter]:
    return letters.list_letters(query, limit=500).items


def count(letters: DeadLettersApi) -> dict[tuple[str, str], tuple[int, int]]:
    return {(each.source, each.kind): (each.count, each.kept) for each in letters.counts().items}


def test_letters_are_listed_newest_first_in_pages(letters: DeadLettersApi) -> None:
    letters.keep([letter(number) for number in range(7)], {})
    positions: list[int] = []
    cursor: str | None = None
    for _ in range(3):
        page = letters.list_letters(ALL, limit=3, cursor=cursor)
        positions += [each.position for each in page.items]
        cursor = page.next_cursor
    assert positions == [6, 5, 4, 3, 2, 1, 0]
    assert cursor is None


def test_page_of_another_query_is_refused(letters: DeadLettersApi) -> None:
    letters.keep([letter(number) for number in range(3)], {})
    cursor = letters.list_letters(ALL, limit=1).next_cursor
    with pytest.raises(MalformedCursor):
        letters.list_letters(LetterQuery(source=HUB), cursor=cursor)


def test_letters_are_filtered_by_source_and_kind(letters: DeadLettersApi) -> None:
    letters.keep([letter(1), letter(2, kind="too_large"), letter(3, source="replay of a.jsonl", partition=None)], {})
    assert [each.position for each in listed(letters, LetterQuery(kind="too_large"))] == [2]
    assert [each.position for each in listed(letters, LetterQuery(source=HUB))] == [2, 1]


def test_what_is_read_again_is_kept_and_counted_once(letters: DeadLettersApi) -> None:
    for _ in range(3):
        letters.keep([letter(1), letter(2)], {})
    assert len(listed(letters)) == 2
    assert count(letters) == {(HUB, "unreadable"): (2, 2)}


def test_parts_of_one_place_are_letters_of_their_own(letters: DeadLettersApi) -> None:
    parts = [replace(letter(1), part=number, parts_before=number) for number in range(3)]
    for _ in range(2):
        letters.keep(parts, {})
    assert count(letters) == {(HUB, "unreadable"): (3, 3)}
    letters.request_retry(LetterChoice(), "maria")
    assert {each.parts_before for each in letters.take_retries("one", {(HUB, "0")}, 10)} == {0, 1, 2}


def test_a_flood_is_counted_beyond_what_is_kept(letters: DeadLettersApi) -> None:
    for start in range(0, MAX_OF_KIND + 300, 100):
        letters.keep([letter(number) for number in range(start, start + 100)], {})
    letters.keep([letter(1, kind="too_large")], {(HUB, "unreadable"): 5_000})
    assert count(letters) == {
        (HUB, "unreadable"): (MAX_OF_KIND + 5_300, MAX_OF_KIND),
        (HUB, "too_large"): (1, 1),
    }
    (most, _) = letters.counts().items
    assert (most.last_partition, most.last_position, most.last_reason) == ("0", MAX_OF_KIND + 299, "no event")


def test_all_sources_together_are_limited() -> None:
    there: dict[SourceKind, int] = {
        (f"source {number}", "unreadable"): MAX_OF_KIND for number in range(MAX_LETTERS // MAX_OF_KIND)
    }
    there["source 0", "unreadable"] -= 1
    assert len(kept_of([letter(1), letter(2)], there)) == 1


def test_only_the_beginning_of_a_body_is_kept(letters: DeadLettersApi) -> None:
    letters.keep([letter(1, body=b"x" * KEPT_BYTES, size=10_000_000), letter(2, body=b"\0\xff ok")], {})
    text, huge = listed(letters)
    assert (len(huge.body), huge.size, huge.is_whole) == (KEPT_BYTES, 10_000_000, False)
    assert (text.body, text.is_whole) == ("\ufffd\ufffd ok", True)


def test_names_with_what_no_database_keeps_are_kept(letters: DeadLettersApi) -> None:
    odd = NewLetter("a\0b" + "c" * 900, None, None, 0, NOON, "unreadable", "\ud800 is no text", b"", 0)
    letters.keep([odd], {})
    assert listed(letters)[0].reason == "? is no text"
    assert len(listed(letters)[0].source) == 500


def test_retry_is_taken_by_one_process_and_recorded(letters: DeadLettersApi, engine: Engine) -> None:
    letters.keep([letter(1), letter(2)], {})
    first, second = [each.letter_id for each in reversed(listed(letters))]
    assert letters.request_retry(LetterChoice(letter_ids=(first,)), "maria") == 1
    assert letters.request_retry(LetterChoice(letter_ids=(first,)), "maria") == 0
    assert letters.has_retries()
    (taken,) = letters.take_retries("one", {(HUB, "0")}, 10)
    assert (taken.letter_id, taken.body) == (first, b"?")
    assert letters.take_retries("two", {(HUB, "0")}, 10) == []
    assert not letters.record_retry(first, "two", "It was evaluated.", evaluated=True)
    assert letters.record_retry(first, "one", "It was evaluated.", evaluated=True)
    done, kept = listed(letters)[1], listed(letters)[0]
    assert (done.state, done.result, done.asked_by) == ("evaluated", "It was evaluated.", "maria")
    assert (kept.letter_id, kept.state) == (second, "kept")
    assert not letters.has_retries()
    (line,) = DeskApi(Transactions(engine)).changes().items
    assert (line.kind, line.actor, line.after) == ("telemetry_retried", "maria", {"count": 1, "letters": [first]})


def test_letters_of_a_partition_wait_for_its_owner(letters: DeadLettersApi) -> None:
    letters.keep([letter(1), letter(2, partition="1"), letter(3, source="replay", partition=None)], {})
    letters.request_retry(LetterChoice(), "maria")
    assert [each.position for each in letters.take_retries("one", {(HUB, "1")}, 10)] == [2, 3]
    assert [each.position for each in letters.take_retries("two", {(HUB, "0")}, 10)] == [1]


def test_letter_of_a_dead_process_is_taken_by_another(letters: DeadLettersApi, clock: SteppingClock) -> None:
    letters.keep([letter(1)], {})
    letters.request_retry(LetterChoice(), "maria")
    assert len(letters.take_retries("one", {(HUB, "0")}, 10)) == 1
    clock.now += RETRY_LEASE
    assert len(letters.take_retries("two", {(HUB, "0")}, 10)) == 1


def test_what_is_not_kept_whole_is_not_tried_again(letters: DeadLettersApi) -> None:
    letters.keep([letter(1, size=2)], {})
    assert letters.request_retry(LetterChoice(), "maria") == 0


def test_dropped_letters_leave_a_line_and_their_counts(letters: DeadLettersApi, engine: Engine) -> None:
    letters.keep([letter(number) for number in range(150)], {})
    assert letters.drop(LetterDrop(source=HUB, reason="A test of ours."), "alex") == 150
    assert listed(letters) == ()
    assert count(letters) == {(HUB, "unreadable"): (150, 0)}
    (line,) = DeskApi(Transactions(engine)).changes().items
    assert (line.kind, line.actor, line.after) == ("telemetry_dropped", "alex", {"reason": "A test of ours."})
    assert line.before is not None
    assert line.before["count"] == 150
    assert letters.drop(LetterDrop(reason="Nothing is left."), "alex") == 0


def test_processes_that_keep_at_once_count_all(letters: DeadLettersApi) -> None:
    all_at_once(
        [
            partial(letters.keep, [letter(number) for number in range(start, start + 50)], {})
            for start in range(0, 200, 50)
        ]
    )
    assert count(letters) == {(HUB, "unreadable"): (200, 200)}
