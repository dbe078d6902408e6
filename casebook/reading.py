"""Queries: rows to contracts. The number of statements never depends on the number of rows."""

import json

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casebook.errors import CaseNotFound, EvidenceNotFound
from casebook.lifecycle import MOVES
from casebook.log import read_event
from casebook.pages import MAX_PAGE, AlertPage, Backlog, CasePage, page_length, read_cursor, write_cursor
from casebook.tables import (
    AlertRow,
    CaseEventRow,
    CaseRow,
    DecisionRow,
    EffectRow,
    EvidenceRow,
    ModelCallRow,
    ReportRow,
    ReviewRow,
    RoundRow,
)
from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.case import CaseEvent, CaseProgress, CaseState, CaseSummary, CaseView, Round
from contracts.effect import Effect
from contracts.report import SPECIALISTS, Evidence, SpecialistReport
from contracts.review import Decision, ReviewRequest


def read_case(session: Session, case_id: str) -> CaseView:
    """The whole case in six statements. Raises CaseNotFound."""
    found = session.execute(
        select(CaseRow, AlertRow.body)
        .join(AlertRow, AlertRow.case_id == CaseRow.case_id)
        .where(CaseRow.case_id == case_id)
    ).one_or_none()
    if found is None:
        raise CaseNotFound(case_id)
    case, alert = found
    reviews = session.scalars(select(ReviewRow).where(ReviewRow.case_id == case_id).order_by(ReviewRow.round)).all()
    decisions = _decisions(session, case_id)
    rounds = _rounds(session, case_id, reviews=[*reviews], decisions=decisions)
    current = next((each for each in rounds if each.round == case.round), None)
    effects = session.scalars(
        select(EffectRow.body).where(EffectRow.case_id == case_id).order_by(EffectRow.started_seq)
    )
    return CaseView.model_validate(
        {
            "case_id": case.case_id,
            "state": case.state,
            "round": case.round,
            "alert": Alert.model_validate_json(alert),
            "progress": _progress(case),
            "reports": current.reports if current else (),
            "assessment": current.assessment if current else None,
            "review": next((_review(row) for row in reviews if row.status == "open"), None),
            "decisions": tuple(decisions.values()),
            "earlier_rounds": tuple(each for each in rounds if each.round < case.round),
            "effects": tuple(Effect.model_validate_json(body) for body in effects),
            "outcome": case.outcome,
            "opened_at": case.opened_at,
            "updated_at": case.updated_at,
            "last_seq": case.last_seq,
        }
    )


def read_summary(session: Session, case_id: str) -> CaseSummary:
    """One row of the case list. Raises CaseNotFound."""
    case = session.get(CaseRow, case_id)
    if case is None:
        raise CaseNotFound(case_id)
    return _summary(case)


def list_cases(session: Session, state: CaseState | None, limit: int, cursor: str | None) -> CasePage:
    """One page of cases, newest first."""
    length = page_length(limit)
    query = select(CaseRow).where(CaseRow.opened_seq < read_cursor("cases", cursor))
    if state is not None:
        query = query.where(CaseRow.state == state)
    rows = session.scalars(query.order_by(CaseRow.opened_seq.desc()).limit(length + 1)).all()
    shown = rows[:length]
    more = write_cursor("cases", shown[-1].opened_seq) if len(rows) > length else None
    return CasePage(items=tuple(map(_summary, shown)), next_cursor=more)


def list_alerts(session: Session, limit: int, cursor: str | None) -> AlertPage:
    """One page of alerts, in the order in which their cases were opened, newest first."""
    length = page_length(limit)
    query = select(AlertRow).where(AlertRow.opened_seq < read_cursor("alerts", cursor))
    rows = session.scalars(query.order_by(AlertRow.opened_seq.desc()).limit(length + 1)).all()
    shown = rows[:length]
    more = write_cursor("alerts", shown[-1].opened_seq) if len(rows) > length else None
    return AlertPage(items=tuple(Alert.model_validate_json(row.body) for row in shown), next_cursor=more)


def unscheduled_cases(session: Session, limit: int, after: str | None) -> list[Alert]:
    """Alerts of cases whose orchestration has not been confirmed scheduled, oldest first."""
    waiting = (
        select(AlertRow.body)
        .join(CaseRow, CaseRow.case_id == AlertRow.case_id)
        .where(CaseRow.scheduled_at.is_(None))
        .order_by(CaseRow.opened_seq)
        .limit(page_length(limit))
    )
    if after is not None:
        seen = select(CaseRow.opened_seq).where(CaseRow.case_id == after).scalar_subquery()
        waiting = waiting.where(CaseRow.opened_seq > seen)
    return [Alert.model_validate_json(body) for body in session.scalars(waiting)]


def is_scheduled(session: Session, case_id: str) -> bool:
    """Whether the case's orchestration has been confirmed scheduled. Raises CaseNotFound."""
    case = session.get(CaseRow, case_id)
    if case is None:
        raise CaseNotFound(case_id)
    return case.scheduled_at is not None


def undelivered_decisions(session: Session, limit: int, after: str | None) -> list[Decision]:
    """Accepted decisions of which the orchestration has not been told, oldest first."""
    waiting = (
        select(DecisionRow.body)
        .where(DecisionRow.delivered_at.is_(None))
        .order_by(DecisionRow.accepted_seq)
        .limit(page_length(limit))
    )
    if after is not None:
        seen = select(DecisionRow.accepted_seq).where(DecisionRow.review_id == after).scalar_subquery()
        waiting = waiting.where(DecisionRow.accepted_seq > seen)
    return [Decision.model_validate_json(body) for body in session.scalars(waiting)]


