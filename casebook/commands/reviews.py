"""Asks a person, reminds, escalates, expires a review. Each command runs inside one transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.append import append, is_logged
from casebook.case_log.guard_facts import guard_facts_of
from casebook.case_log.locked_case import LockedCase, lock_case, refuse_closed, refuse_move, refuse_other_kind
from casebook.commands.assignments import assign_asked
from casebook.commands.effects import decision_on
from casebook.commands.holds import decision_at_deadline
from casebook.commands.investigation import refuse_later_round, refuse_uninvestigated
from casebook.errors import (
    AlertsJoined,
    AssessmentNotRecorded,
    ConversationMoved,
    DeadlineNotPassed,
    IllegalMove,
    NoOpenReview,
    QuestionNotAsked,
    ReviewMismatch,
    ReviewSuperseded,
    WeakerQuestion,
)
from casebook.policy.actors import WORKER
from casebook.policy.guards import CLOCK_TOLERANCE, OvertakenQuestion
from casebook.policy.review_terms import with_autonomy, with_four_eyes, with_least_time, with_overtaken_terms
from casebook.projection.reviews import Escalated, ReviewExpired, ReviewOpened, ReviewReminded
from casebook.queries.agent_runs import saved_assessment
from casebook.queries.autonomy import asked_by_rules
from casebook.queries.case_brief import limits_of, was_rated_critical
from casebook.queries.kinds import recorded_kind_of
from casebook.queries.overtaken import overtook
from casebook.queries.review_rows import ASKED, read_review
from casebook.schema.base import PlainRow, table_of
from casebook.schema.reviews import ReviewRow
from contracts.actions import ACTIONS, EffectAction, RecommendedAction
from contracts.assessment import RiskAssessment
from contracts.base import Contract
from contracts.case import CaseState, RoundResult
from contracts.hashing import content_hash
from contracts.ids import parse_review_id, review_id
from contracts.investigation import Escalation, ReviewOpening
from contracts.kinds import kind_of
from contracts.kinds.fraud import FRAUD
from contracts.review import Decision, ReviewRequest, Role

ASKED_BEFORE_AN_ALERT_JOINED = "A manager was asked before further alerts joined."
MANAGER_FIRST = "The rule of an alert wants a manager asked first."
ASKED_BEFORE_IT_MOVED_ON = "A manager was asked before the conversation moved on."
_OF_THE_QUESTION = frozenset(
    {
        "round",
        "route",
        "route_reasons",
        "quality_check",
        "recommended_action",
        "refund_charge_ids",
        "refund_total",
    }
)

_REVIEWS = table_of(ReviewRow)
_ASKED = select(*(_REVIEWS.c[name] for name in ASKED)).where(_REVIEWS.c.review_id == bindparam("review_id"))
_REVIEW = select(_REVIEWS).where(
    _REVIEWS.c.review_id == bindparam("review_id"), _REVIEWS.c.case_id == bindparam("of_case")
)


def open_review(connection: Connection, opening: ReviewOpening, now: datetime) -> ReviewRequest:
    """Ask a person. What is asked about becomes the assessment of the round, and the round the current one.

    Returns the review on record: a repeated step gets the question that was asked the first time.
    """
    case = lock_case(connection, opening.case_id)
    refuse_other_kind(case.case_id, FRAUD)
    review, reason = opening.review, opening.escalation_reason
    if opening.round <= case.round and case.alert_changes:
        refuse_overtaken(connection, case.case_id, review.review_id)
    if is_logged(connection, case.case_id, _opened(opening, review).dedupe_key()):
        return read_review(connection.execute(_ASKED, {"review_id": review.review_id}).one())
    if review.review_id != review_id(case.case_id, opening.round):
        raise ReviewMismatch(review.review_id, "case or round")
    _refuse_mismatch(review, opening.round, opening.assessment)
    if opening.round < case.round:
        raise ReviewSuperseded(case.round)
    overtaken = _overtaken_question(connection, case)
    if reason is None and overtaken is not None and overtaken.role == "manager":
        reason = ASKED_BEFORE_AN_ALERT_JOINED
    asks = asked_by_rules(connection, case.case_id)
    if reason is None and "manager_first" in asks:
        reason = MANAGER_FIRST
    target: CaseState = "awaiting_review" if reason is None else "escalated"
    _refuse_asking_while_acting(connection, case, target)
    refuse_move(case, target)
    if opening.round > case.round:
        refuse_later_round(connection, case, opening.round)
    _refuse_unrecorded(connection, case, opening)
    _refuse_weaker(review, "manager" if opening.escalation_reason is not None else "analyst")
    limits = limits_of(connection, case.case_id)
    was_critical = opening.round > 1 and was_rated_critical(connection, case.case_id)
    review = with_four_eyes(review, limits, opening.assessment, was_critical=was_critical)
    review = with_autonomy(review, asks)
    review = with_overtaken_terms(with_least_time(review, limits, now), overtaken)
    _put(connection, case, _opened(opening, review), opening.assessment, reason, now)
    return review


def ask_about(
    connection: Connection, review: ReviewRequest, conclusion: RoundResult, reason: str | None, now: datetime
) -> ReviewRequest:
    """Ask a person about what a case without an investigation comes to; with a `reason`, a manager.

    Returns the review on record: a repeated step gets the question that was asked the first time.
    """
    case_id, number = parse_review_id(review.review_id)
    case = lock_case(connection, case_id)
    opened = ReviewOpened(round=number, score=None, level=None, recommended_action=None, **dict(review))
    refuse_overtaken(connection, case_id, review.review_id)
    if is_logged(connection, case_id, opened.dedupe_key()):
        return read_review(connection.execute(_ASKED, {"review_id": review.review_id}).one())
    if not isinstance(conclusion, recorded_kind_of(case_id).conclusion):
        raise ReviewMismatch(review.review_id, "kind")
    _refuse_mismatch(review, number, conclusion)
    if number < case.round:
        raise ReviewSuperseded(case.round)
    _refuse_weaker(review, "analyst" if reason is None else "manager")
    overtaken = guard_facts_of(connection, case).overtaken
    if reason is None and overtaken is not None and overtaken.role == "manager":
        reason = ASKED_BEFORE_IT_MOVED_ON
    refuse_move(case, "awaiting_review" if reason is None else "escalated")
    if number > case.round:
        refuse_later_round(connection, case, number)
    review = with_overtaken_terms(with_least_time(review, limits_of(connection, case_id), now), overtaken)
    _put(connection, case, opened.model_copy(update=dict(review)), conclusion, reason, now)
    return review


def _put(
    connection: Connection, case: LockedCase, opened: ReviewOpened, about: Contract, reason: str | None, now: datetime
) -> None:
    """Put a question on record, to a manager when there is a `reason`, and assign the case that asks it."""
    review = {name: getattr(opened, name) for name in ReviewRequest.model_fields}
    append(connection, case, opened, WORKER, now, {opened.assessment_hash: {"assessment": about.model_dump_json()}})
    if reason is not None:
        append(connection, case, Escalated(round=opened.round, reason=reason, **review), WORKER, now)
    assign_asked(connection, case, opened.required_role, now)


def _opened(opening: ReviewOpening, review: ReviewRequest) -> ReviewOpened:
    """How the question is put on record."""
    assessment = opening.assessment
    return ReviewOpened(
        round=opening.round,
        score=assessment.overall_risk_score,
        level=assessment.risk_level,
        recommended_action=assessment.recommended_action,
        **dict(review),
    )


def _overtaken_question(connection: Connection, case: LockedCase) -> OvertakenQuestion | None:
    """The question that an alert overtook, whose terms the next one keeps. Raises AlertsJoined while one waits."""
    if not case.alert_changes:
        return None
    found = guard_facts_of(connection, case)
    refuse_uninvestigated(case, found)
    return found.overtaken


def refuse_overtaken(connection: Connection, case_id: str, wanted: str) -> None:
    """Raises AlertsJoined, or ConversationMoved, for a review that was over before anybody had decided on it."""
    if decision_on(connection, case_id, wanted) is not None:
        return
    if overtook(connection, case_id, parse_review_id(wanted)[1]) is not None:
        raise AlertsJoined(case_id) if kind_of(case_id) is FRAUD else ConversationMoved(case_id)


def asked_review(connection: Connection, case_id: str, wanted: str) -> ReviewRequest:
    """A question of the case as it was put. Raises QuestionNotAsked."""
    row = connection.execute(_ASKED, {"review_id": wanted}).first()
    if row is None or not wanted.startswith(f"{case_id}:r"):
        raise QuestionNotAsked(wanted)
    refuse_overtaken(connection, case_id, wanted)
    return read_review(row)


def escalate(connection: Connection, escalation: Escalation, now: datetime) -> Decision | None:
    """Escalate the open review, with a new deadline and role. An earlier decision is returned and remains valid."""
    case = lock_case(connection, escalation.case_id)
    review = _review(connection, case, escalation.review.review_id)
    wanted = Escalated(round=review.round, reason=escalation.reason, **dict(escalation.review))
    if is_logged(connection, case.case_id, wanted.dedupe_key()):
        return None
    refuse_closed(case)
    decided = decision_at_deadline(connection, case, review, now)
    if decided is not None:
        return decided
    refuse_overtaken(connection, case.case_id, review.review_id)
    if review.status != "open":
        raise NoOpenReview
    if review.assessment_hash != escalation.review.assessment_hash:
        raise ReviewMismatch(review.review_id, "hash")
    if _is_escalated_already(review, escalation, now):
        return None
    _refuse_early(review, now)
    _refuse_weaker(escalation.review, "manager")
    put = _as_many_approvals(read_review(review), escalation.review)
    put = with_least_time(put, limits_of(connection, case.case_id), now)
    refuse_move(case, "escalated")
    append(connection, case, Escalated(round=review.round, reason=escalation.reason, **dict(put)), WORKER, now)
    assign_asked(connection, case, put.required_role, now, "escalated")
    return None


def expire_review(connection: Connection, case_id: str, expired: str, now: datetime) -> Decision | None:
    """Expire the review: no decision on it is accepted any more. An earlier one is returned and remains valid."""
    case = lock_case(connection, case_id)
    review = _review(connection, case, expired)
    decided = decision_at_deadline(connection, case, review, now)
    if decided is not None:
        return decided
    refuse_overtaken(connection, case_id, expired)
    if review.status == "open":
        _refuse_early(review, now)
        append(connection, case, ReviewExpired(round=review.round, review_id=expired), WORKER, now)
    return None


def remind(connection: Connection, case_id: str, reminded: str, at: datetime, now: datetime) -> None:
    """Note that those who could decide are reminded. Nothing is noted once nobody is asked any more."""
    case = lock_case(connection, case_id)
    review = _review(connection, case, reminded)
    noted = ReviewReminded(round=review.round, review_id=reminded, at=at, due_at=review.due_at)
    if review.status != "open" or at != review.remind_at or is_logged(connection, case_id, noted.dedupe_key()):
        return
    append(connection, case, noted, WORKER, now)


def _refuse_asking_while_acting(connection: Connection, case: LockedCase, target: CaseState) -> None:
    """Raises IllegalMove while an approval is carried out, unless it no longer holds: then a person is asked again."""
    if case.state != "acting":
        return
    found = guard_facts_of(connection, case)
    if not found.facts_changed and not found.reopens_review:
        raise IllegalMove(case.case_id, case.state, target)


def _review(connection: Connection, case: LockedCase, wanted: str) -> PlainRow:
    review = connection.execute(_REVIEW, {"review_id": wanted, "of_case": case.case_id}).first()
    if review is None:
        raise QuestionNotAsked(wanted)
    return review


def _refuse_mismatch(review: ReviewRequest, number: int, about: RiskAssessment | RoundResult) -> None:
    if about.round != number:
        raise ReviewMismatch(review.review_id, "round")
    if review.assessment_hash != content_hash(about):
        raise ReviewMismatch(review.review_id, "hash")


def _refuse_unrecorded(connection: Connection, case: LockedCase, opening: ReviewOpening) -> None:
    """What is asked is what was concluded: a later question may only say what has changed, and why a person decides.

    A round that only asks again has no assessment of its own; it asks about that of the round before.
    """
    asked = opening.assessment
    kept = saved_assessment(connection, case.case_id, opening.round)
    again = kept is None and opening.round > 1
    if again:
        kept = saved_assessment(connection, case.case_id, opening.round - 1)
    if kept is None or _conclusion(kept) != _conclusion(asked) or not _asks_no_more(asked, kept, again=again):
        raise AssessmentNotRecorded(case.case_id, opening.round)


def _conclusion(assessment: RiskAssessment) -> dict[str, Any]:
    """The part of an assessment that remains when a question about it is asked again."""
    return assessment.model_dump(exclude=set(_OF_THE_QUESTION))


def _asks_no_more(asked: RiskAssessment, kept: RiskAssessment, *, again: bool) -> bool:
    """Whether no charge comes in, and nothing that sent the case to a person is left out."""
    before, now = _order_in(kept), _order_in(asked)
    fewer = set(asked.refund_charge_ids) < set(kept.refund_charge_ids)
    less = fewer or _effects(asked.recommended_action) <= _effects(kept.recommended_action)
    is_less = again and set(asked.refund_charge_ids) <= set(kept.refund_charge_ids) and less
    return (now == before or is_less) and set(asked.route_reasons) >= set(kept.route_reasons)


def _order_in(assessment: RiskAssessment) -> tuple[object, ...]:
    return assessment.refund_charge_ids, assessment.refund_total, assessment.recommended_action


def _effects(action: RecommendedAction | None) -> set[EffectAction]:
    return set() if action is None else set(ACTIONS[action].effects)


def _is_escalated_already(review: PlainRow, escalation: Escalation, now: datetime) -> bool:
    """Whether the same was done before, with a later deadline than was asked for."""
    same = (review.required_role, review.escalation_reason) == (escalation.review.required_role, escalation.reason)
    return same and now < review.due_at


def _refuse_early(review: PlainRow, now: datetime) -> None:
    if now + CLOCK_TOLERANCE < review.due_at:
        raise DeadlineNotPassed(review.review_id, review.due_at.isoformat())


def _refuse_weaker(review: ReviewRequest, needed: Role) -> None:
    # Not a higher one either: only an admin could answer, and every deadline would pass.
    if review.required_role not in (needed, "manager"):
        raise WeakerQuestion(review.review_id, f"the role '{review.required_role}' where '{needed}' is needed")


def _as_many_approvals(asked: ReviewRequest, later: ReviewRequest) -> ReviewRequest:
    """The later question. One that knows no policy keeps the terms; raises WeakerQuestion for one that loosens them."""
    if later.four_eyes_actions is None and asked.four_eyes_actions is not None:
        terms = {"approvals_required": asked.approvals_required, "four_eyes_actions": asked.four_eyes_actions}
        return later.model_copy(update=terms)
    # That clearing takes two people may follow from an earlier round, of which the later question need not know.
    kept = tuple(each for each in ("clear",) if each in (asked.four_eyes_actions or ()))
    named = tuple(dict.fromkeys((*(later.four_eyes_actions or ()), *kept)))
    if later.approvals_required < asked.approvals_required or not {*named} >= {*(asked.four_eyes_actions or ())}:
        raise WeakerQuestion(asked.review_id, "fewer approvals than it was asked with")
    return later.model_copy(update={"four_eyes_actions": named}) if kept else later
