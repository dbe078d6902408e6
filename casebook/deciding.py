"""Asking a person, taking the answer exactly once, and acting on it. Each runs inside one transaction."""

from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from casebook.errors import (
    AlreadyDecided,
    AssessmentChanged,
    CaseNotFound,
    NoOpenReview,
    NotApproved,
    ReviewMismatch,
    ReviewNotFound,
    ReviewSuperseded,
)
from casebook.investigating import WORKER, end_open_review, locked_case, move, put_assessment, refuse_closed
from casebook.lifecycle import EFFECTS_OF
from casebook.log import Entry, append, is_logged
from casebook.tables import CaseRow, DecisionRow, EffectRow, ReviewRow
from contracts.effect import Effect
from contracts.hashing import content_hash
from contracts.ids import parse_review_id, review_id
from contracts.investigation import Escalation, ReviewOpening
from contracts.review import Decision, ReviewRequest


def open_review(session: Session, opening: ReviewOpening, now: datetime) -> None:
    """Ask a person. What is asked about becomes the assessment of the round, and the round the current one."""
    case = locked_case(session, opening.case_id)
    review = opening.review
    key = f"review_opened:{review.review_id}"
    if is_logged(session, case.case_id, key):
        return
    _refuse_mismatch(opening)
    if opening.round < case.round:
        raise ReviewSuperseded(case.round)
    move(case, "awaiting_review" if opening.escalation_reason is None else "escalated")
    end_open_review(session, case, "superseded")
    put_assessment(session, case, opening.assessment, now)
    session.add(
        ReviewRow(
            review_id=review.review_id,
            case_id=case.case_id,
            round=opening.round,
            status="open",
            assessment_hash=review.assessment_hash,
            opened_at=review.opened_at,
            due_at=review.due_at,
            required_role=review.required_role,
            approvals_required=review.approvals_required,
            escalation_reason=opening.escalation_reason,
        )
    )
    case.due_at = review.due_at
    data: dict[str, JsonValue] = {"round": opening.round, **review.model_dump(mode="json")}
    append(session, case, Entry("review_opened", key, WORKER, data), now)
    if opening.escalation_reason is not None:
        append(session, case, _escalated(review, opening.round, opening.escalation_reason), now)


def escalate(session: Session, escalation: Escalation, now: datetime) -> Decision | None:
    """Pass the open review on, with a new deadline and role. A decision that came first is returned and stands."""
    case = locked_case(session, escalation.case_id)
    review = session.get(ReviewRow, escalation.review.review_id)
    if review is None or review.case_id != case.case_id:
        raise ReviewNotFound(escalation.review.review_id)
    entry = _escalated(escalation.review, review.round, escalation.reason)
    if is_logged(session, case.case_id, entry.dedupe_key):
        return None
    refuse_closed(case)
    decided = session.get(DecisionRow, review.review_id)
    if decided is not None:
        return Decision.model_validate_json(decided.body)
    if review.status != "open":
        raise NoOpenReview
    if review.assessment_hash != escalation.review.assessment_hash:
        raise ReviewMismatch(review.review_id, "hash")
    move(case, "escalated")
    review.due_at = escalation.review.due_at
    review.required_role = escalation.review.required_role
    review.approvals_required = escalation.review.approvals_required
    review.escalation_reason = escalation.reason
    case.due_at = escalation.review.due_at
    append(session, case, entry, now)
    return None


def expire_review(session: Session, case_id: str, expired: str) -> Decision | None:
    """Stop asking: from here on no decision on this review is accepted. One that came first is returned and stands."""
    case = locked_case(session, case_id)
    review = session.get(ReviewRow, expired)
    if review is None or review.case_id != case_id:
        raise ReviewNotFound(expired)
    decided = session.get(DecisionRow, expired)
    if decided is not None:
        return Decision.model_validate_json(decided.body)
    if review.status == "open":
        end_open_review(session, case, "expired")
    return None


def accept_decision(session: Session, decision: Decision, now: datetime) -> None:
    """Take a person's answer, if it answers exactly what is being asked right now."""
    case, review = _answerable(session, decision)
    review.status = "decided"
    case.due_at = None
    data: dict[str, JsonValue] = {"round": review.round, **decision.model_dump(mode="json")}
    key = f"decision_accepted:{decision.review_id}"
    seq = append(session, case, Entry("decision_accepted", key, decision.decided_by, data), now)
    session.add(
        DecisionRow(
            review_id=decision.review_id,
            case_id=case.case_id,
            round=review.round,
            verdict=decision.verdict,
            action=decision.action,
            accepted_seq=seq,
            body=decision.model_dump_json(),
        )
    )


