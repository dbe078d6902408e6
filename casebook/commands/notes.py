"""Notes on a case. Each runs inside one transaction."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casebook.case_log.append import Entry, append, next_seq
from casebook.commands.investigation import locked_case
from casebook.errors import TooManyNotes
from casebook.queries.case_view import require_case
from casebook.queries.cursors import NotePage, back_from, page_length, read_cursor, write_cursor
from casebook.queries.tokenizer import join_words, words_of
from casebook.schema.cases import CaseRow
from casebook.schema.workspace import CaseTextRow, NoteRow
from contracts.hashing import content_hash
from contracts.note import Note


def add_note(session: Session, case_id: str, author: str, text: str, most: int, now: datetime) -> Note:
    """Keep a note, and let the case be found by its words. A closed case takes notes as well. Raises TooManyNotes."""
    case = locked_case(session, case_id)
    if _count(session, case_id) >= most:
        raise TooManyNotes(most)
    seq = next_seq(session)
    row = NoteRow(seq=seq, case_id=case_id, author=author, created_at=now, text=text)
    note = read_note(row)
    session.add(row)
    data = {"note_id": note.note_id, "note_hash": content_hash(note)}
    append(session, case, Entry("note_added", f"note_added:{note.note_id}", author, data), now, seq)
    _find_by(session, case, text)
    return note


def list_notes(session: Session, case_id: str, limit: int, cursor: str | None) -> NotePage:
    """The newest notes of a case, or those before another page. Raises CaseNotFound, MalformedCursor."""
    require_case(session, case_id)
    length, listed = page_length(limit), f"notes:{case_id}"
    before = select(NoteRow).where(NoteRow.case_id == case_id, NoteRow.seq < read_cursor(listed, cursor))
    rows, more = back_from(session.scalars(before.order_by(NoteRow.seq.desc()).limit(length + 1)).all(), length)
    return NotePage(
        items=tuple(map(read_note, rows)),
        next_cursor=write_cursor(listed, rows[0].seq) if more else None,
        total=_count(session, case_id),
    )


def read_note(row: NoteRow) -> Note:
    """The note that a row holds."""
    return Note(
        note_id=f"note-{row.seq}", case_id=row.case_id, author=row.author, created_at=row.created_at, text=row.text
    )


def _count(session: Session, case_id: str) -> int:
    return session.execute(select(func.count()).where(NoteRow.case_id == case_id)).scalar_one()


def _find_by(session: Session, case: CaseRow, text: str) -> None:
    found_by = session.get_one(CaseTextRow, case.opened_seq)
    found_by.body = join_words(words_of(found_by.body, text))
