"""Saves, renames and deletes queries of the case list."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from casebook.errors import SavedViewNotFound, TooManySavedViews
from casebook.queries.filters import CaseQuery, SavedView
from casebook.schema.base import PlainRow, table_of
from casebook.schema.workspace import SavedViewRow

PER_PERSON = 50
"""Nobody keeps more views."""

_VIEWS = table_of(SavedViewRow)
_OF_PERSON = _VIEWS.c.subject == bindparam("of_subject")
_NAMED = (_OF_PERSON, _VIEWS.c.name == bindparam("of_name"))
_LOCK = select(_VIEWS.c.name).where(*_NAMED).with_for_update()
_COUNT = select(func.count()).select_from(_VIEWS).where(_OF_PERSON)
_KEEP = insert(_VIEWS)
_REPLACE = update(_VIEWS).where(*_NAMED)
_FORGET = delete(_VIEWS).where(*_NAMED)
_ALL = select(_VIEWS).where(_OF_PERSON).order_by(_VIEWS.c.name)


def save_view(connection: Connection, subject: str, name: str, query: CaseQuery, now: datetime) -> SavedView:
    """Keep a query under a name; what was kept under it before is replaced."""
    of = {"of_subject": subject, "of_name": name}
    view = {"query": query.model_dump_json(exclude_defaults=True), "saved_at": now}
    if connection.execute(_LOCK, of).first() is not None:
        connection.execute(_REPLACE, {**of, **view})
    else:
        if connection.execute(_COUNT, {"of_subject": subject}).scalar_one() >= PER_PERSON:
            raise TooManySavedViews(PER_PERSON)
        connection.execute(_KEEP, {"subject": subject, "name": name, **view})
    return SavedView(name=name, query=query, saved_at=now)


def list_views(connection: Connection, subject: str) -> tuple[SavedView, ...]:
    """The views of one person, by name."""
    return tuple(map(_read, connection.execute(_ALL, {"of_subject": subject})))


def delete_view(connection: Connection, subject: str, name: str) -> None:
    """Forget a view. Raises SavedViewNotFound."""
    if not connection.execute(_FORGET, {"of_subject": subject, "of_name": name}).rowcount:
        raise SavedViewNotFound(name)


def _read(row: PlainRow) -> SavedView:
    return SavedView(name=row.name, query=CaseQuery.model_validate_json(row.query), saved_at=row.saved_at)
