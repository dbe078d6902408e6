"""Reads the desk log, a page at a time."""

import json

from sqlalchemy import Connection, func, select

from casebook.queries.cursors import back_from, page_length, read_cursor, write_cursor
from casebook.schema.base import PlainRow, table_of
from casebook.schema.desk_log import DeskChangeRow
from contracts.desk_log import DeskChange, DeskChangePage

LISTED = "desk log"

_CHANGES = table_of(DeskChangeRow)
_COUNT = select(func.count()).select_from(_CHANGES)


def change_in(row: PlainRow) -> DeskChange:
    """The line that a row holds. Raises ValueError when the row was tampered out of shape."""
    columns = {name: getattr(row, name) for name in DeskChange.model_fields}
    values = {name: None if columns[name] is None else json.loads(columns[name]) for name in ("before", "after")}
    return DeskChange.model_validate(columns | values)


def list_changes(connection: Connection, limit: int, cursor: str | None) -> DeskChangePage:
    """The newest lines, or those before another page. Raises MalformedCursor."""
    length = page_length(limit)
    before = select(_CHANGES).where(_CHANGES.c.number < read_cursor(LISTED, cursor))
    newest = connection.execute(before.order_by(_CHANGES.c.number.desc()).limit(length + 1)).all()
    rows, more = back_from(newest, length)
    return DeskChangePage(
        items=tuple(map(change_in, rows)),
        next_cursor=write_cursor(LISTED, rows[0].number) if more else None,
        total=connection.execute(_COUNT).scalar_one(),
    )
