"""The rows of a live casebook, as the audit holds them against the log."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from pydantic import JsonValue, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from casebook.audit.integrity import UNREADABLE, Calls, Row, digest_of
from casebook.case_log.call_chain import SpendKey, SpendLine, text_hash
from casebook.commands.attachments import read_attachment
from casebook.commands.notes import read_note
from casebook.projection.case_projection import Facts, as_json, report_key, round_key
from casebook.schema.approvals import ProposalRow, ReversalRow
from casebook.schema.cases import (
    AlertRow,
    Base,
    CaseRow,
    DecisionRow,
    EffectRow,
    EvidenceRow,
    ModelCallRow,
    ReportRow,
    ReviewRow,
    RoundRow,
)
from casebook.schema.model_spend import ModelSpendRow
from casebook.schema.workspace import AttachmentRow, NoteRow
from contracts.export import ExportedCall
from contracts.hashing import HASH_PREFIX, content_hash

HEAD = (
    "alert_id",
    "customer_id",
    "alert_type",
    "severity",
    "description",
    "source",
    "rule_id",
    "priority",
    "state",
    "phase",
    "round",
    "risk_score",
    "risk_level",
    "recommended_action",
    "outcome",
    "disposition",
    "due_at",
    "opened_at",
    "updated_at",
    "opened_seq",
    "last_seq",
    "last_hash",
    "assignee",
)
"""Columns of a case that its log speaks of. Not among them: `scheduled_at`, and when a claim began and ends."""


@dataclass(frozen=True)
class _Kind:
    """How the rows of one table are read."""

    table: type[Base]
    key: Callable[[Any], str]
    body: str | None
    facts: tuple[str, ...]
    keeps_body: bool = False
    repeated: tuple[str, ...] = ()
    """Columns that repeat what the content says."""


_KINDS = (
    _Kind(AlertRow, lambda row: row.alert_id, "body", ("opened_seq",)),
    _Kind(
        RoundRow,
        lambda row: round_key(row.round)[1],
        "assessment",
        ("started_at", "assessment_hash"),
        keeps_body=True,
    ),
    _Kind(
        ReportRow,
        lambda row: report_key(row.round, row.specialist)[1],
        "body",
        ("status", "risk_score", "saved_at"),
        keeps_body=True,
        repeated=("round", "specialist", "status", "risk_score"),
    ),
    _Kind(EvidenceRow, lambda row: row.evidence_id, "body", ("round", "specialist")),
    _Kind(
        ReviewRow,
        lambda row: row.review_id,
        None,
        (
            "round",
            "status",
            "assessment_hash",
            "opened_at",
            "due_at",
            "required_role",
            "approvals_required",
            "escalation_reason",
            "remind_at",
        ),
    ),
    _Kind(ProposalRow, lambda row: row.review_id, "body", ("proposed_by", "action", "proposed_seq")),
    _Kind(DecisionRow, lambda row: row.review_id, "body", ("round", "verdict", "action", "accepted_seq")),
    _Kind(EffectRow, lambda row: row.key, "body", ("action", "status", "started_seq")),
    _Kind(ReversalRow, lambda row: row.reversal_id, "body", ("action", "undoes", "status", "requested_seq")),
)


def head_of(case: CaseRow) -> Facts:
    """What the log speaks of, of the case itself."""
    facts: Facts = {name: _plain(getattr(case, name)) for name in HEAD}
    return {**facts, "specialists": _parsed(case.specialists)}


def rows_of(session: Session, cases: Sequence[str]) -> Mapping[str, list[Row]]:
    """All rows of these cases, by case."""
    found: dict[str, list[Row]] = {}
    for kind in _KINDS:
        table = kind.table.__table__
        for row in session.execute(select(table).where(table.c.case_id.in_(cases))):
            found.setdefault(row.case_id, []).append(_read(kind, row))
    for case_id, row in _written_by_people(session, cases):
        found.setdefault(case_id, []).append(row)
    return found


def calls_of(session: Session, cases: Sequence[CaseRow]) -> Mapping[str, Calls]:
    """What is on record of the calls of models in these cases, by case."""
    names = [case.case_id for case in cases]
    journals: dict[str, list[tuple[int, str, ExportedCall]]] = {}
    broken: dict[str, str] = {}
    kept = ModelCallRow.__table__
    # Row by row: an answer may be long, and only its hash is needed.
    found = select(kept).where(kept.c.case_id.in_(names))
    for row in session.execute(found.execution_options(yield_per=100)):
        try:
            journals.setdefault(row.case_id, []).append((row.number, row.key, read_call(row)))
        except ValidationError:
            broken[row.case_id] = "its journal of model calls cannot be read"
    spent: dict[str, dict[SpendKey, SpendLine]] = {}
    sums = ModelSpendRow.__table__
    for row in session.execute(select(sums).where(sums.c.case_id.in_(names))):
        line = SpendLine(row.rule_id, row.model_calls, row.input_tokens, row.output_tokens, row.cost_micro_usd)
        spent.setdefault(row.case_id, {})[row.round, row.agent, row.model, row.day] = line
    return {
        case.case_id: Calls(
            tuple(call for _, _, call in sorted(journals.get(case.case_id, ()), key=itemgetter(0, 1))),
            spent.get(case.case_id, {}),
            (case.journal_entries, case.journal_hash),
            broken.get(case.case_id),
        )
        for case in cases
    }


def read_call(row: Any) -> ExportedCall:
    """An entry of the journal. Raises pydantic.ValidationError when the row was tampered out of shape."""
    return ExportedCall(
        number=row.number,
        key=row.key,
        response_hash=text_hash(row.response),
        recorded_at=row.recorded_at,
        use=row.use,
        hash=row.hash,
    )


def _read(kind: _Kind, row: Any) -> Row:
    facts: Facts = {name: _plain(getattr(row, name)) for name in kind.facts}
    if kind.table is ReviewRow:
        facts["four_eyes_actions"] = None if row.four_eyes_actions is None else _parsed(row.four_eyes_actions)
    text = None if kind.body is None else getattr(row, kind.body)
    body = None if text is None else _parsed(text)
    digest = None if text is None else digest_of(body)
    if kind.table is EvidenceRow and isinstance(body, dict):
        facts["result_hash"] = digest_of({"result": body.get("result")})
    kept = body if kind.keeps_body and isinstance(body, dict) else None
    return Row(kind.table.__tablename__, kind.key(row), digest, facts, kept, _contradiction(kind, row, body))


def _contradiction(kind: _Kind, row: Any, body: JsonValue) -> str | None:
    """What a column says otherwise than the content that it repeats."""
    said = body if isinstance(body, dict) else {}
    other = next((name for name in kind.repeated if name in said and said[name] != getattr(row, name)), None)
    return None if other is None else f"its {other} is not that of its content"


def _written_by_people(session: Session, cases: Sequence[str]) -> Iterator[tuple[str, Row]]:
    for note in session.scalars(select(NoteRow).where(NoteRow.case_id.in_(cases))):
        facts: Facts = {"author": note.author, "created_at": as_json(note.created_at)}
        yield note.case_id, Row("note", f"note-{note.seq}", _contract_digest(read_note, note), facts)
    for file in session.scalars(select(AttachmentRow).where(AttachmentRow.case_id.in_(cases))):
        yield file.case_id, _attachment(session, file)


def _attachment(session: Session, file: AttachmentRow) -> Row:
    # One file at a time: a case may have a hundred megabytes of them.
    content = session.execute(select(AttachmentRow.content).where(AttachmentRow.seq == file.seq)).scalar_one()
    fits = HASH_PREFIX + hashlib.sha256(content).hexdigest() == file.content_hash
    fault = None if fits else "its file is not the one that was added"
    facts: Facts = {"added_by": file.added_by, "added_at": as_json(file.added_at)}
    return Row("attachment", f"file-{file.seq}", _contract_digest(read_attachment, file), facts, fault=fault)


def _contract_digest(read: Callable[[Any], Any], row: object) -> str:
    try:
        return content_hash(read(row))
    except ValidationError:
        return UNREADABLE


def _parsed(text: str) -> JsonValue:
    try:
        return json.loads(text)
    except ValueError:
        return UNREADABLE


def _plain(value: Any) -> JsonValue:
    return as_json(value) if isinstance(value, datetime) else value
