"""Reads cases as contracts. The number of statements does not depend on the number of rows."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, or_, select

from casebook.case_log.append import read_event
from casebook.case_log.hash_chain import person_of
from casebook.errors import CaseNotFound, EvidenceNotFound, OtherKind
from casebook.queries.assignments import current_assignment
from casebook.queries.claims import running_claim
from casebook.queries.cursors import (
    MAX_PAGE,
    Backlog,
    EventPage,
    back_from,
    page_length,
    read_cursor,
    write_cursor,
)
from casebook.queries.holds import holds_of
from casebook.queries.kinds import recorded_kind_of
from casebook.queries.legal_holds import current_legal_hold
from casebook.queries.model_spend import shown_spend
from casebook.queries.review_rows import read_review
from casebook.queries.snoozes import current_snooze
from casebook.schema.approvals import ProposalRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow
from casebook.schema.reviews import DecisionRow, ReviewRow
from casebook.schema.rounds import EvidenceRow, RoundRow
from contracts.case import CaseEvent, CaseProgress, CaseView, Proposal, Round
from contracts.fraud_case import FraudCaseView, InvestigatedRound
from contracts.kinds.fraud import FRAUD
from contracts.names import CaseEventType
from contracts.report import Evidence
from contracts.review import Decision

_EVIDENCE = table_of(EvidenceRow)
_RECORDED = select(_EVIDENCE.c.body).where(
    *(_EVIDENCE.c[name] == bindparam(name) for name in ("case_id", "evidence_id"))
)

_UNDELIVERED = (DecisionRow.delivered_at.is_(None), DecisionRow.on_hold_until.is_(None))
"""What may be delivered: nobody can take it back."""


_CASE = select(table_of(CaseRow)).where(CaseRow.case_id == bindparam("of_case"))


def read_case(connection: Connection, case_id: str, now: datetime) -> CaseView:
    """The whole case, of whatever kind, in a fixed number of statements. Raises CaseNotFound."""
    case = connection.execute(_CASE, {"of_case": case_id}).one_or_none()
    if case is None:
        raise CaseNotFound(case_id)
    kind = recorded_kind_of(case_id)
    reviews = _reviews(connection, case_id)
    decisions = _decisions(connection, case_id)
    common = {
        "case_id": case.case_id,
        "state": case.state,
        "round": case.round,
        "progress": progress_of(case),
        "review": next((read_review(row) for row in reviews if row.status == "open"), None),
        "decisions": tuple(decisions.values()),
        "outcome": case.outcome,
        "opened_at": case.opened_at,
        "updated_at": case.updated_at,
        "last_seq": case.last_seq,
        "opened_by": _opened_by(connection, case),
        "claim": running_claim(case, now),
        "assignment": current_assignment(case),
        "snooze": current_snooze(case, now),
        "legal_hold": current_legal_hold(case),
        "proposal": read_proposal(connection, case_id),
        "hold": holds_of(connection, [case_id], now).get(case_id),
        "spend": shown_spend(connection, case_id),
    }
    return kind.read_view(connection, case, common, kind.read_rounds(connection, case_id, reviews, decisions))


def read_fraud_case(connection: Connection, case_id: str, now: datetime) -> FraudCaseView:
    """The whole case of fraud. Raises CaseNotFound, OtherKind."""
    case = read_case(connection, case_id, now)
    if not isinstance(case, FraudCaseView):
        raise OtherKind(case_id, FRAUD.name)
    return case


def _opened_by(connection: Connection, case: PlainRow) -> str | None:
    actor = connection.scalars(select(CaseEventRow.actor).where(CaseEventRow.seq == case.opened_seq)).one_or_none()
    return person_of(actor)


def read_rounds(connection: Connection, case_id: str) -> tuple[Round, ...]:
    """All rounds of a case, the current one included."""
    reviews, decisions = _reviews(connection, case_id), _decisions(connection, case_id)
    return tuple(recorded_kind_of(case_id).read_rounds(connection, case_id, reviews, decisions))


def read_investigated_rounds(connection: Connection, case_id: str) -> tuple[InvestigatedRound, ...]:
    """The same of a case of fraud."""
    return tuple(each for each in read_rounds(connection, case_id) if isinstance(each, InvestigatedRound))


def read_proposal(connection: Connection, case_id: str) -> Proposal | None:
    """The first approval that waits for a second one, or None."""
    body = connection.scalars(select(ProposalRow.body).where(ProposalRow.case_id == case_id)).one_or_none()
    return None if body is None else Proposal.model_validate_json(body)


def require_case(connection: Connection, case_id: str) -> None:
    """Raises CaseNotFound when there is no such case."""
    if connection.execute(select(CaseRow.opened_seq).where(CaseRow.case_id == case_id)).first() is None:
        raise CaseNotFound(case_id)


def unscheduled_cases(connection: Connection, limit: int, after: str | None) -> list[str]:
    """Cases whose orchestration has not been confirmed scheduled, oldest first."""
    waiting = (
        select(CaseRow.case_id)
        .where(CaseRow.scheduled_at.is_(None))
        .order_by(CaseRow.opened_seq)
        .limit(page_length(limit))
    )
    if after is not None:
        seen = select(CaseRow.opened_seq).where(CaseRow.case_id == after).scalar_subquery()
        waiting = waiting.where(CaseRow.opened_seq > seen)
    return [*connection.scalars(waiting)]


def under_investigation(connection: Connection, since: datetime) -> int:
    """How many cases that the scheduler has are being investigated, of those that began or got on after `since`."""
    moved = or_(CaseRow.updated_at >= since, CaseRow.scheduled_at >= since)
    investigated = (CaseRow.kind == FRAUD.name, CaseRow.state == "investigating")
    counted = select(func.count()).where(*investigated, CaseRow.scheduled_at.is_not(None), moved)
    return connection.scalars(counted).one()


def not_begun(connection: Connection, before: datetime) -> tuple[int, datetime | None]:
    """How many cases were scheduled before then and have not started, and when the first of them was scheduled."""
    begun = select(RoundRow.case_id).where(RoundRow.case_id == CaseRow.case_id)
    waiting = select(func.count(), func.min(CaseRow.scheduled_at)).where(
        CaseRow.kind == FRAUD.name,
        CaseRow.state == "investigating",
        CaseRow.scheduled_at < before,
        ~begun.exists(),
    )
    count, since = connection.execute(waiting).one()
    return count, since


def is_scheduled(connection: Connection, case_id: str) -> bool:
    """Whether the case's orchestration has been confirmed scheduled. Raises CaseNotFound."""
    case = connection.execute(select(CaseRow.scheduled_at).where(CaseRow.case_id == case_id)).first()
    if case is None:
        raise CaseNotFound(case_id)
    return case.scheduled_at is not None