def _answerable(session: Session, decision: Decision) -> tuple[CaseRow, ReviewRow]:
    case_id, round_number = parse_review_id(decision.review_id)
    case = session.get(CaseRow, case_id, with_for_update=True)
    if case is None:
        raise CaseNotFound(case_id)
    refuse_closed(case)
    if round_number < case.round:
        raise ReviewSuperseded(case.round)
    decided = session.get(DecisionRow, decision.review_id)
    if decided is not None:
        raise AlreadyDecided(Decision.model_validate_json(decided.body).decided_by)
    review = session.get(ReviewRow, decision.review_id)
    if review is None or review.status != "open":
        raise NoOpenReview
    if review.assessment_hash != decision.assessment_hash:
        raise AssessmentChanged
    return case, review


def mark_delivered(session: Session, delivered: str, now: datetime) -> None:
    """Remember that the orchestration has been told of the decision on this review."""
    decision = session.get(DecisionRow, delivered, with_for_update=True)
    if decision is None:
        raise ReviewNotFound(delivered)
    if decision.delivered_at is None:
        decision.delivered_at = now


def start_effect(session: Session, case_id: str, effect: Effect, now: datetime) -> None:
    """Note that an approved effect is about to happen."""
    case = locked_case(session, case_id)
    if session.get(EffectRow, effect.key) is not None:
        return
    refuse_closed(case)
    _refuse_unapproved(session, case, effect)
    move(case, "acting")
    data: dict[str, JsonValue] = {"key": effect.key, "action": effect.action, "status": effect.status}
    seq = append(session, case, Entry("effect_started", f"effect_started:{effect.key}", WORKER, data), now)
    _add_effect(session, case_id, effect, seq)


def finish_effect(session: Session, case_id: str, effect: Effect, now: datetime) -> None:
    """Note what came of an effect. One that is done stays done."""
    case = locked_case(session, case_id)
    row = session.get(EffectRow, effect.key)
    key = f"effect_finished:{effect.key}:{effect.status}"
    if (row is not None and row.status == "done") or is_logged(session, case_id, key):
        return
    refuse_closed(case)
    _refuse_unapproved(session, case, effect)
    move(case, "acting")
    seq = append(session, case, Entry("effect_finished", key, WORKER, effect.model_dump(mode="json")), now)
    if row is None:
        _add_effect(session, case_id, effect, seq)
    else:
        row.status = effect.status
        row.body = effect.model_dump_json()


def _add_effect(session: Session, case_id: str, effect: Effect, seq: int) -> None:
    session.add(
        EffectRow(
            key=effect.key,
            case_id=case_id,
            action=effect.action,
            status=effect.status,
            started_seq=seq,
            body=effect.model_dump_json(),
        )
    )


def _refuse_unapproved(session: Session, case: CaseRow, effect: Effect) -> None:
    approvals = session.scalars(
        select(DecisionRow).where(DecisionRow.case_id == case.case_id, DecisionRow.verdict == "approve")
    )
    for row in approvals:
        approved = Decision.model_validate_json(row.body).action
        if approved is not None and effect.action in EFFECTS_OF[approved]:
            return
    raise NotApproved(case.case_id, effect.action)


def _refuse_mismatch(opening: ReviewOpening) -> None:
    review = opening.review
    if review.review_id != review_id(opening.case_id, opening.round):
        raise ReviewMismatch(review.review_id, "case or round")
    if opening.assessment.round != opening.round:
        raise ReviewMismatch(review.review_id, "round")
    if review.assessment_hash != content_hash(opening.assessment):
        raise ReviewMismatch(review.review_id, "hash")


def _escalated(review: ReviewRequest, round_number: int, reason: str) -> Entry:
    data: dict[str, JsonValue] = {"round": round_number, "reason": reason, **review.model_dump(mode="json")}
    # Each deadline is one escalation: repeating the step is the same one, a later deadline is another.
    return Entry("escalated", f"escalated:{review.review_id}:{review.due_at.isoformat()}", WORKER, data)
