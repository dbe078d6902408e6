"""Reads the whole record of a case as of one instant, for its regulatory report."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from casebook.audit.regulatory_report import CaseRecord
from casebook.queries.attachments import list_attachments
from casebook.queries.case_view import case_events, read_fraud_case, read_investigated_rounds
from casebook.schema.base import table_of
from casebook.schema.rounds import EvidenceRow
from contracts.report import Evidence

_EVIDENCE = table_of(EvidenceRow).c
_OF_CASE = select(_EVIDENCE.body).where(_EVIDENCE.case_id == bindparam("of_case")).order_by(_EVIDENCE.evidence_id)


def read_record(connection: Connection, case_id: str, now: datetime) -> CaseRecord:
    """The record of a case. Raises CaseNotFound."""
    evidence = connection.scalars(_OF_CASE, {"of_case": case_id})
    return CaseRecord(
        case=read_fraud_case(connection, case_id, now),
        rounds=read_investigated_rounds(connection, case_id),
        events=case_events(connection, case_id),
        evidence=[Evidence.model_validate_json(body) for body in evidence],
        attachments=list_attachments(connection, case_id),
    )