def read_evidence(session: Session, case_id: str, evidence_id: str) -> Evidence:
    """One recorded tool call. Raises CaseNotFound or EvidenceNotFound."""
    row = session.get(EvidenceRow, (case_id, evidence_id))
    if row is not None:
        return Evidence.model_validate_json(row.body)
    if session.get(CaseRow, case_id) is None:
        raise CaseNotFound(case_id)
    raise EvidenceNotFound(case_id, evidence_id)


def events_after(session: Session, seq: int, limit: int) -> list[CaseEvent]:
    """Events of all cases with a greater `seq`, in order."""
    tail = (
        select(CaseEventRow)
        .where(CaseEventRow.seq > seq)
        .order_by(CaseEventRow.seq)
        .limit(max(1, min(limit, 10 * MAX_PAGE)))
    )
    return [read_event(row) for row in session.scalars(tail)]


def case_events(session: Session, case_id: str) -> list[CaseEvent]:
    """The whole log of one case. Raises CaseNotFound."""
    rows = session.scalars(select(CaseEventRow).where(CaseEventRow.case_id == case_id).order_by(CaseEventRow.seq)).all()
    if not rows and session.get(CaseRow, case_id) is None:
        raise CaseNotFound(case_id)
    return [read_event(row) for row in rows]


def counts(session: Session) -> dict[CaseState, int]:
    """How many cases are in each state, those without any included."""
    found = dict(session.execute(select(CaseRow.state, func.count()).group_by(CaseRow.state)).all())
    return {state: found.get(state, 0) for state in MOVES}


def backlog(session: Session) -> Backlog:
    """How many cases and decisions wait for the scheduler."""
    cases = select(func.count()).select_from(CaseRow).where(CaseRow.scheduled_at.is_(None))
    decisions = select(func.count()).select_from(DecisionRow).where(DecisionRow.delivered_at.is_(None))
    return Backlog(unscheduled=session.execute(cases).scalar_one(), undelivered=session.execute(decisions).scalar_one())


def recall_model_call(session: Session, case_id: str, key: str) -> JsonValue | None:
    """The answer kept under `key`, or None."""
    row = session.get(ModelCallRow, (case_id, key))
    return None if row is None else json.loads(row.response)


def recall_report(session: Session, case_id: str, round_number: int, specialist: str) -> SpecialistReport | None:
    """The saved report of one specialist in one round, or None."""
    row = session.get(ReportRow, (case_id, round_number, specialist))
    return None if row is None else SpecialistReport.model_validate_json(row.body)


def recall_assessment(session: Session, case_id: str, round_number: int) -> RiskAssessment | None:
    """The saved assessment of one round, or None."""
    row = session.get(RoundRow, (case_id, round_number))
    return None if row is None or row.assessment is None else RiskAssessment.model_validate_json(row.assessment)


def _decisions(session: Session, case_id: str) -> dict[str, Decision]:
    rows = session.scalars(select(DecisionRow).where(DecisionRow.case_id == case_id).order_by(DecisionRow.accepted_seq))
    return {row.review_id: Decision.model_validate_json(row.body) for row in rows}


def _rounds(session: Session, case_id: str, *, reviews: list[ReviewRow], decisions: dict[str, Decision]) -> list[Round]:
    reports: dict[int, list[SpecialistReport]] = {}
    for row in session.scalars(select(ReportRow).where(ReportRow.case_id == case_id)):
        reports.setdefault(row.round, []).append(SpecialistReport.model_validate_json(row.body))
    asked = {row.round: row for row in reviews}
    rounds: list[Round] = []
    for row in session.scalars(select(RoundRow).where(RoundRow.case_id == case_id).order_by(RoundRow.round)):
        assessment = None if row.assessment is None else RiskAssessment.model_validate_json(row.assessment)
        found = sorted(reports.get(row.round, []), key=lambda report: SPECIALISTS.index(report.specialist))
        # A round that only asks again, of a manager, rests on the reports of the round before it.
        if not found and assessment is not None:
            found = list(assessment.reports)
        review = asked.get(row.round)
        rounds.append(
            Round(
                round=row.round,
                reports=tuple(found),
                assessment=assessment,
                review=None if review is None else _review(review),
                decision=None if review is None else decisions.get(review.review_id),
            )
        )
    return rounds


def _review(row: ReviewRow) -> ReviewRequest:
    return ReviewRequest.model_validate(
        {
            "review_id": row.review_id,
            "assessment_hash": row.assessment_hash,
            "opened_at": row.opened_at,
            "due_at": row.due_at,
            "required_role": row.required_role,
            "approvals_required": row.approvals_required,
        }
    )


def _progress(case: CaseRow) -> CaseProgress:
    return CaseProgress.model_validate(
        {
            "phase": case.phase,
            "round": case.round,
            "specialists": json.loads(case.specialists),
            "score": case.risk_score,
            "outcome": case.outcome,
        }
    )


def _summary(case: CaseRow) -> CaseSummary:
    return CaseSummary.model_validate(
        {name: getattr(case, name) for name in CaseSummary.model_fields if hasattr(case, name)}
    )
