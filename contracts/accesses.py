"""The access record: who saw which case, which evidence and which export, and when."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from contracts.base import Contract, FiniteJson, UtcDateTime
from contracts.ids import CaseId, Hash

AccessKind = Literal[
    "case_viewed",
    "evidence_read",
    "attachment_read",
    "case_exported",
    "case_reported",
    "cases_export_began",
    "cases_exported",
    "accesses_read",
    "conversation_read",
    "revealed",
]
"""What was seen: a case's page or any part of it, one answer of a tool, one file, the export or the regulatory report
of a case, many cases (once when the file begins, and once when it ends), this record
itself, what a user wrote and was answered, or, of any of these, personal data that is masked for everybody else."""


class Access(Contract):
    """One line of the access record. Repeated views within a quarter of an hour are one line."""

    number: Annotated[int, Field(ge=1)]
    """Counts all lines, without gaps."""
    at: UtcDateTime
    """When it was first seen in that quarter of an hour."""
    subject: str
    """The stable subject id of a person."""
    kind: AccessKind
    case_id: CaseId | None
    """Null for what is not about one case."""
    target: str | None
    """The evidence, the attachment, the alert, the task, the format of an export, or the user of a conversation."""
    detail: dict[str, FiniteJson]
    """Of exports of many cases: the query, the number of rows that were sent, and whether that was all."""
    once: str
    """What makes it one line, however often it is written."""
    hash: Hash
    """Over all other fields and the hash of the line before it."""


class AccessPage(Contract):
    """Lines of the access record, oldest first: the newest, or those before another page."""

    items: tuple[Access, ...]
    next_cursor: str | None
    """Leads further back; null on the last page."""
    total: NonNegativeInt
    """How many lines the whole list has."""
