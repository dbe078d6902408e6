"""Appending to the case log, inside the transaction that changes the case."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from casebook.case_log.hash_chain import seal, unsealed_hash
from casebook.case_log.locked_case import LockedCase
from casebook.schema.cases import CaseEventRow, CaseRow, LogHead, PlainRow, table_of
from contracts.case import CaseEvent
from contracts.hashing import canonical_json
from contracts.names import CaseEventType

_HEAD = table_of(LogHead)
_ADVANCE = update(_HEAD).where(_HEAD.c.id == 1).values(last_seq=_HEAD.c.last_seq + 1).returning(_HEAD.c.last_seq)
_EVENTS = table_of(CaseEventRow)
_APPEND = insert(_EVENTS)
_FIND = select(_EVENTS.c.seq).where(
    _EVENTS.c.case_id == bindparam("case_id"), _EVENTS.c.dedupe_key == bindparam("dedupe_key")
)


@dataclass(frozen=True)
class Entry:
    """What happened. `dedupe_key` names the step: a case logs the same step once, however often it is repeated."""

    type: CaseEventType
    dedupe_key: str
    actor: str
    data: Mapping[str, JsonValue]


def lock_log(session: Session) -> None:
    """Be the only transaction that appends, from here to its end."""
    session.execute(select(LogHead.id).where(LogHead.id == 1).with_for_update())


def next_seq(within: Connection | Session) -> int:
    """The next `seq`. From here to its commit, the transaction is the only one that appends."""
    return within.execute(_ADVANCE).scalar_one()


def last_seq(session: Session) -> int:
    """The newest committed `seq`; 0 when nothing has happened yet."""
    return session.execute(select(LogHead.last_seq).where(LogHead.id == 1)).scalar_one()


def is_logged(within: Connection | Session, case_id: str, dedupe_key: str) -> bool:
    """Whether the case has logged this step already."""
    return within.execute(_FIND, {"case_id": case_id, "dedupe_key": dedupe_key}).first() is not None


def append(
    within: Connection | Session, case: CaseRow | LockedCase, entry: Entry, at: datetime, seq: int | None = None
) -> int:
    """Log `entry` as the case's newest event and return its `seq`. `seq` is given only by who drew it already.

    What has changed on a held case is written with it; on a mapped one, when the transaction ends.
    """
    # Straight to the connection: a session would first write what has changed so far, and then the rest again.
    connection = within.connection() if isinstance(within, Session) else within
    seq = next_seq(connection) if seq is None else seq
    sealed = seal(
        CaseEvent(
            seq=seq,
            case_id=case.case_id,
            type=entry.type,
            at=at,
            actor=entry.actor,
            data=dict(entry.data),
            prev_hash=case.last_hash,
            hash=unsealed_hash(),
        )
    )
    row = {
        "seq": seq,
        "case_id": case.case_id,
        "type": entry.type,
        "at": at,
        "actor": entry.actor,
        "data": canonical_json(sealed.data),
        "prev_hash": sealed.prev_hash,
        "hash": sealed.hash,
        "dedupe_key": entry.dedupe_key,
    }
    connection.execute(_APPEND, row)
    case.last_seq = seq
    case.last_hash = sealed.hash
    case.updated_at = at
    if isinstance(case, LockedCase):
        case.store(connection)
    return seq


def read_event(row: CaseEventRow | PlainRow) -> CaseEvent:
    """The event that a row holds. Raises pydantic.ValidationError when the row was tampered out of shape."""
    return CaseEvent.model_validate(
        {
            "seq": row.seq,
            "case_id": row.case_id,
            "type": row.type,
            "at": row.at,
            "actor": row.actor,
            "data": json.loads(row.data),
            "prev_hash": row.prev_hash,
            "hash": row.hash,
        }
    )
