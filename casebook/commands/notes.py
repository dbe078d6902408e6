"""Adds notes to a case. Each command runs inside one transaction."""

from datetime import datetime

from sqlalchemy import Connection

from casebook.case_log.append import append, next_seq
from casebook.case_log.locked_case import lock_case
from casebook.commands.case_words import add_words
from casebook.errors import TooManyNotes
from casebook.projection.notes import PREFIX, NoteAdded
from casebook.queries.notes import count_notes
from contracts.hashing import content_hash
from contracts.note import Note


def add_note(connection: Connection, case_id: str, author: str, text: str, most: int, now: datetime) -> Note:
    """Keep a note, and let the case be found by its words. A closed case takes notes as well. Raises TooManyNotes."""
    case = lock_case(connection, case_id)
    if count_notes(connection, case_id) >= most:
        raise TooManyNotes(most)
    seq = next_seq(connection)
    note = Note(note_id=f"{PREFIX}{seq}", case_id=case_id, author=author, created_at=now, text=text)
    added = NoteAdded(note_id=note.note_id, note_hash=content_hash(note))
    append(connection, case, added, author, now, {added.note_hash: {"text": text}}, seq=seq)
    add_words(connection, case.opened_seq, text)
    return note
