"""Keeps telemetry that was not evaluated, and what people and processes do with it. Each command is one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import Connection, delete, or_, select, tuple_, update

from casebook.case_log.desk_chain import Changed
from casebook.commands.desk_log import log_change
from casebook.database.upserts import upsert
from casebook.policy.telemetry_dead_letters import NewLetter, SourceKind, kept_of, storable
from casebook.queries.telemetry_dead_letters import COUNTS, LETTERS, chosen, kept_by_kind
from contracts.telemetry_dead_letters import KEPT_BYTES, LetterChoice, LetterDrop

NAME = "telemetry"
"""What the desk log calls that which dead letters belong to."""
MAX_LISTED = 100
"""Letters that a line of the desk log names; of more it says how many."""


@dataclass(frozen=True)
class LetterInHand:
    """A dead letter that is tried again."""

    letter_id: str
    source: str
    file: str | None
    partition: str | None
    position: int
    received_at: datetime
    body: bytes
    parts_before: int = 0
    """How many parts in the beginning of `body` were evaluated, or are apart from this."""


def keep_letters(
    connection: Connection, letters: Sequence[NewLetter], beyond: Mapping[SourceKind, int], now: datetime
) -> int:
    """Keep as many as there is room for, and count all; how many were kept. `beyond`: more that are only counted.

    What is on record already is neither kept nor counted again.
    """
    found = {letter.letter_id: letter for letter in letters}
    # Whoever writes waits here for the commit of another, so that nobody counts the same room twice.
    connection.execute(select(COUNTS.c.source).order_by(COUNTS.c.source, COUNTS.c.kind).with_for_update()).all()
    known = select(LETTERS.c.letter_id).where(LETTERS.c.letter_id.in_(found))
    for letter_id in connection.scalars(known).all():
        del found[letter_id]
    kept = kept_of(list(found.values()), kept_by_kind(connection))
    if kept:
        put = upsert(connection, LETTERS).on_conflict_do_nothing(index_elements=["letter_id"])
        connection.execute(put, [_row(letter) for letter in kept])
    _count(connection, list(found.values()), beyond, now)
    return len(kept)


def request_retry(connection: Connection, choice: LetterChoice, actor: str, now: datetime) -> int:
    """Let a process that reads telemetry try letters again; how many. One that is not kept whole cannot be tried."""
    waiting = LETTERS.c.state.in_(("kept", "failed_again"))
    rows = connection.execute(
        select(LETTERS.c.letter_id, LETTERS.c.body, LETTERS.c.size).where(waiting, *chosen(choice)).with_for_update()
    ).all()
    ids = [row.letter_id for row in rows if len(row.body) == row.size]
    _update(connection, ids, {"state": "retry_requested", "asked_by": actor})
    if ids:
        log_change(connection, Changed(now, actor, "telemetry_retried", NAME, None, _named(ids)))
    return len(ids)


def drop_letters(connection: Connection, drop: LetterDrop, actor: str, now: datetime) -> int:
    """Forget letters for a reason; how many. What is counted stays counted."""
    ids = list(connection.scalars(select(LETTERS.c.letter_id).where(*chosen(drop)).with_for_update()))
    for some in _in_parts(ids):
        connection.execute(delete(LETTERS).where(LETTERS.c.letter_id.in_(some)))
    if ids:
        changed = Changed(now, actor, "telemetry_dropped", NAME, _named(ids), {"reason": drop.reason})
        log_change(connection, changed)
    return len(ids)


def take_retries(
    connection: Connection,
    owner: str,
    partitions: Collection[tuple[str, str]],
    limit: int,
    now: datetime,
    lease: timedelta,
) -> list[LetterInHand]:
    """Letters to be tried again, by `owner` only for the time of the lease.

    Those of a partition only where it is one of `partitions` (a source, a partition): who reads it, judges it.
    """
    free = or_(
        LETTERS.c.state == "retry_requested",
        (LETTERS.c.state == "retrying") & (LETTERS.c.owned_until <= now),
    )
    here = LETTERS.c.partition.is_(None)
    if partitions:
        here = or_(here, tuple_(LETTERS.c.source, LETTERS.c.partition).in_(sorted(partitions)))
    found = select(LETTERS).where(free, here).order_by(LETTERS.c.received_at, LETTERS.c.letter_id).limit(limit)
    rows = connection.execute(found.with_for_update(skip_locked=True)).all()
    ids = [row.letter_id for row in rows]
    _update(connection, ids, {"state": "retrying", "owner": owner, "owned_until": now + lease})
    return [
        LetterInHand(
            row.letter_id,
            row.source,
            row.file,
            row.partition,
            row.position,
            row.received_at,
            row.body,
            row.parts_before,
        )
        for row in rows
    ]


def record_retry(
    connection: Connection, letter_id: str, owner: str, result: str, *, evaluated: bool, now: datetime
) -> bool:
    """Put the result of a letter that was tried again on record. False: another has it in hand, or it was dropped."""
    values = {
        "state": "evaluated" if evaluated else "failed_again",
        "result": storable(result),
        "tried_at": now,
        "owner": None,
        "owned_until": None,
    }
    mine = (LETTERS.c.letter_id == letter_id) & (LETTERS.c.owner == owner) & (LETTERS.c.state == "retrying")
    return connection.execute(update(LETTERS).where(mine).values(values)).rowcount == 1


def _row(letter: NewLetter) -> dict[str, object]:
    return {
        "letter_id": letter.letter_id,
        "source": storable(letter.source),
        "file": None if letter.file is None else storable(letter.file),
        "partition": letter.partition,
        "position": letter.position,
        "received_at": letter.received_at,
        "kind": letter.kind,
        "reason": storable(letter.reason),
        "body": letter.body[:KEPT_BYTES],
        "size": letter.size,
        "parts_before": letter.parts_before,
        "state": "kept",
    }


def _count(
    connection: Connection, letters: Sequence[NewLetter], beyond: Mapping[SourceKind, int], now: datetime
) -> None:
    """Every count is one row, whatever comes."""
    last = {(letter.source, letter.kind): letter for letter in letters}
    more = dict(beyond)
    for letter in letters:
        more[letter.source, letter.kind] = more.get((letter.source, letter.kind), 0) + 1
    for (source, kind), count in sorted(more.items()):
        letter = last.get((source, kind))
        place: dict[str, object] = {"last_at": now}
        if letter is not None:
            place |= {
                "last_file": None if letter.file is None else storable(letter.file),
                "last_partition": letter.partition,
                "last_position": letter.position,
                "last_reason": storable(letter.reason),
            }
        first = {"last_position": 0, "last_reason": "", **place}
        put = upsert(connection, COUNTS).values(source=storable(source), kind=kind, seen=count, **first)
        connection.execute(
            put.on_conflict_do_update(index_elements=["source", "kind"], set_={"seen": COUNTS.c.seen + count, **place})
        )


def _update(connection: Connection, ids: Sequence[str], values: dict[str, object]) -> None:
    for some in _in_parts(ids):
        connection.execute(update(LETTERS).where(LETTERS.c.letter_id.in_(some)).values(values))


def _in_parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + 500] for start in range(0, len(ids), 500)]


def _named(ids: Sequence[str]) -> dict[str, JsonValue]:
    return {"count": len(ids), "letters": [*sorted(ids)[:MAX_LISTED]]}
