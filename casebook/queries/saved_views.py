"""Reads saved queries of the case list."""

import json

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, or_, select

from casebook.queries.filters import CaseQuery, SavedView
from casebook.schema.base import PlainRow, table_of
from casebook.schema.workspace import SavedViewRow

_VIEWS = table_of(SavedViewRow)
_ALL = (
    select(_VIEWS)
    .where(or_(_VIEWS.c.subject == bindparam("of_subject"), _VIEWS.c.shared_at.is_not(None)))
    .order_by(_VIEWS.c.name, _VIEWS.c.subject)
)


def list_views(connection: Connection, subject: str) -> tuple[SavedView, ...]:
    """The views of one person, and those that others share, by name."""
    return tuple(map(_read, connection.execute(_ALL, {"of_subject": subject})))


def view_values(row: PlainRow) -> dict[str, JsonValue]:
    """What the desk log says of a view. Raises ValueError when the row was tampered out of shape."""
    return {"query": json.loads(row.query), "shared": row.shared_at is not None}


def _read(row: PlainRow) -> SavedView:
    return SavedView(
        name=row.name,
        query=CaseQuery.model_validate_json(row.query),
        saved_at=row.saved_at,
        owner=row.subject,
        shared=row.shared_at is not None,
    )
