"""Saves, shares, renames and deletes queries of the case list; each change is in the desk log."""

import json
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from casebook.case_log.desk_chain import Changed
from casebook.commands.desk_log import log_change
from casebook.errors import SavedViewNotFound, SharedViewNotFound, TooManySavedViews, TooManySharedViews
from casebook.queries.filters import CaseQuery, SavedView
from casebook.queries.saved_views import view_values
from casebook.schema.base import PlainRow, table_of
from casebook.schema.workspace import SavedViewRow

PER_PERSON = 50
"""Nobody keeps more views."""
SHARED = 100
"""No more are shared: everybody sees all of them."""

_VIEWS = table_of(SavedViewRow)
_OF_PERSON = _VIEWS.c.subject == bindparam("of_subject")
_NAMED = (_OF_PERSON, _VIEWS.c.name == bindparam("of_name"))
_IS_SHARED = _VIEWS.c.shared_at.is_not(None)
_LOCK = select(_VIEWS).where(*_NAMED).with_for_update()
_COUNT = select(func.count()).select_from(_VIEWS).where(_OF_PERSON)
_COUNT_SHARED = select(func.count()).select_from(_VIEWS).where(_IS_SHARED)
_KEEP = insert(_VIEWS)
_REPLACE = update(_VIEWS).where(*_NAMED)
_FORGET = delete(_VIEWS).where(*_NAMED)
_UNSHARE = update(_VIEWS).where(*_NAMED).values(shared_at=None)


def save_view(
    connection: Connection, subject: str, name: str, query: CaseQuery, now: datetime, *, shared: bool | None = None
) -> SavedView:
    """Keep a query under a name; what was kept under it before is replaced. `shared` None: as it was, or not."""
    before = _locked(connection, subject, name)
    shared_at = None if before is None else before.shared_at
    if shared is not None and shared is not (shared_at is not None):
        shared_at = _shared_now(connection, now) if shared else None
    written = query.model_dump_json(exclude_defaults=True)
    view = {"query": written, "saved_at": now, "shared_at": shared_at}
    if before is not None:
        connection.execute(_REPLACE, {"of_subject": subject, "of_name": name, **view})
    else:
        if connection.execute(_COUNT, {"of_subject": subject}).scalar_one() >= PER_PERSON:
            raise TooManySavedViews(PER_PERSON)
        connection.execute(_KEEP, {"subject": subject, "name": name, **view})
    was = None if before is None else view_values(before)
    after = {"query": json.loads(written), "shared": shared_at is not None}
    log_change(connection, Changed(now, subject, "view_saved", name, was, after, subject))
    return SavedView(name=name, query=query, saved_at=now, owner=subject, shared=shared_at is not None)


def delete_view(connection: Connection, subject: str, name: str, now: datetime) -> None:
    """Forget one's own view, for everybody who saw it. Raises SavedViewNotFound."""
    before = _locked(connection, subject, name)
    if before is None:
        raise SavedViewNotFound(name)
    connection.execute(_FORGET, {"of_subject": subject, "of_name": name})
    log_change(connection, Changed(now, subject, "view_deleted", name, view_values(before), None, subject))


def stop_sharing(connection: Connection, owner: str, name: str, actor: str, now: datetime) -> None:
    """Let only its owner see a view. Raises SharedViewNotFound."""
    before = _locked(connection, owner, name)
    if before is None or before.shared_at is None:
        raise SharedViewNotFound(owner, name)
    connection.execute(_UNSHARE, {"of_subject": owner, "of_name": name})
    was = view_values(before)
    log_change(connection, Changed(now, actor, "view_unshared", name, was, {**was, "shared": False}, owner))


def _locked(connection: Connection, owner: str, name: str) -> PlainRow | None:
    return connection.execute(_LOCK, {"of_subject": owner, "of_name": name}).first()


def _shared_now(connection: Connection, now: datetime) -> datetime:
    if connection.execute(_COUNT_SHARED).scalar_one() >= SHARED:
        raise TooManySharedViews(SHARED)
    return now
