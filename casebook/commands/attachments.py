"""Files that people add to a case. Each runs inside one transaction."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from casebook.case_log.append import Entry, append, next_seq
from casebook.commands.investigation import locked_case
from casebook.errors import AttachmentNotFound, AttachmentTooLarge, TooManyAttachments
from casebook.queries.case_view import require_case
from casebook.schema.workspace import AttachmentRow
from contracts.hashing import HASH_PREFIX, content_hash
from contracts.note import Attachment

PER_CASE = 20
"""No case has more attachments."""

_PREFIX = "file-"


@dataclass(frozen=True)
class Upload:
    """A file as a person sends it."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class AttachedFile:
    """An attachment with its content."""

    attachment: Attachment
    content: bytes


def add_attachment(
    session: Session, case_id: str, added_by: str, upload: Upload, max_bytes: int, now: datetime
) -> Attachment:
    """Keep a file. A closed case takes files as well. Raises AttachmentTooLarge, TooManyAttachments."""
    if len(upload.content) > max_bytes:
        raise AttachmentTooLarge(max_bytes)
    case = locked_case(session, case_id)
    held = select(func.count()).select_from(AttachmentRow).where(AttachmentRow.case_id == case_id)
    if session.execute(held).scalar_one() >= PER_CASE:
        raise TooManyAttachments(PER_CASE)
    seq = next_seq(session)
    row = AttachmentRow(
        seq=seq,
        case_id=case_id,
        name=upload.name,
        media_type=upload.media_type,
        size=len(upload.content),
        content_hash=HASH_PREFIX + hashlib.sha256(upload.content).hexdigest(),
        added_by=added_by,
        added_at=now,
        content=upload.content,
    )
    attachment = read_attachment(row)
    session.add(row)
    data: dict[str, JsonValue] = {
        "attachment_id": attachment.attachment_id,
        "name": attachment.name,
        "size": attachment.size,
        "attachment_hash": content_hash(attachment),
    }
    key = f"attachment_added:{attachment.attachment_id}"
    append(session, case, Entry("attachment_added", key, added_by, data), now, seq)
    return attachment


def list_attachments(session: Session, case_id: str) -> tuple[Attachment, ...]:
    """All attachments of a case, oldest first, without their contents. Raises CaseNotFound."""
    require_case(session, case_id)
    rows = session.scalars(select(AttachmentRow).where(AttachmentRow.case_id == case_id).order_by(AttachmentRow.seq))
    return tuple(map(read_attachment, rows))


def read_file(session: Session, case_id: str, attachment_id: str) -> AttachedFile:
    """An attachment with its content. Raises CaseNotFound or AttachmentNotFound."""
    require_case(session, case_id)
    number = attachment_id.removeprefix(_PREFIX)
    if attachment_id != f"{_PREFIX}{number}" or not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise AttachmentNotFound(case_id, attachment_id)
    row = session.get(AttachmentRow, int(number), options=[undefer(AttachmentRow.content)])
    if row is None or row.case_id != case_id:
        raise AttachmentNotFound(case_id, attachment_id)
    return AttachedFile(read_attachment(row), row.content)


def read_attachment(row: AttachmentRow) -> Attachment:
    """The attachment that a row holds."""
    return Attachment(
        attachment_id=f"{_PREFIX}{row.seq}",
        case_id=row.case_id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        content_hash=row.content_hash,
        added_by=row.added_by,
        added_at=row.added_at,
    )
