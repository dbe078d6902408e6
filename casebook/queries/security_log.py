"""Reads the security log, a page at a time."""

import json

from sqlalchemy import ColumnElement, Connection, func, select

from casebook.queries.cursors import back_from, page_length, read_cursor, write_cursor
from casebook.schema.base import PlainRow, table_of
from casebook.schema.security import SecurityEventRow
from contracts.security import SecurityEvent, SecurityEventKind, SecurityEventPage

_EVENTS = table_of(SecurityEventRow)


def security_event_in(row: PlainRow) -> SecurityEvent:
    """The line that a row holds. Raises ValueError when the row was tampered out of shape."""
    columns = {name: getattr(row, name) for name in SecurityEvent.model_fields}
    return SecurityEvent.model_validate({**columns, "detail": json.loads(row.detail)})


def list_security_events(
    connection: Connection, subject: str | None, kind: SecurityEventKind | None, limit: int, cursor: str | None
) -> SecurityEventPage:
    """The newest lines, of one person or kind where one is named, or those before another page.

    Raises MalformedCursor.
    """
    length = page_length(limit)
    wanted: list[ColumnElement[bool]] = []
    if subject is not None:
        wanted.append(_EVENTS.c.subject == subject)
    if kind is not None:
        wanted.append(_EVENTS.c.kind == kind)
    listed = f"security log:{kind or ''}:{subject or ''}"
    before = select(_EVENTS).where(*wanted, _EVENTS.c.number < read_cursor(listed, cursor))
    newest = connection.execute(before.order_by(_EVENTS.c.number.desc()).limit(length + 1)).all()
    rows, more = back_from(newest, length)
    return SecurityEventPage(
        items=tuple(map(security_event_in, rows)),
        next_cursor=write_cursor(listed, rows[0].number) if more else None,
        total=connection.execute(select(func.count()).select_from(_EVENTS).where(*wanted)).scalar_one(),
    )
