"""Saves, shares, renames and deletes queries of the case list."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from casebook.errors import SavedViewNotFound, SharedViewNotFound, TooManySavedViews, TooManySharedViews
from casebook.queries.filters import CaseQuery, SavedView
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
_LOCK = select(_VIEWS.c.shared_at).where(*_NAMED).with_for_update()
_COUNT = select(func.count()).select_from(_VIEWS).where(_OF_PERSON)
_COUNT_SHARED = select(func.count()).select_from(_VIEWS).where(_IS_SHARED)
_KEEP = insert(_VIEWS)
_REPLACE = update(_VIEWS).where(*_NAMED)
_FORGET = delete(_VIEWS).where(*_NAMED)
_UNSHARE = update(_VIEWS).where(*_NAMED, _IS_SHARED).values(shared_at=None)
_ALL = select(_VIEWS).where(or_(_OF_PERSON, _IS_SHARED)).order_by(_VIEWS.c.name, _VIEWS.c.subject)


def save_view(
    connection: Connection, subject: str, name: str, query: CaseQuery, now: datetime, *, shared: bool | None = None
) -> SavedView:
    """Keep a query under a name; what was kept under it before is replaced. `shared` None: as it was, or not."""
    of = {"of_subject": subject, "of_name": name}
    before = connection.execute(_LOCK, of).first()
    shared_at = None if before is None else before.shared_at
    if shared is not None and shared is not (shared_at is not None):
        shared_at = _shared_now(connection, now) if shared else None
    view = {"query": query.model_dump_json(exclude_defaults=True), "saved_at": now, "shared_at": shared_at}
    if before is not None:
        connection.execute(_REPLACE, {**of, **view})
    else:
        if connection.execute(_COUNT, {"of_subject": subject}).scalar_one() >= PER_PERSON:
            raise TooManySavedViews(PER_PERSON)
        connection.execute(_KEEP, {"subject": subject, "name": name, **view})
    return SavedView(name=name, query=query, saved_at=now, owner=subject, shared=shared_at is not None)


def list_views(connection: Connection, subject: str) -> tuple[SavedView, ...]:
    """The views of one person, and those that others share, by name."""
    return tuple(map(_read, connection.execute(_ALL, {"of_subject": subject})))


def delete_view(connection: Connection, subject: str, name: str) -> None:
    """Forget one's own view, for everybody who saw it. Raises SavedViewNotFound."""
    if not connection.execute(_FORGET, {"of_subject": subject, "of_name": name}).rowcount:
        raise SavedViewNotFound(name)


def stop_sharing(connection: Connection, owner: str, name: str) -> None:
    """Let only its owner see a view. Raises SharedViewNotFound."""
    if not connection.execute(_UNSHARE, {"of_subject": owner, "of_name": name}).rowcount:
        raise SharedViewNotFound(owner, name)


def _shared_now(connection: Connection, now: datetime) -> datetime:
    if connection.execute(_COUNT_SHARED).scalar_one() >= SHARED:
        raise TooManySharedViews(SHARED)
    return now


def _read(row: PlainRow) -> SavedView:
    return SavedView(
        name=row.name,
        query=CaseQuery.model_validate_json(row.query),
        saved_at=row.saved_at,
        owner=row.subject,
        shared=row.shared_at is not None,
    )
