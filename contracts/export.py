"""An exported case: the file format."""

from typing import Literal

from contracts.base import Contract, UtcDateTime
from contracts.case import CaseEvent
from contracts.cases import AnyCaseView, AnyRound
from contracts.ids import Hash
from contracts.note import Attachment, Note
from contracts.report import Evidence

EXPORT_FORMAT = "casewright-case-export"
EXPORT_VERSION = 2
READABLE_VERSIONS = (1, EXPORT_VERSION)
"""Before version 2 a case had one alert."""


class ExportedAttachment(Contract):
    """A file and what is known of it."""

    attachment: Attachment
    content: str
    """Base64."""


class ExportedCall(Contract):
    """An entry of the journal of model calls, without what the model said: the hash of that, and what it cost."""

    number: int
    key: str
    response_hash: Hash
    recorded_at: UtcDateTime
    use: str | None
    """`ModelUse` as JSON."""
    hash: str
    """Links it to the one before it."""


class CaseExport(Contract):
    """Everything about one case, with its log: it can be read and verified without the casebook."""

    format: Literal["casewright-case-export"] = EXPORT_FORMAT
    version: Literal[2] = EXPORT_VERSION
    exported_at: UtcDateTime
    case: AnyCaseView
    rounds: tuple[AnyRound, ...]
    """All of them, the current one included."""
    events: tuple[CaseEvent, ...]
    evidence: tuple[Evidence, ...]
    notes: tuple[Note, ...]
    head: Hash | None
    """Hash of the last event."""
    attachments: tuple[ExportedAttachment, ...]
    journal: tuple[ExportedCall, ...]
    """What models were asked, in order."""
