"""Begins, prolongs and ends sessions. Each command runs inside one transaction, and says it in the security log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, case, delete, insert, or_, select, update

from casebook.case_log.security_chain import Noted
from casebook.commands.security_log import note_security
from casebook.queries.sessions import is_open, session_in
from casebook.schema.base import PlainRow, table_of
from casebook.schema.sessions import SessionRow
from contracts.review import Role
from contracts.sessions import SessionEnd, SessionKind, SessionRecord

_SESSIONS = table_of(SessionRow)
_INSERT = insert(_SESSIONS)
_BY_ID = select(_SESSIONS).where(_SESSIONS.c.session_id == bindparam("of_session")).with_for_update()
_OPEN_OF = (
    select(_SESSIONS)
    .where(
        _SESSIONS.c.subject == bindparam("of_subject"),
        _SESSIONS.c.kind == bindparam("of_kind"),
        is_open(bindparam("now")),
    )
    .order_by(_SESSIONS.c.began_at.desc(), _SESSIONS.c.session_id)
    .with_for_update()
)
_END = update(_SESSIONS).where(_SESSIONS.c.session_id == bindparam("of_session"))
_USE = update(_SESSIONS).where(
    _SESSIONS.c.session_id == bindparam("of_session"),
    is_open(bindparam("now")),
    # Another backend may have seen a later use already.
    _SESSIONS.c.last_used_at < bindparam("now"),
)
_RUN_OUT = (
    select(_SESSIONS)
    .where(
        _SESSIONS.c.ended_at.is_(None),
        or_(_SESSIONS.c.idle_ends_at <= bindparam("now"), _SESSIONS.c.ends_at <= bindparam("now")),
    )
    .order_by(_SESSIONS.c.session_id)
    .limit(bindparam("most"))
    .with_for_update()
)
_FORGET = delete(_SESSIONS).where(_SESSIONS.c.ended_at < bindparam("before"))

MAX_OPEN = 50
"""Sessions of one person in browsers, and as many of programs; the oldest ends when there is one more."""
REMEMBERED = timedelta(days=1)
"""How long a session that is over is still told apart from one that never was."""
ENDED_AT_ONCE = 500


@dataclass(frozen=True)
class NewSession:
    """A session that is about to begin."""

    session_id: str
    secret_hash: str
    subject: str
    name: str
    roles: tuple[Role, ...]
    kind: SessionKind
    address: str
    client: str
    idle: timedelta
    lifetime: timedelta


def begin_session(connection: Connection, new: NewSession, replaces: str | None, now: datetime) -> SessionRecord:
    """Open a session; the one that its browser had, and those of the same person and kind beyond `MAX_OPEN`, end."""
    noted: list[Noted] = []
    if replaces is not None:
        before = connection.execute(_BY_ID, {"of_session": replaces}).one_or_none()
        noted += _ended(connection, [] if before is None else [before], "replaced", new.address, now)
    others = connection.execute(_OPEN_OF, {"of_subject": new.subject, "of_kind": new.kind, "now": now}).all()
    noted += _ended(connection, others[MAX_OPEN - 1 :], "too_many", new.address, now)
    row = {
        "session_id": new.session_id,
        "secret_hash": new.secret_hash,
        "subject": new.subject,
        "name": new.name,
        "roles": json.dumps(new.roles),
        "kind": new.kind,
        "began_at": now,
        "last_used_at": now,
        "idle_ends_at": min(now + new.idle, now + new.lifetime),
        "ends_at": now + new.lifetime,
        "address": new.address,
        "client": new.client,
    }
    connection.execute(_INSERT, row)
    kind = "signed_in" if new.kind == "browser" else "token_issued"
    said: dict[str, JsonValue] = {"roles": [*new.roles], "client": new.client}
    noted.append(Noted(now, kind, "done", new.subject, new.address, new.session_id, detail=said))
    note_security(connection, noted)
    return SessionRecord.model_validate(
        {name: value for name, value in row.items() if name != "secret_hash"} | {"roles": new.roles}
    )


def use_session(connection: Connection, session_id: str, idle: timedelta, now: datetime) -> None:
    """Let a session live on that was used just now; one that is over stays over."""
    until = now + idle
    ends = case((_SESSIONS.c.ends_at < until, _SESSIONS.c.ends_at), else_=until)
    connection.execute(_USE.values(last_used_at=now, idle_ends_at=ends), {"of_session": session_id, "now": now})


def end_session(
    connection: Connection, session_id: str, end: SessionEnd, address: str, now: datetime, by: str | None = None
) -> SessionRecord | None:
    """End an open session, which is returned; None: there is none. `by`: who ended it, if not its holder."""
    row = connection.execute(_BY_ID, {"of_session": session_id}).one_or_none()
    noted = [] if row is None else _ended(connection, [row], end, address, now, by)
    note_security(connection, noted)
    return session_in(row) if row is not None and noted else None


def end_run_out(connection: Connection, now: datetime) -> int:
    """End the sessions that were idle for too long or lived their whole lives, and forget those long over.

    Returns how many ended, at most `ENDED_AT_ONCE`.
    """
    rows = connection.execute(_RUN_OUT, {"now": now, "most": ENDED_AT_ONCE}).all()
    whole = [row for row in rows if row.ends_at <= now]
    idle = [row for row in rows if row.ends_at > now]
    noted = _closed(connection, whole, "expired", now) + _closed(connection, idle, "idle", now)
    note_security(connection, noted)
    connection.execute(_FORGET, {"before": now - REMEMBERED})
    return len(rows)


def _ended(
    connection: Connection,
    rows: Sequence[PlainRow],
    end: SessionEnd,
    address: str,
    now: datetime,
    by: str | None = None,
) -> list[Noted]:
    """End those that are still open, and say so."""
    living = [row for row in rows if row.ended_at is None and min(row.idle_ends_at, row.ends_at) > now]
    return _closed(connection, living, end, now, address, by)


def _closed(
    connection: Connection,
    rows: Sequence[PlainRow],
    end: SessionEnd,
    now: datetime,
    address: str = "",
    by: str | None = None,
) -> list[Noted]:
    if not rows:
        return []
    connection.execute(_END.values(ended_at=now, end=end), [{"of_session": row.session_id} for row in rows])
    return [
        Noted(
            now,
            "session_ended",
            "done",
            by or row.subject,
            address,
            row.session_id,
            end,
            {"holder": row.subject} if by is not None else {},
        )
        for row in rows
    ]
