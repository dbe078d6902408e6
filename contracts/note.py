"""What people add to a case: notes and files."""

from typing import Annotated

from pydantic import Field

from contracts.base import Contract, NonEmptyText, UtcDateTime
from contracts.ids import CaseId, Hash


class Note(Contract):
    """What a person wrote about a case. It cannot be changed; another note can correct it."""

    note_id: str
    case_id: CaseId
    author: str
    """The stable subject id of a person."""
    created_at: UtcDateTime
    text: NonEmptyText


class Attachment(Contract):
    """A file that a person added to a case, without its content."""

    attachment_id: str
    case_id: CaseId
    name: Annotated[str, Field(min_length=1, max_length=200)]
    media_type: str
    """As the sender called it: a label, never a promise."""
    size: Annotated[int, Field(ge=0)]
    """Bytes."""
    content_hash: Hash
    """SHA-256 of the content."""
    added_by: str
    added_at: UtcDateTime
