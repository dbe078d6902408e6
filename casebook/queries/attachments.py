"""Reads the files of a case."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from casebook.errors import AttachmentNotFound
from casebook.projection.attachments import PREFIX, attachment_in
from casebook.queries.case_view import require_case
from casebook.schema.base import table_of
from casebook.schema.workspace import AttachmentRow
from contracts.note import Attachment

_FILES = table_of(AttachmentRow)


@dataclass(frozen=True)
class AttachedFile:
    """An attachment with its content."""

    attachment: Attachment
    content: bytes


_WITHOUT_CONTENT = [column for column in _FILES.c if column.name != "content"]


_OF_CASE = select(*_WITHOUT_CONTENT).where(_FILES.c.case_id == bindparam("of_case")).order_by(_FILES.c.seq)


_FILE = select(_FILES).where(_FILES.c.seq == bindparam("of_seq"), _FILES.c.case_id == bindparam("of_case"))


def list_attachments(connection: Connection, case_id: str) -> tuple[Attachment, ...]:
    """All attachments of a case, oldest first, without their contents. Raises CaseNotFound."""
    require_case(connection, case_id)
    return tuple(map(attachment_in, connection.execute(_OF_CASE, {"of_case": case_id})))


def read_file(connection: Connection, case_id: str, attachment_id: str) -> AttachedFile:
    """An attachment with its content. Raises CaseNotFound or AttachmentNotFound."""
    require_case(connection, case_id)
    number = attachment_id.removeprefix(PREFIX)
    if attachment_id != f"{PREFIX}{number}" or not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise AttachmentNotFound(case_id, attachment_id)
    row = connection.execute(_FILE, {"of_seq": int(number), "of_case": case_id}).first()
    if row is None:
        raise AttachmentNotFound(case_id, attachment_id)
    return AttachedFile(attachment_in(row), row.content)
