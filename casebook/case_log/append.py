"""Appends to the log of a case: the only way to write anything about a case."""

import json
import math
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from casebook.case_log.domain_events import publish
from casebook.case_log.hash_chain import logged_hash
from casebook.case_log.locked_case import LockedCase
from casebook.case_log.row_changes import Contents, write_changes
from casebook.errors import OtherKind
from casebook.projection.event_data import EventData, Occurrence
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow, LogHead
from contracts.case import CaseEvent
from contracts.hashing import canonical_json

_HEAD = table_of(LogHead)
_LOCK = select(_HEAD.c.id).where(_HEAD.c.id == 1).with_for_update()
_ADVANCE = update(_HEAD).where(_HEAD.c.id == 1).values(last_seq=_HEAD.c.last_seq + 1).returning(_HEAD.c.last_seq)
_LAST = select(_HEAD.c.last_seq).where(_HEAD.c.id == 1)
_EVENTS = table_of(CaseEventRow)
_APPEND = insert(_EVENTS)
_FIND = select(_EVENTS.c.seq).where(
    _EVENTS.c.case_id == bindparam("case_id"), _EVENTS.c.dedupe_key == bindparam("dedupe_key")
)


def lock_log(connection: Connection) -> None:
    """Be the only transaction that appends, from here to its end."""
    connection.execute(_LOCK)


def next_seq(connection: Connection) -> int:
    """The next `seq`. From here to its commit, the transaction is the only one that appends."""
    return connection.execute(_ADVANCE).scalar_one()


def last_seq(connection: Connection) -> int:
    """The newest committed `seq`; 0 when nothing has happened yet."""
    return connection.execute(_LAST).scalar_one()


def is_logged(connection: Connection, case_id: str, dedupe_key: str) -> bool:
    """Whether the case has logged this step already."""
    return connection.execute(_FIND, {"case_id": case_id, "dedupe_key": dedupe_key}).first() is not None


def append(
    connection: Connection,
    case: LockedCase,
    data: EventData,
    actor: str,
    at: datetime,
    contents: Contents | None = None,
    seq: int | None = None,
) -> int:
    """Log what happened as the case's newest event, write what it changes, and return its `seq`.

    `contents` holds what the event only names by its hash. `seq` is given only by who drew it already. Raises
    OtherKind for an event that does not happen to cases of this kind.
    """
    if not data.happens_to(case.case_id):
        raise OtherKind(case.case_id, str(data.kind))
    seq = next_seq(connection) if seq is None else seq
    occurrence = Occurrence(seq, at, actor, case.last_seq)
    event: dict[str, Any] = {
        "seq": seq,
        "case_id": case.case_id,
        "type": data.type,
        "at": at,
        "actor": actor,
        "data": canonical_json(data.as_data()),
        "prev_hash": case.last_hash,
    }
    digest = logged_hash(**event)
    changes = [*data.apply(case, occurrence)]
    case.last_seq, case.last_hash, case.updated_at = seq, digest, at
    case.store(connection)
    write_changes(connection, case.case_id, changes, contents or {})
    connection.execute(_APPEND, {**event, "hash": digest, "dedupe_key": data.dedupe_key(occurrence.previous_seq)})
    for told in data.tells(case.case_id):
        publish(connection, told, case.case_id, at)
    return seq


def read_event(row: PlainRow) -> CaseEvent:
    """The event that a row holds. Raises ValueError or TypeError when the row was tampered out of shape."""
    data: object = _DECODE(row.data)
    if not isinstance(data, dict):
        raise TypeError("the data of an event is a JSON object")
    event = CaseEvent.model_validate(
        {
            "seq": row.seq,
            "case_id": row.case_id,
            "type": row.type,
            "at": row.at,
            "actor": row.actor,
            "data": {},
            "prev_hash": row.prev_hash,
            "hash": row.hash,
        }
    )
    # What was read as finite JSON needs no second look at each of its values.
    return event.model_copy(update={"data": data})


def hash_of_row(row: PlainRow) -> str:
    """The hash that the event in a row must have."""
    return logged_hash(
        seq=row.seq,
        case_id=row.case_id,
        type=row.type,
        at=row.at,
        actor=row.actor,
        data=row.data,
        prev_hash=row.prev_hash,
    )


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a JSON value holds only finite numbers")
    return value


_DECODE = json.JSONDecoder(parse_float=_finite, parse_constant=_finite).decode
