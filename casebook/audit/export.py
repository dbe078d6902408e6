"""Exports a case as a JSON file that can be verified by itself. Large files are written one at a time."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, select

from casebook.audit.audited_tables import calls_of
from casebook.case_log.append import read_event
from casebook.projection.notes import note_in
from casebook.queries.attachments import AttachedFile, list_attachments
from casebook.queries.case_view import read_case, read_rounds
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow
from casebook.schema.rounds import EvidenceRow
from casebook.schema.workspace import NoteRow
from contracts.case import CaseEvent, CaseView, Round
from contracts.export import EXPORT_FORMAT, EXPORT_VERSION, ExportedCall
from contracts.note import Attachment, Note
from contracts.report import Evidence

ReadFile = Callable[[str], AttachedFile]
"""The file with this attachment id."""
OpenConnection = Callable[[], AbstractContextManager[Connection]]
BATCH = 100
"""How many events, notes or records are in memory at a time."""

T = TypeVar("T")


class Batched(Generic[T]):
    """Rows of a case that never change and that an export is full of: read again, a batch at a time, by who writes."""

    def __init__(
        self,
        open_connection: OpenConnection,
        keys: Sequence[int | str],
        read: Callable[[Connection, Sequence[int | str]], Iterable[T]],
    ) -> None:
        self._open = open_connection
        self._keys = keys
        self._read = read

    def __iter__(self) -> Iterator[T]:
        for start in range(0, len(self._keys), BATCH):
            with self._open() as connection:
                batch = [*self._read(connection, self._keys[start : start + BATCH])]
            yield from batch

    def __len__(self) -> int:
        return len(self._keys)


@dataclass(frozen=True)
class CaseSnapshot:
    """A case as of one instant. Of what never changes and can be much, it holds the keys: nobody adds to it later."""

    exported_at: datetime
    case: CaseView
    rounds: tuple[Round, ...]
    events: Batched[CaseEvent]
    evidence: Batched[Evidence]
    notes: Batched[Note]
    attachments: tuple[Attachment, ...]
    journal: tuple[ExportedCall, ...]
    head: str | None
    """Hash of the last event."""


def take_snapshot(connection: Connection, case_id: str, now: datetime, open_connection: OpenConnection) -> CaseSnapshot:
    """All that an export holds; `open_connection`: where it is read while it is written. Raises CaseNotFound."""
    events = select(CaseEventRow.seq).where(CaseEventRow.case_id == case_id).order_by(CaseEventRow.seq)
    last = select(CaseEventRow.hash).where(CaseEventRow.case_id == case_id).order_by(CaseEventRow.seq.desc()).limit(1)
    evidence = select(EvidenceRow.evidence_id).where(EvidenceRow.case_id == case_id).order_by(EvidenceRow.evidence_id)
    notes = select(NoteRow.seq).where(NoteRow.case_id == case_id).order_by(NoteRow.seq)
    return CaseSnapshot(
        exported_at=now,
        case=read_case(connection, case_id, now),
        rounds=read_rounds(connection, case_id),
        events=Batched(open_connection, connection.scalars(events).all(), _read_events),
        evidence=Batched(open_connection, connection.scalars(evidence).all(), partial(_read_evidence, case_id)),
        notes=Batched(open_connection, connection.scalars(notes).all(), _note_ins),
        attachments=list_attachments(connection, case_id),
        journal=_journal(connection, case_id),
        head=connection.scalars(last).one_or_none(),
    )


def _read_events(connection: Connection, keys: Sequence[int | str]) -> Iterable[CaseEvent]:
    rows = select(CaseEventRow).where(CaseEventRow.seq.in_(keys)).order_by(CaseEventRow.seq)
    return map(read_event, connection.execute(rows))


def _note_ins(connection: Connection, keys: Sequence[int | str]) -> Iterable[Note]:
    rows = select(NoteRow).where(NoteRow.seq.in_(keys)).order_by(NoteRow.seq)
    return map(note_in, connection.execute(rows))


def _read_evidence(case_id: str, connection: Connection, keys: Sequence[int | str]) -> Iterable[Evidence]:
    of_case = select(EvidenceRow.body).where(EvidenceRow.case_id == case_id, EvidenceRow.evidence_id.in_(keys))
    return map(Evidence.model_validate_json, connection.scalars(of_case.order_by(EvidenceRow.evidence_id)))


def _journal(connection: Connection, case_id: str) -> tuple[ExportedCall, ...]:
    case = connection.execute(select(CaseRow).where(CaseRow.case_id == case_id)).one()
    return calls_of(connection, [case])[case_id].journal


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
    yield from _listed("journal", snapshot.journal)
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
