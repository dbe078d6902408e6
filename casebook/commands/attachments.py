"""Adds files to a case. Each command runs inside one transaction."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from casebook.case_log.append import append, next_seq
from casebook.case_log.locked_case import lock_case
from casebook.errors import AttachmentNotAsDeclared, AttachmentTooLarge, TooManyAttachments
from casebook.policy.file_contents import is_what_it_says
from casebook.projection.attachments import PREFIX, AttachmentAdded
from casebook.schema.base import table_of
from casebook.schema.workspace import AttachmentRow
from contracts.hashing import HASH_PREFIX, content_hash
from contracts.note import Attachment

PER_CASE = 20
"""No case has more attachments."""


@dataclass(frozen=True)
class Upload:
    """A file as a person sends it."""

    name: str
    media_type: str
    content: bytes


_FILES = table_of(AttachmentRow)
_COUNT = select(func.count()).where(_FILES.c.case_id == bindparam("of_case"))


def add_attachment(
    connection: Connection, case_id: str, added_by: str, upload: Upload, max_bytes: int, now: datetime
) -> Attachment:
    """Keep a file. A closed case takes files as well.

    Raises AttachmentTooLarge, AttachmentNotAsDeclared, TooManyAttachments.
    """
    if len(upload.content) > max_bytes:
        raise AttachmentTooLarge(max_bytes)
    if not is_what_it_says(upload.media_type, upload.content):
        raise AttachmentNotAsDeclared(upload.media_type, is_text=upload.media_type.startswith("text/"))
    case = lock_case(connection, case_id)
    if connection.execute(_COUNT, {"of_case": case_id}).scalar_one() >= PER_CASE:
        raise TooManyAttachments(PER_CASE)
    seq = next_seq(connection)
    attachment = Attachment(
        attachment_id=f"{PREFIX}{seq}",
        case_id=case_id,
        name=upload.name,
        media_type=upload.media_type,
        size=len(upload.content),
        content_hash=HASH_PREFIX + hashlib.sha256(upload.content).hexdigest(),
        added_by=added_by,
        added_at=now,
    )
    added = AttachmentAdded(
        attachment_id=attachment.attachment_id,
        name=attachment.name,
        size=attachment.size,
        attachment_hash=content_hash(attachment),
    )
    kept = {name: getattr(attachment, name) for name in ("name", "media_type", "size", "content_hash")}
    contents = {added.attachment_hash: {**kept, "content": upload.content}}
    append(connection, case, added, added_by, now, contents, seq=seq)
    return attachment
