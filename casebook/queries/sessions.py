"""Reads sessions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, and_, bindparam, func, select

from casebook.queries.cursors import MAX_PAGE
from casebook.schema.base import PlainRow, table_of
from casebook.schema.sessions import PersonRow, SessionRow
from contracts.review import Role
from contracts.sessions import SessionEnd, SessionRecord

_SESSIONS, _PEOPLE = table_of(SessionRow), table_of(PersonRow)
MAX_PEOPLE = 5_000
_ONE_PERSON = select(_PEOPLE).where(_PEOPLE.c.subject == bindparam("of_subject"))
_EVERYBODY = select(_PEOPLE).order_by(_PEOPLE.c.name, _PEOPLE.c.subject).limit(MAX_PEOPLE)


@dataclass(frozen=True)
class KnownSession:
    """A session that was given out, open or over."""

    record: SessionRecord
    ended_at: datetime | None
    """When it ended by what somebody did; None: only time ends it."""
    end: SessionEnd | None
    recheck_at: datetime | None
    """When the sign-in provider is asked again; None: never."""
    issuer: str
    """Who said at sign-in who it is."""


@dataclass(frozen=True)
class KnownPerson:
    """Somebody who signed in at the provider, as of their last sign-in there."""

    subject: str
    name: str
    roles: tuple[Role, ...]


def is_open(now: BindParameter[Any]) -> ColumnElement[bool]:
    """Whether nobody ended it, and its time is not over."""
    return and_(_SESSIONS.c.ended_at.is_(None), _SESSIONS.c.idle_ends_at > now, _SESSIONS.c.ends_at > now)


_BY_SECRET = select(_SESSIONS).where(_SESSIONS.c.secret_hash == bindparam("shown"))
_ONE_OPEN = select(_SESSIONS).where(_SESSIONS.c.session_id == bindparam("of_session"), is_open(bindparam("now")))
_ALSO_OPEN = select(_SESSIONS.c.session_id).where(
    _SESSIONS.c.session_id.in_(bindparam("sessions", expanding=True)), is_open(bindparam("now"))
)
_OPEN = select(_SESSIONS).where(is_open(bindparam("now"))).order_by(_SESSIONS.c.began_at.desc()).limit(MAX_PAGE)
_COUNT = select(func.count()).select_from(_SESSIONS).where(is_open(bindparam("now")))


def session_in(row: PlainRow) -> SessionRecord:
    """The session that a row holds."""
    columns = {name: getattr(row, name) for name in SessionRecord.model_fields}
    return SessionRecord.model_validate(
        {**columns, "roles": tuple(json.loads(row.roles)), "scopes": tuple(json.loads(row.scopes))}
    )


def find_session(connection: Connection, secret_hash: str) -> KnownSession | None:
    """The session whose secret has this hash; None: none was given out, or it is long over."""
    row = connection.execute(_BY_SECRET, {"shown": secret_hash}).one_or_none()
    return None if row is None else KnownSession(session_in(row), row.ended_at, row.end, row.recheck_at, row.issuer)


def find_person(connection: Connection, subject: str) -> KnownPerson | None:
    """Who signed in at the provider under this subject; None: nobody did."""
    row = connection.execute(_ONE_PERSON, {"of_subject": subject}).one_or_none()
    return None if row is None else _person_in(row)


def _person_in(row: PlainRow) -> KnownPerson:
    return KnownPerson(row.subject, row.name, tuple(json.loads(row.roles)))


def list_people(connection: Connection) -> tuple[KnownPerson, ...]:
    """Everybody who signed in at the provider, by name; at most `MAX_PEOPLE`."""
    rows = connection.execute(_EVERYBODY).all()
    return tuple(map(_person_in, rows))


def still_open(connection: Connection, sessions: Sequence[str], now: datetime) -> frozenset[str]:
    """Those of the sessions that are open."""
    return frozenset(connection.scalars(_ALSO_OPEN, {"sessions": sessions, "now": now}))


def find_open(connection: Connection, session_id: str, now: datetime) -> SessionRecord | None:
    """The open session of this id; None: there is none."""
    row = connection.execute(_ONE_OPEN, {"of_session": session_id, "now": now}).one_or_none()
    return None if row is None else session_in(row)


def list_open(connection: Connection, subject: str | None, now: datetime) -> tuple[tuple[SessionRecord, ...], int]:
    """The open sessions, of one person or of all, the newest first and at most 500; and how many there are."""
    mine = [] if subject is None else [_SESSIONS.c.subject == subject]
    rows = connection.execute(_OPEN.where(*mine), {"now": now}).all()
    total = connection.execute(_COUNT.where(*mine), {"now": now}).scalar_one()
    return tuple(map(session_in, rows)), total
