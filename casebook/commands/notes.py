"""Notes on a case. Each runs inside one transaction."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from casebook.case_log.append import append, next_seq
from casebook.case_log.locked_case import LockedCase, lock_case
from casebook.errors import TooManyNotes
from casebook.projection.notes import PREFIX, NoteAdded, note_in
from casebook.queries.case_view import require_case
from casebook.queries.cursors import NotePage, back_from, page_length, read_cursor, write_cursor
from casebook.queries.tokenizer import join_words, words_of
from casebook.schema.cases import table_of
from casebook.schema.workspace import CaseTextRow, NoteRow
from contracts.hashing import content_hash
from contracts.note import Note

_NOTES, _TEXTS = table_of(NoteRow), table_of(CaseTextRow)
_COUNT = select(func.count()).where(_NOTES.c.case_id == bindparam("of_case"))
_WORDS = select(_TEXTS.c.body).where(_TEXTS.c.opened_seq == bindparam("of_opened_seq"))
_FIND_BY = update(_TEXTS).where(_TEXTS.c.opened_seq == bindparam("of_opened_seq"))


def add_note(connection: Connection, case_id: str, author: str, text: str, most: int, now: datetime) -> Note:
    """Keep a note, and let the case be found by its words. A closed case takes notes as well. Raises TooManyNotes."""
    case = lock_case(connection, case_id)
    if _count(connection, case_id) >= most:
        raise TooManyNotes(most)
    seq = next_seq(connection)
    note = Note(note_id=f"{PREFIX}{seq}", case_id=case_id, author=author, created_at=now, text=text)
    added = NoteAdded(note_id=note.note_id, note_hash=content_hash(note))
    append(connection, case, added, author, now, {added.note_hash: {"text": text}}, seq=seq)
    _find_by(connection, case, text)
    return note


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
        total=_count(connection, case_id),
    )


def _count(connection: Connection, case_id: str) -> int:
    return connection.execute(_COUNT, {"of_case": case_id}).scalar_one()


def _find_by(connection: Connection, case: LockedCase, text: str) -> None:
    of = {"of_opened_seq": case.opened_seq}
    words = connection.execute(_WORDS, of).scalar_one()
    connection.execute(_FIND_BY, {**of, "body": join_words(words_of(words, text))})
