"""Begins, prolongs and ends sessions. Each command runs inside one transaction, and says it in the security log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, case, delete, insert, or_, select, update

from casebook.case_log.security_chain import Noted
from casebook.commands.security_log import note_security
from casebook.database.upserts import upsert
from casebook.queries.sessions import KnownSession, find_session, is_open, session_in
from casebook.schema.base import PlainRow, table_of
from casebook.schema.sessions import PersonRow, SessionRow
from contracts.review import Role
from contracts.security import SecurityEventKind
from contracts.sessions import Scope, SessionEnd, SessionKind, SessionRecord

_SESSIONS, _PEOPLE = table_of(SessionRow), table_of(PersonRow)
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
_FORGET = delete(_SESSIONS).where(
    _SESSIONS.c.ended_at < bindparam("before"),
    # A token of the provider that was ended here is valid there until then.
    or_(_SESSIONS.c.kind != "provider_token", _SESSIONS.c.ends_at < bindparam("before")),
)
_TAKE_RECHECK = update(_SESSIONS).where(
    _SESSIONS.c.session_id == bindparam("of_session"),
    is_open(bindparam("now")),
    _SESSIONS.c.recheck_at <= bindparam("now"),
)
_RECHECKED = update(_SESSIONS).where(_SESSIONS.c.session_id == bindparam("of_session"), is_open(bindparam("now")))
_OF_PROVIDER = select(_SESSIONS).where(is_open(bindparam("now"))).order_by(_SESSIONS.c.session_id).with_for_update()

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
    scopes: tuple[Scope, ...] = ()
    issuer: str = "local"
    """Who says who it is: the sign-in provider's issuer, or the mode in which personas are chosen."""
    provider: "AtProvider | None" = None
    """Null where a persona was chosen, and of tokens."""


@dataclass(frozen=True)
class AtProvider:
    """What is kept of a sign-in at the provider."""

    sid: str | None = None
    """What the provider calls its own session."""
    sealed_token: str | None = field(default=None, repr=False)
    """A refresh token, encrypted with what only the holder of the session has."""
    recheck_after: timedelta | None = None
    """How soon the provider is asked again; None: never."""


_NOTED_AS: dict[SessionKind, SecurityEventKind] = {
    "browser": "signed_in",
    "program": "token_issued",
    "provider_token": "token_accepted",
}


def begin_session(connection: Connection, new: NewSession, replaces: str | None, now: datetime) -> SessionRecord:
    """Open a session; the one that its browser had, and those of the same person and kind beyond `MAX_OPEN`, end."""
    noted: list[Noted] = []
    if replaces is not None:
        before = connection.execute(_BY_ID, {"of_session": replaces}).one_or_none()
        noted += _ended(connection, [] if before is None else [before], "replaced", new.address, now)
    others = connection.execute(_OPEN_OF, {"of_subject": new.subject, "of_kind": new.kind, "now": now}).all()
    noted += _ended(connection, others[MAX_OPEN - 1 :], "too_many", new.address, now)
    row = _row_of(new, now)
    connection.execute(_INSERT, row)
    return _begun(connection, new, row, noted, now)


def begin_once(connection: Connection, new: NewSession, now: datetime) -> KnownSession:
    """Open a session for a secret that others gave out, unless it has one: that is returned, open or over."""
    row = _row_of(new, now)
    put = upsert(connection, _SESSIONS).values(row).on_conflict_do_nothing(index_elements=["secret_hash"])
    if connection.execute(put.returning(_SESSIONS.c.session_id)).first() is not None:
        return KnownSession(_begun(connection, new, row, [], now), None, None, None, new.issuer)
    known = find_session(connection, new.secret_hash)
    assert known is not None
    return known


def _row_of(new: NewSession, now: datetime) -> dict[str, str | datetime | None]:
    return {
        "session_id": new.session_id,
        "secret_hash": new.secret_hash,
        "subject": new.subject,
        "name": new.name,
        "roles": json.dumps(new.roles),
        "scopes": json.dumps(new.scopes),
        "kind": new.kind,
        "began_at": now,
        "last_used_at": now,
        "idle_ends_at": min(now + new.idle, now + new.lifetime),
        "ends_at": now + new.lifetime,
        "address": new.address,
        "client": new.client,
        "issuer": new.issuer,
        **_at_provider(new.provider, now),
    }


