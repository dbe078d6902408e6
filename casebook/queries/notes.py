"""Reads the notes of a case, a page at a time."""

from sqlalchemy import Connection, bindparam, func, select

from casebook.projection.notes import note_in
from casebook.queries.case_view import require_case
from casebook.queries.cursors import NotePage, back_from, page_length, read_cursor, write_cursor
from casebook.schema.base import table_of
from casebook.schema.workspace import NoteRow

_NOTES = table_of(NoteRow)
_COUNT = select(func.count()).where(_NOTES.c.case_id == bindparam("of_case"))


def count_notes(connection: Connection, case_id: str) -> int:
    """How many notes a case has."""
    return connection.execute(_COUNT, {"of_case": case_id}).scalar_one()


def list_notes(connection: Connection, case_id: str, limit: int, cursor: str | None) -> NotePage:
    """The newest notes of a case, or those before another page. Raises CaseNotFound, MalformedCursor."""
    require_case(connection, case_id)
    length, listed = page_length(limit), f"notes:{case_id}"
    before = select(_NOTES).where(_NOTES.c.case_id == case_id, _NOTES.c.seq < read_cursor(listed, cursor))
    found = connection.execute(before.order_by(_NOTES.c.seq.desc()).limit(length + 1)).all()
    rows, more = back_from(found, length)
    return NotePage(
        items=tuple(map(note_in, rows)),
        next_cursor=write_cursor(listed, rows[0].seq) if more else None,
        total=count_notes(connection, case_id),
    )