def undelivered_decisions(connection: Connection, limit: int, after: str | None) -> list[Decision]:
    """Final decisions that the scheduler has not acknowledged, oldest first."""
    waiting = select(DecisionRow.body).where(*_UNDELIVERED).order_by(DecisionRow.accepted_seq).limit(page_length(limit))
    if after is not None:
        seen = select(DecisionRow.accepted_seq).where(DecisionRow.review_id == after).scalar_subquery()
        waiting = waiting.where(DecisionRow.accepted_seq > seen)
    return [Decision.model_validate_json(body) for body in connection.scalars(waiting)]


def decided_among(connection: Connection, cases: Collection[str]) -> set[str]:
    """Those of the cases on which a decision was ever accepted."""
    return set(connection.scalars(select(DecisionRow.case_id).where(DecisionRow.case_id.in_(cases)).distinct()))


def read_evidence(connection: Connection, case_id: str, evidence_id: str) -> Evidence:
    """One recorded tool call. Raises CaseNotFound or EvidenceNotFound."""
    body = connection.execute(_RECORDED, {"case_id": case_id, "evidence_id": evidence_id}).scalar()
    if body is not None:
        return Evidence.model_validate_json(body)
    require_case(connection, case_id)
    raise EvidenceNotFound(case_id, evidence_id)


def events_after(connection: Connection, seq: int, limit: int) -> list[CaseEvent]:
    """Events of all cases with a greater `seq`, in order."""
    tail = (
        select(table_of(CaseEventRow))
        .where(CaseEventRow.seq > seq)
        .order_by(CaseEventRow.seq)
        .limit(max(1, min(limit, 10 * MAX_PAGE)))
    )
    return [read_event(row) for row in connection.execute(tail)]


def case_events(connection: Connection, case_id: str) -> list[CaseEvent]:
    """The whole log of one case. Raises CaseNotFound."""
    log = select(table_of(CaseEventRow)).where(CaseEventRow.case_id == case_id).order_by(CaseEventRow.seq)
    rows = connection.execute(log).all()
    if not rows:
        require_case(connection, case_id)
    return [read_event(row) for row in rows]


def list_events(
    connection: Connection, case_id: str, types: Sequence[CaseEventType], limit: int, cursor: str | None
) -> EventPage:
    """The newest events of a case, of these types or of all, or those before another page. Raises CaseNotFound,
    MalformedCursor."""
    require_case(connection, case_id)
    length, listed = page_length(limit), f"history:{case_id}:{','.join(sorted({*types}))}"
    wanted = [CaseEventRow.case_id == case_id, *([CaseEventRow.type.in_(types)] if types else [])]
    before = select(table_of(CaseEventRow)).where(*wanted, CaseEventRow.seq < read_cursor(listed, cursor))
    rows, more = back_from(connection.execute(before.order_by(CaseEventRow.seq.desc()).limit(length + 1)).all(), length)
    return EventPage(
        items=tuple(map(read_event, rows)),
        next_cursor=write_cursor(listed, rows[0].seq) if more else None,
        total=connection.execute(select(func.count()).select_from(CaseEventRow).where(*wanted)).scalar_one(),
    )


def backlog(connection: Connection) -> Backlog:
    """How many cases and decisions wait for the scheduler."""
    cases = select(func.count()).select_from(CaseRow).where(CaseRow.scheduled_at.is_(None))
    decisions = select(func.count()).select_from(DecisionRow).where(*_UNDELIVERED)
    return Backlog(
        unscheduled=connection.execute(cases).scalar_one(), undelivered=connection.execute(decisions).scalar_one()
    )


def _reviews(connection: Connection, case_id: str) -> list[PlainRow]:
    return [
        *connection.execute(select(table_of(ReviewRow)).where(ReviewRow.case_id == case_id).order_by(ReviewRow.round))
    ]


def _decisions(connection: Connection, case_id: str) -> dict[str, Decision]:
    rows = connection.execute(
        select(table_of(DecisionRow)).where(DecisionRow.case_id == case_id).order_by(DecisionRow.accepted_seq)
    )
    return {row.review_id: Decision.model_validate_json(row.body) for row in rows}


def progress_of(case: PlainRow) -> CaseProgress:
    """How far the current round of a case is."""
    return CaseProgress.model_validate(
        {
            "phase": case.phase,
            "round": case.round,
            "specialists": json.loads(case.specialists),
            "score": case.risk_score,
            "outcome": case.outcome,
        }
    )
