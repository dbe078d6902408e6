"""Asking a person: opening a review, reminding, passing it on, and no longer asking. Each inside one transaction."""

import json
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.orm import Session

from casebook.acting import facts_changed
from casebook.errors import IllegalMove, NoOpenReview, ReviewMismatch, ReviewNotFound, ReviewSuperseded
from casebook.held import HeldCase, hold
from casebook.investigating import (
    WORKER,
    drop_proposal,
    end_open_review,
    locked_case,
    move,
    put_assessment,
    refuse_closed,
)
from casebook.log import Entry, append, is_logged
from casebook.reviews import ASKED, read_review
from casebook.tables import CaseRow, DecisionRow, ReviewRow, table_of
from contracts.case import CaseState
from contracts.hashing import content_hash
from contracts.ids import review_id
from contracts.investigation import Escalation, ReviewOpening
from contracts.review import Decision, ReviewRequest

_REVIEWS = table_of(ReviewRow)
_ASKED = select(*(_REVIEWS.c[name] for name in ASKED)).where(_REVIEWS.c.review_id == bindparam("review_id"))
_ASK = insert(_REVIEWS)


def open_review(connection: Connection, opening: ReviewOpening, now: datetime) -> ReviewRequest:
    """Ask a person. What is asked about becomes the assessment of the round, and the round the current one.

    Ends with the review as it is asked: a repeated step is told what was asked the first time.
    """
    case = hold(connection, opening.case_id)
    review = opening.review
    key = f"review_opened:{review.review_id}"
    if is_logged(connection, case.case_id, key):
        return read_review(connection.execute(_ASKED, {"review_id": review.review_id}).one())
    _refuse_mismatch(opening)
    if opening.round < case.round:
        raise ReviewSuperseded(case.round)
    target: CaseState = "awaiting_review" if opening.escalation_reason is None else "escalated"
    _refuse_asking_while_acting(connection, case, target)
    move(case, target)
    end_open_review(connection, case, "superseded")
    put_assessment(connection, case, opening.assessment, review.assessment_hash, now)
    row = {
        "review_id": review.review_id,
        "case_id": case.case_id,
        "round": opening.round,
        "status": "open",
        "assessment_hash": review.assessment_hash,
        "opened_at": review.opened_at,
        "escalation_reason": opening.escalation_reason,
        **_terms(review),
    }
    connection.execute(_ASK, row)
    case.due_at = review.due_at
    data: dict[str, JsonValue] = {"round": opening.round, **review.model_dump(mode="json")}
    append(connection, case, Entry("review_opened", key, WORKER, data), now)
    if opening.escalation_reason is not None:
        append(connection, case, _escalated(review, opening.round, opening.escalation_reason), now)
    return review


def escalate(session: Session, escalation: Escalation, now: datetime) -> Decision | None:
    """Pass the open review on, with a new deadline and role. A decision that came first is returned and stands."""
    case = locked_case(session, escalation.case_id)
    review = _review(session, case, escalation.review.review_id)
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
    review.escalation_reason = escalation.reason
    for name, value in _terms(escalation.review).items():
        setattr(review, name, value)
    case.due_at = escalation.review.due_at
    # The first approval was given by somebody who may no longer be entitled to it.
    drop_proposal(session, case)
    append(session, case, entry, now)
    return None


def expire_review(session: Session, case_id: str, expired: str, now: datetime) -> Decision | None:
    """Stop asking: from here on no decision on this review is accepted. One that came first is returned and stands."""
    case = locked_case(session, case_id)
    review = _review(session, case, expired)
    decided = session.get(DecisionRow, expired)
    if decided is not None:
        return Decision.model_validate_json(decided.body)
    if review.status == "open":
        end_open_review(session, case, "expired")
        data: dict[str, JsonValue] = {"round": review.round, "review_id": expired}
        append(session, case, Entry("review_expired", f"review_expired:{expired}", WORKER, data), now)
    return None


def remind(session: Session, case_id: str, reminded: str, at: datetime, now: datetime) -> None:
    """Note that those who could decide are reminded. Nothing is noted once nobody is asked any more."""
    case = locked_case(session, case_id)
    review = _review(session, case, reminded)
    key = f"review_reminded:{reminded}:{at.isoformat()}"
    if review.status != "open" or is_logged(session, case_id, key):
        return
    data: dict[str, JsonValue] = {
        "round": review.round,
        "review_id": reminded,
        "at": at.isoformat(),
        "due_at": review.due_at.isoformat(),
    }
    append(session, case, Entry("review_reminded", key, WORKER, data), now)


def _refuse_asking_while_acting(connection: Connection, case: HeldCase, target: CaseState) -> None:
    """Raises IllegalMove while an approval is carried out, unless it no longer holds: then a person is asked again."""
    if case.state == "acting" and not is_logged(connection, case.case_id, facts_changed(case.round)):
        raise IllegalMove(case.case_id, case.state, target)


def _review(session: Session, case: CaseRow, wanted: str) -> ReviewRow:
    review = session.get(ReviewRow, wanted)
    if review is None or review.case_id != case.case_id:
        raise ReviewNotFound(wanted)
    return review


def _terms(review: ReviewRequest) -> dict[str, Any]:
    """The columns of what is asked that an escalation changes; it changes nothing else."""
    four_eyes = None if review.four_eyes_actions is None else json.dumps(list(review.four_eyes_actions))
    return {
        "due_at": review.due_at,
        "required_role": review.required_role,
        "approvals_required": review.approvals_required,
        "four_eyes_actions": four_eyes,
        "remind_at": review.remind_at,
    }


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
