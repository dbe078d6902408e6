"""Writing a case as a file of its own: JSON that verifies alone. Large files are written one at a time."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from casebook.attachments import AttachedFile, list_attachments
from casebook.notes import list_notes
from casebook.reading import case_events, read_case, read_rounds
from casebook.tables import EvidenceRow
from contracts.case import CaseEvent, CaseView, Round
from contracts.export import EXPORT_FORMAT, EXPORT_VERSION
from contracts.note import Attachment, Note
from contracts.report import Evidence

ReadFile = Callable[[str], AttachedFile]
"""The file with this attachment id."""


@dataclass(frozen=True)
class CaseSnapshot:
    """A case as of one instant, without the content of its files: they never change."""

    exported_at: datetime
    case: CaseView
    rounds: tuple[Round, ...]
    events: tuple[CaseEvent, ...]
    evidence: tuple[Evidence, ...]
    notes: tuple[Note, ...]
    attachments: tuple[Attachment, ...]

    @property
    def head(self) -> str | None:
        """Hash of the last event."""
        return self.events[-1].hash if self.events else None


def take_snapshot(session: Session, case_id: str, now: datetime) -> CaseSnapshot:
    """All that an export holds. Raises CaseNotFound."""
    evidence = select(EvidenceRow.body).where(EvidenceRow.case_id == case_id).order_by(EvidenceRow.evidence_id)
    return CaseSnapshot(
        exported_at=now,
        case=read_case(session, case_id, now),
        rounds=read_rounds(session, case_id),
        events=tuple(case_events(session, case_id)),
        evidence=tuple(Evidence.model_validate_json(body) for body in session.scalars(evidence)),
        notes=list_notes(session, case_id),
        attachments=list_attachments(session, case_id),
    )


def write_json(snapshot: CaseSnapshot, read_file: ReadFile) -> Iterator[bytes]:
    """The export as JSON, piece by piece: `contracts.export.CaseExport`."""
    head = {
        "format": EXPORT_FORMAT,
        "version": EXPORT_VERSION,
        "exported_at": snapshot.exported_at.isoformat(),
        "head": snapshot.head,
    }
    yield json.dumps(head)[:-1].encode()
    yield b',\n"case":' + snapshot.case.model_dump_json().encode()
    yield from _listed("rounds", snapshot.rounds)
    yield from _listed("events", snapshot.events)
    yield from _listed("evidence", snapshot.evidence)
    yield from _listed("notes", snapshot.notes)
    yield b',\n"attachments":['
    for index, attachment in enumerate(snapshot.attachments):
        content = base64.b64encode(read_file(attachment.attachment_id).content)
        yield b"," if index else b""
        yield b'\n{"attachment":' + attachment.model_dump_json().encode() + b',"content":"' + content + b'"}'
    yield b"\n]}\n"


def _listed(name: str, items: Iterable[BaseModel]) -> Iterator[bytes]:
    yield f',\n"{name}":['.encode()
    for index, item in enumerate(items):
        yield (b",\n" if index else b"\n") + item.model_dump_json().encode()
    yield b"\n]"
