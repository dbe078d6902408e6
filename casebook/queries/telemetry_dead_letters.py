"""Reads telemetry that was not evaluated, and how much of it there was."""

from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from casebook.policy.telemetry_dead_letters import SourceKind, text_of
from casebook.queries.cursors import page_length, read_position, write_position
from casebook.schema.base import PlainRow, table_of
from casebook.schema.telemetry_dead_letters import TelemetryDeadLetterCountRow, TelemetryDeadLetterRow
from contracts.base import Contract
from contracts.telemetry_dead_letters import (
    DeadLetterCount,
    DeadLetterCounts,
    DeadLetterKind,
    LetterChoice,
    TelemetryDeadLetter,
    TelemetryDeadLetterPage,
)

LETTERS, COUNTS = table_of(TelemetryDeadLetterRow), table_of(TelemetryDeadLetterCountRow)
_NEWEST_FIRST = (LETTERS.c.received_at.desc(), LETTERS.c.letter_id.desc())
_THERE = select(LETTERS.c.source, LETTERS.c.kind, func.count()).group_by(LETTERS.c.source, LETTERS.c.kind)
_POSITION: TypeAdapter[tuple[object, ...]] = TypeAdapter(tuple[str, datetime, str])


class LetterQuery(Contract):
    """Which letters a page lists."""

    source: str | None = None
    kind: DeadLetterKind | None = None


def list_letters(connection: Connection, query: LetterQuery, limit: int, cursor: str | None) -> TelemetryDeadLetterPage:
    """One page, the newest first. Raises MalformedCursor."""
    length = page_length(limit)
    chosen = select(LETTERS).where(*_matching(query.source, query.kind)).order_by(*_NEWEST_FIRST)
    if cursor is not None:
        at, letter_id = read_position(_POSITION, query, cursor)
        chosen = chosen.where(
            or_(
                LETTERS.c.received_at < at,
                and_(LETTERS.c.received_at == at, LETTERS.c.letter_id < letter_id),
            )
        )
    rows = connection.execute(chosen.limit(length + 1)).all()
    shown = rows[:length]
    more = None
    if len(rows) > length:
        more = write_position(_POSITION, query, (shown[-1].received_at, shown[-1].letter_id))
    return TelemetryDeadLetterPage(items=tuple(map(letter_of, shown)), next_cursor=more)


def letter_of(row: PlainRow) -> TelemetryDeadLetter:
    """A row as people see it."""
    return TelemetryDeadLetter(
        letter_id=row.letter_id,
        source=row.source,
        file=row.file,
        partition=row.partition,
        position=row.position,
        received_at=row.received_at,
        kind=row.kind,
        reason=row.reason,
        body=text_of(row.body),
        size=row.size,
        is_whole=len(row.body) == row.size,
        state=row.state,
        tried_at=row.tried_at,
        asked_by=row.asked_by,
        result=row.result,
    )


def kept_by_kind(connection: Connection) -> dict[SourceKind, int]:
    """How many are kept, by source and kind."""
    return {(source, kind): count for source, kind, count in connection.execute(_THERE)}


def has_retries(connection: Connection) -> bool:
    """Whether anything is to be tried again."""
    waiting = select(LETTERS.c.letter_id).where(LETTERS.c.state.in_(("retry_requested", "retrying")))
    return connection.execute(waiting.limit(1)).first() is not None


def read_counts(connection: Connection) -> DeadLetterCounts:
    """All counts, the most frequent first."""
    there = kept_by_kind(connection)
    rows = connection.execute(select(COUNTS).order_by(COUNTS.c.seen.desc(), COUNTS.c.source, COUNTS.c.kind)).all()
    return DeadLetterCounts(
        items=tuple(
            DeadLetterCount(
                source=row.source,
                kind=row.kind,
                count=row.seen,
                kept=there.get((row.source, row.kind), 0),
                last_at=row.last_at,
                last_file=row.last_file,
                last_partition=row.last_partition,
                last_position=row.last_position,
                last_reason=row.last_reason,
            )
            for row in rows
        )
    )


def chosen(choice: LetterChoice) -> list[ColumnElement[bool]]:
    """What holds for the letters of an order."""
    conditions = _matching(choice.source, choice.kind)
    if choice.letter_ids is not None:
        conditions.append(LETTERS.c.letter_id.in_(choice.letter_ids))
    return conditions


def _matching(source: str | None, kind: DeadLetterKind | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if source is not None:
        conditions.append(LETTERS.c.source == source)
    if kind is not None:
        conditions.append(LETTERS.c.kind == kind)
    return conditions
