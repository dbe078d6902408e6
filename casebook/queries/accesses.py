"""Reads the access record, a page at a time."""

import json

from sqlalchemy import ColumnElement, Connection, func, select

from casebook.queries.case_view import require_case
from casebook.queries.cursors import back_from, page_length, read_cursor, write_cursor
from casebook.schema.accesses import AccessRow
from casebook.schema.base import PlainRow, table_of
from contracts.accesses import Access, AccessPage

_ACCESSES = table_of(AccessRow)


def access_in(row: PlainRow) -> Access:
    """The line that a row holds. Raises ValueError when the row was tampered out of shape."""
    columns = {name: getattr(row, name) for name in Access.model_fields}
    return Access.model_validate({**columns, "detail": json.loads(row.detail)})


def list_case_accesses(connection: Connection, case_id: str, limit: int, cursor: str | None) -> AccessPage:
    """The newest lines about a case, or those before another page. Raises CaseNotFound, MalformedCursor."""
    require_case(connection, case_id)
    return _page(connection, [_ACCESSES.c.case_id == case_id], f"accesses:{case_id}", limit, cursor)


def list_accesses(connection: Connection, subject: str | None, limit: int, cursor: str | None) -> AccessPage:
    """The newest lines of all, or of one person, or those before another page. Raises MalformedCursor."""
    of_person = [] if subject is None else [_ACCESSES.c.subject == subject]
    listed = "accesses" if subject is None else f"accesses of:{subject}"
    return _page(connection, of_person, listed, limit, cursor)


def _page(
    connection: Connection, wanted: list[ColumnElement[bool]], listed: str, limit: int, cursor: str | None
) -> AccessPage:
    length = page_length(limit)
    before = select(_ACCESSES).where(*wanted, _ACCESSES.c.number < read_cursor(listed, cursor))
    newest = connection.execute(before.order_by(_ACCESSES.c.number.desc()).limit(length + 1)).all()
    rows, more = back_from(newest, length)
    return AccessPage(
        items=tuple(map(access_in, rows)),
        next_cursor=write_cursor(listed, rows[0].number) if more else None,
        total=connection.execute(select(func.count()).select_from(_ACCESSES).where(*wanted)).scalar_one(),
    )
