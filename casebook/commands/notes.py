"""Adds notes to a case. Each command runs inside one transaction."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from casebook.case_log.append import append, next_seq
from casebook.case_log.locked_case import LockedCase, lock_case
from casebook.errors import TooManyNotes
from casebook.projection.notes import PREFIX, NoteAdded
from casebook.queries.notes import count_notes
from casebook.queries.tokenizer import join_words, words_of
from casebook.schema.base import table_of
from casebook.schema.workspace import CaseTextRow
from contracts.hashing import content_hash
from contracts.note import Note

_TEXTS = table_of(CaseTextRow)
_WORDS = select(_TEXTS.c.body).where(_TEXTS.c.opened_seq == bindparam("of_opened_seq"))
_FIND_BY = update(_TEXTS).where(_TEXTS.c.opened_seq == bindparam("of_opened_seq"))


def add_note(connection: Connection, case_id: str, author: str, text: str, most: int, now: datetime) -> Note:
    """Keep a note, and let the case be found by its words. A closed case takes notes as well. Raises TooManyNotes."""
    case = lock_case(connection, case_id)
    if count_notes(connection, case_id) >= most:
        raise TooManyNotes(most)
    seq = next_seq(connection)
    note = Note(note_id=f"{PREFIX}{seq}", case_id=case_id, author=author, created_at=now, text=text)
    added = NoteAdded(note_id=note.note_id, note_hash=content_hash(note))
    append(connection, case, added, author, now, {added.note_hash: {"text": text}}, seq=seq)
    _find_by(connection, case, text)
    return note


def _find_by(connection: Connection, case: LockedCase, text: str) -> None:
    of = {"of_opened_seq": case.opened_seq}
    words = connection.execute(_WORDS, of).scalar_one()
    connection.execute(_FIND_BY, {**of, "body": join_words(words_of(words, text))})
