"""Reads what is left of purged cases."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, func, select

from casebook.errors import CaseNotFound, CasePurged
from casebook.projection.changes import as_json
from casebook.schema.base import PlainRow, table_of
from casebook.schema.purges import PurgedAlertRow, PurgedCaseRow, PurgedEventRow
from contracts.hashing import content_hash

TOMBSTONES = table_of(PurgedCaseRow)
PURGED_EVENTS, PURGED_ALERTS = table_of(PurgedEventRow), table_of(PurgedAlertRow)
BOUND = tuple(column.name for column in TOMBSTONES.c if column.name not in ("case_id", "words_left"))
"""What the line in the desk log says of a tombstone."""

_OF_CASE = select(TOMBSTONES).where(TOMBSTONES.c.case_id == bindparam("of_case"))
_EACH = select(TOMBSTONES).order_by(TOMBSTONES.c.case_id)


class Stub(NamedTuple):
    """What is kept of an event."""

    seq: int
    hash: str


def tombstone_values(row: PlainRow) -> dict[str, JsonValue]:
    """A tombstone as the desk log has it."""
    return {name: as_json(getattr(row, name)) for name in BOUND}


def every_tombstone(connection: Connection) -> Sequence[PlainRow]:
    """All of them."""
    return connection.execute(_EACH).all()


def count_purged(connection: Connection) -> int:
    """How many cases were purged."""
    return connection.execute(select(func.count()).select_from(TOMBSTONES)).scalar_one()


def log_hash(stubs: Iterable[Stub]) -> str:
    """The hash of all events of a case, by what is kept of them."""
    return content_hash([[each.seq, each.hash] for each in stubs])


def alerts_hash(alert_ids: Iterable[str]) -> str:
    """The hash of the ids of the alerts of a case."""
    return content_hash(sorted(alert_ids))


def refuse_purged(connection: Connection, case_id: str) -> None:
    """Raises CasePurged for the id of a case that was purged: it is never used again."""
    row = connection.execute(_OF_CASE, {"of_case": case_id}).first()
    if row is not None:
        raise CasePurged(case_id, row.purged_at, row.kept_days)


def say_when_purged(connection: Connection, missing: CaseNotFound) -> None:
    """Raises CasePurged where the missing case was there once."""
    if not isinstance(missing, CasePurged):
        refuse_purged(connection, missing.case_id)


def stubs_in(rows: Iterable[PlainRow]) -> Iterator[Stub]:
    """What is kept of these events."""
    for row in rows:
        yield Stub(row.seq, row.hash)