def _begun(
    connection: Connection, new: NewSession, row: dict[str, str | datetime | None], noted: list[Noted], now: datetime
) -> SessionRecord:
    if new.provider is not None:
        remember_person(connection, new.subject, new.name, new.roles, now)
    said: dict[str, JsonValue] = {"roles": [*new.roles], "client": new.client}
    if new.scopes:
        said["scopes"] = [*new.scopes]
    kind = _NOTED_AS[new.kind]
    note_security(connection, [*noted, Noted(now, kind, "done", new.subject, new.address, new.session_id, detail=said)])
    shown = {name: row[name] for name in SessionRecord.model_fields}
    return SessionRecord.model_validate({**shown, "roles": new.roles, "scopes": new.scopes})


def use_session(connection: Connection, session_id: str, idle: timedelta, now: datetime) -> None:
    """Let a session live on that was used just now; one that is over stays over."""
    until = now + idle
    ends = case((_SESSIONS.c.ends_at < until, _SESSIONS.c.ends_at), else_=until)
    connection.execute(_USE.values(last_used_at=now, idle_ends_at=ends), {"of_session": session_id, "now": now})


def end_session(
    connection: Connection, session_id: str, end: SessionEnd, address: str, now: datetime, by: str | None = None
) -> SessionRecord | None:
    """End an open session, which is returned; None: there is none. `by`: who ended it, if not its holder."""
    row = _end_one(connection, session_id, end, address, now, by)
    return None if row is None else session_in(row)


def sign_out(connection: Connection, session_id: str, address: str, now: datetime) -> str | None:
    """End an open session whose holder signs out. The sealed token that was kept of it is returned, if any was."""
    row = _end_one(connection, session_id, "signed_out", address, now)
    return None if row is None else row.sealed_token


def _end_one(
    connection: Connection, session_id: str, end: SessionEnd, address: str, now: datetime, by: str | None = None
) -> PlainRow | None:
    """What the row of the session held, if it was open."""
    row = connection.execute(_BY_ID, {"of_session": session_id}).one_or_none()
    noted = [] if row is None else _ended(connection, [row], end, address, now, by)
    note_security(connection, noted)
    return row if noted else None


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


def take_recheck(connection: Connection, session_id: str, lease: timedelta, now: datetime) -> str | None:
    """The sealed token of an open session whose provider is to be asked again, if it is due; None: it is not.

    For `lease` nobody else takes it: a refresh token is used once.
    """
    taken = connection.execute(
        _TAKE_RECHECK.values(recheck_at=now + lease).returning(_SESSIONS.c.sealed_token),
        {"of_session": session_id, "now": now},
    ).one_or_none()
    return None if taken is None else taken.sealed_token


def keep_rechecked(connection: Connection, session_id: str, provider: AtProvider, now: datetime) -> None:
    """The provider says of an open session what it said at sign-in, and gave another token."""
    values = {name: value for name, value in _at_provider(provider, now).items() if name != "provider_sid"}
    connection.execute(_RECHECKED.values(**values), {"of_session": session_id, "now": now})


def end_of_provider(
    connection: Connection, sid: str | None, subject: str | None, until: datetime, address: str, now: datetime
) -> tuple[SessionRecord, ...]:
    """End the sessions of one session at the provider; of all of somebody's there, where `sid` is None.

    Those that began after `until` are others.
    """
    theirs = _SESSIONS.c.subject == subject if sid is None else _SESSIONS.c.provider_sid == sid
    rows = connection.execute(_OF_PROVIDER.where(theirs, _SESSIONS.c.began_at <= until), {"now": now}).all()
    note_security(connection, _ended(connection, rows, "ended_by_provider", address, now))
    return tuple(map(session_in, rows))


def remember_person(connection: Connection, subject: str, name: str, roles: tuple[Role, ...], now: datetime) -> None:
    """Somebody signed in, or was found to have other roles or another name."""
    values = {"name": name, "roles": json.dumps(roles), "seen_at": now}
    put = upsert(connection, _PEOPLE).values(subject=subject, **values)
    connection.execute(put.on_conflict_do_update(index_elements=["subject"], set_=values))


def _at_provider(provider: AtProvider | None, now: datetime) -> dict[str, str | datetime | None]:
    if provider is None:
        return {"provider_sid": None, "sealed_token": None, "recheck_at": None}
    recheck_at = None if provider.recheck_after is None else now + provider.recheck_after
    return {"provider_sid": provider.sid, "sealed_token": provider.sealed_token, "recheck_at": recheck_at}


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
    connection.execute(
        _END.values(ended_at=now, end=end, sealed_token=None), [{"of_session": row.session_id} for row in rows]
    )
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
