"""Events of attachments: a person adds a file to a case."""

from collections.abc import Iterator
from typing import ClassVar

from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Insert, ProjectedTable
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.schema.base import PlainRow
from casebook.schema.workspace import AttachmentRow
from contracts.names import CaseEventType
from contracts.note import Attachment

PREFIX = "file-"


def attachment_in(row: PlainRow) -> Attachment:
    """The attachment that a row holds."""
    return Attachment(
        attachment_id=f"{PREFIX}{row.seq}",
        case_id=row.case_id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        content_hash=row.content_hash,
        added_by=row.added_by,
        added_at=row.added_at,
    )


ATTACHMENT = ProjectedTable(
    AttachmentRow,
    ("seq",),
    body=None,
    hashed=("name", "media_type", "size", "content_hash", "content"),
    name_of_key=("attachment_id", PREFIX),
    content_of=attachment_in,
)


class AttachmentAdded(EventData):
    """A file is on record; its content is only in its row."""

    type: ClassVar[CaseEventType] = "attachment_added"
    actors: ClassVar[Actors] = "people"
    follows_closing: ClassVar[bool] = True
    named_by: ClassVar[tuple[str, ...]] = ("attachment_id",)

    attachment_id: str
    name: str
    size: int
    attachment_hash: str

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.note_activity(at.actor)
        yield Insert(ATTACHMENT, {"seq": at.seq, "added_by": at.actor, "added_at": at.at}, self.attachment_hash)
