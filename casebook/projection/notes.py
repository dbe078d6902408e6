"""Events of notes: a person writes about a case."""

from collections.abc import Iterator
from typing import ClassVar

from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Insert, ProjectedTable
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.schema.base import PlainRow
from casebook.schema.workspace import NoteRow
from contracts.names import CaseEventType
from contracts.note import Note

PREFIX = "note-"


def note_in(row: PlainRow) -> Note:
    """The note that a row holds."""
    return Note(
        note_id=f"{PREFIX}{row.seq}", case_id=row.case_id, author=row.author, created_at=row.created_at, text=row.text
    )


NOTE = ProjectedTable(
    NoteRow, ("seq",), body=None, hashed=("text",), name_of_key=("note_id", PREFIX), content_of=note_in
)


class NoteAdded(EventData):
    """A note is on record; its words are only in its row."""

    type: ClassVar[CaseEventType] = "note_added"
    actors: ClassVar[Actors] = "people"
    follows_closing: ClassVar[bool] = True
    named_by: ClassVar[tuple[str, ...]] = ("note_id",)

    note_id: str
    note_hash: str

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.note_activity(at.actor)
        yield Insert(NOTE, {"seq": at.seq, "author": at.actor, "created_at": at.at}, self.note_hash)
