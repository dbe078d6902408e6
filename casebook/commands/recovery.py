"""Recovers cases whose orchestration failed: each resumes from its record. Inside one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Connection, bindparam, func, select, update

from casebook.case_log.append import append
from casebook.case_log.guard_facts import changes_noted, guard_facts_of
from casebook.case_log.locked_case import LockedCase, lock_case, refuse_move
from casebook.commands.investigation import conclude
from casebook.commands.outbox import unschedule
from casebook.commands.reviews import open_review
from casebook.errors import AssessmentNotRecorded, CaseNotFound
from casebook.policy.actors import SYSTEM
from casebook.policy.guards import GuardFacts
from casebook.policy.review_terms import Limits, with_four_eyes
from casebook.projection.cases import OrchestrationFailed
from casebook.projection.decisions import DecisionAccepted
from casebook.projection.reopenings import CaseReopened
from casebook.queries.agent_runs import saved_assessment
from casebook.queries.alerts import alerts_in_round
from casebook.queries.case_brief import limits_of
from casebook.queries.review_rows import ASKED, read_review
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow
from casebook.schema.reviews import DecisionRow, ReviewRow
from contracts.actions import EffectAction
from contracts.alert import Alert, asks_for
from contracts.assessment import RiskAssessment
from contracts.brief import ReviewBasis
from contracts.case import CaseOutcome
from contracts.hashing import content_hash
from contracts.ids import review_id
from contracts.investigation import FailedCase, InvestigationPolicy, ReviewOpening
from contracts.names import CaseEventType
from contracts.review import Decision, ReviewRequest, Role

MAX_FAILURES = 3
"""After this many failures in a row a case is stalled: it continues when a person has decided, or after a while."""
STALLED_FOR = timedelta(hours=1)
"""After this time it is retried: the cause may be fixed, and a deadline must be checked."""
UNCONCLUDED = "The investigation failed before anything was concluded."
LOST = "The scheduler lost the investigation after it had failed before."
FAILED_AGAIN = "The investigation of this case failed again and again."
UNKNOWN_POLICY = InvestigationPolicy(four_eyes_refund_minor=0)
"""For a case that never began: the usual time, and two people for whatever refunds."""

_CASES, _EVENTS = table_of(CaseRow), table_of(CaseEventRow)
_REVIEWS, _DECISIONS = table_of(ReviewRow), table_of(DecisionRow)
_STANDS = select(_CASES.c.state, _CASES.c.severity, _CASES.c.scheduled_at).where(
    _CASES.c.case_id == bindparam("of_case")
)
_LEAVE = (
    update(_CASES)
    .where(_CASES.c.case_id == bindparam("of_case"), _CASES.c.scheduled_at.is_(None))
    .values(scheduled_at=bindparam("now"))
)
_LAST = select(func.max(_EVENTS.c.seq)).where(
    _EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type == bindparam("what")
)
_FAILURES = select(func.count()).where(
    _EVENTS.c.case_id == bindparam("of_case"),
    _EVENTS.c.type == OrchestrationFailed.type,
    _EVENTS.c.seq > bindparam("since"),
)
_FAILED_WITH = (
    select(_EVENTS.c.data)
    .where(_EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type == bindparam("what"))
    .order_by(_EVENTS.c.seq)
)
_AT = select(_EVENTS.c.at).where(_EVENTS.c.seq == bindparam("the_event"))
_REVIEW = select(*(_REVIEWS.c[name] for name in ASKED)).where(_REVIEWS.c.review_id == bindparam("wanted"))
_DECISION = select(_DECISIONS.c.body).where(
    _DECISIONS.c.review_id == bindparam("wanted"), _DECISIONS.c.on_hold_until.is_(None)
)
_REJECTIONS = select(func.count()).where(_DECISIONS.c.case_id == bindparam("of_case"), _DECISIONS.c.verdict == "reject")


@dataclass(frozen=True)
class Recovery:
    """What becomes of a case whose orchestration failed."""

    failures: int
    """How often it failed since a person decided last, this time included."""
    goes_on: bool
    """Whether it is to be started again; otherwise it waits for a person, who was asked or has decided."""
    is_new: bool = True
    """False: it was stalled before, and nothing has changed."""


def recover_case(
    connection: Connection, case_id: str, reason: str, now: datetime, *, again: bool = False, unstarted: bool = False
) -> Recovery | None:
    """Put a case whose orchestration is over, and did not close it, before a person, and let it be started again.

    `unstarted`: the scheduler refuses to start it. None, and nothing changes, when the case is closed, or
    another backend has recovered it just now. A stalled one is tried once more with `again`, or after STALLED_FOR.
    """
    case = lock_case(connection, case_id)
    waits = _stands(connection, case_id).scheduled_at is None
    if case.state == "closed" or (waits and not unstarted):
        return None
    failures = _failures(connection, case_id)
    again = again or (failures >= MAX_FAILURES and not _is_stalled(connection, case_id, now))
    if failures >= MAX_FAILURES and not again:
        connection.execute(_LEAVE, {"of_case": case_id, "now": now})
        return Recovery(failures, goes_on=False, is_new=False)
    failures += 1
    _record_failure(connection, case, reason, failures, now)
    goes_on = failures < MAX_FAILURES or again
    if goes_on:
        unschedule(connection, case_id)
    else:
        connection.execute(_LEAVE, {"of_case": case_id, "now": now})
        _ask_manager(connection, case, reason, now)
    return Recovery(failures, goes_on)


def is_stalled(connection: Connection, case_id: str, now: datetime) -> bool:
    """Whether the case is stalled: it must not be started again yet. Writes nothing. Raises CaseNotFound."""
    return _stands(connection, case_id).state != "closed" and _is_stalled(connection, case_id, now)


def is_fresh(connection: Connection, case_id: str) -> bool:
    """Whether the case is open, never failed and was never reopened. Writes nothing."""
    row = connection.execute(_STANDS, {"of_case": case_id}).first()
    return row is not None and row.state != "closed" and not _was_interrupted(connection, case_id)


def resume_case(connection: Connection, case_id: str, now: datetime) -> FailedCase | CaseOutcome | None:
    """Where a new orchestration of the case begins.

    With a closed case's outcome there is nothing to do; a failed or reopened case resumes from its record; None: it
    begins with its first round, or repeats what is on record from there.
    """
    case = lock_case(connection, case_id)
    if case.state == "closed":
        assert case.outcome is not None, "a closed case has an outcome"
        return case.outcome
    if not _was_interrupted(connection, case_id):
        return None
    failed = _failed_case(connection, case)
    if failed is None:
        # The orchestration that resumed it was lost as well, in a round without a conclusion.
        _record_failure(connection, case, LOST, _failures(connection, case_id) + 1, now)
        failed = _failed_case(connection, case)
    assert failed is not None, "a case that failed has something to ask about"
    return failed


def failed_closed(round_number: int, reason: str, alerts: Sequence[Alert] = ()) -> RiskAssessment:
    """What a person is shown when nothing was concluded about the alerts: no score, and why there is none."""
    return RiskAssessment(
        round=round_number,
        overall_risk_score=None,
        risk_level=None,
        recommended_action=None,
        reasoning=UNCONCLUDED,
        reports=(),
        route="review",
        route_reasons=(reason,),
        asks_for=asks_for(alerts, None),
        evidence_hash=content_hash([]),
    )


def _record_failure(connection: Connection, case: LockedCase, reason: str, failures: int, now: datetime) -> None:
    """Log the failure; where nobody is asked, or the answer no longer holds, begin the question that comes next."""
    found = guard_facts_of(connection, case)
    reopens_review = _reopens_review(found)
    question = _next_question(connection, case, found, reason) if reopens_review else None
    round_number = case.round if question is None else question.round
    if reopens_review and case.state != "acting":
        refuse_move(case, "investigating")
    failed = OrchestrationFailed(round=round_number, reason=reason, failures=failures, reopens_review=reopens_review)
    append(connection, case, failed, SYSTEM, now)
    if question is not None:
        conclude(connection, case, question, SYSTEM, now)


def _reopens_review(found: GuardFacts) -> bool:
    """Whether a question is to begin. One that is asked, or is to be because of an earlier failure, stays as it is:
    ending an orchestration from outside removes no open question.
    """
    if found.is_settled or (found.asked_role is None and found.reopens_review):
        return False
    is_over = found.verdict is not None or found.is_expired or found.overtaken is not None
    return found.asked_role is None or is_over


def _next_question(connection: Connection, case: LockedCase, found: GuardFacts, reason: str) -> RiskAssessment | None:
    """What is asked about instead of what was concluded; None when that is what to ask about."""
    concluded = saved_assessment(connection, case.case_id, case.round)
    if found.verdict == "reject" or concluded is None:
        number = case.round + (found.verdict == "reject")
        return failed_closed(number, reason, alerts_in_round(connection, case.case_id, number))
    if found.asked_role is None:
        return None
    reasons = (*changes_noted(connection, case.case_id, case.round), reason)
    return _for_a_person(concluded, reasons, case.round + 1)


def _for_a_person(concluded: RiskAssessment, reasons: Sequence[str], round_number: int) -> RiskAssessment:
    every = tuple(dict.fromkeys((*concluded.route_reasons, *reasons)))
    changes = {"round": round_number, "route": "review", "route_reasons": every, "quality_check": False}
    return concluded.model_copy(update=changes)


def _to_ask_about(connection: Connection, case: LockedCase) -> RiskAssessment | None:
    """What was concluded in the current round; with the reason why a person is asked, when that is a failure."""
    concluded = saved_assessment(connection, case.case_id, case.round)
    found = guard_facts_of(connection, case)
    if concluded is None or found.asked_role is not None or not found.reopens_review:
        return concluded
    said = map(
        json.loads,
        connection.execute(_FAILED_WITH, {"of_case": case.case_id, "what": OrchestrationFailed.type}).scalars(),
    )
    reasons = [each["reason"] for each in said if each["reopens_review"] and each["round"] == case.round]
    return _for_a_person(concluded, reasons, case.round)


def review_basis(connection: Connection, case_id: str, round_number: int) -> ReviewBasis:
    """What a question of a round is about: what was concluded in it, or in the round before, when that is asked again.

    Raises AssessmentNotRecorded.
    """
    concluded = saved_assessment(connection, case_id, round_number)
    if concluded is not None:
        return ReviewBasis(concluded)
    before = saved_assessment(connection, case_id, round_number - 1)
    if before is None:
        raise AssessmentNotRecorded(case_id, round_number)
    return ReviewBasis(before, changes_noted(connection, case_id, round_number - 1))


def review_basis_after_failure(connection: Connection, case_id: str, round_number: int) -> ReviewBasis:
    """The same for a case whose orchestration has failed: with the reason why a person is asked, when that is it."""
    case = lock_case(connection, case_id)
    concluded = _to_ask_about(connection, case) if round_number == case.round else None
    return review_basis(connection, case_id, round_number) if concluded is None else ReviewBasis(concluded)


def _failed_case(connection: Connection, case: LockedCase) -> FailedCase | None:
    """Where the case resumes in its current round; None without an assessment, or after a rejection."""
    found = guard_facts_of(connection, case)
    concluded = _to_ask_about(connection, case)
    if concluded is None or (found.verdict is not None and not found.is_settled):
        return None
    wanted = {"wanted": review_id(case.case_id, case.round)}
    review = connection.execute(_REVIEW, wanted).first()
    decision = connection.execute(_DECISION, wanted).scalar()
    return FailedCase(
        assessment=concluded,
        role=_role(connection, case, found),
        reason=FAILED_AGAIN,
        review=None if review is None else read_review(review),
        decision=None if decision is None else Decision.model_validate_json(decision),
        is_expired=found.is_expired,
        is_acting=case.state == "acting" and decision is not None,
        done=tuple(cast("EffectAction", action) for action in sorted(found.done)),
        rejections=connection.execute(_REJECTIONS, {"of_case": case.case_id}).scalar_one(),
    )


def _role(connection: Connection, case: LockedCase, found: GuardFacts) -> Role:
    """Whom the current question is put to: a manager from the second failure on, unless it was put already."""
    if found.asked_role is not None:
        return found.asked_role
    return "analyst" if _failures(connection, case.case_id) <= 1 else "manager"


def _ask_manager(connection: Connection, case: LockedCase, reason: str, now: datetime) -> None:
    """Put the current question to a manager, from here: no orchestration would. Its deadline only shows as overdue."""
    asked_role = guard_facts_of(connection, case).asked_role
    concluded = _to_ask_about(connection, case)
    if asked_role is not None or concluded is None:
        return
    known = limits_of(connection, case.case_id)
    limits = known or Limits(UNKNOWN_POLICY, _stands(connection, case.case_id).severity)
    asked = ReviewRequest(
        review_id=review_id(case.case_id, case.round),
        assessment_hash=content_hash(concluded),
        opened_at=now,
        due_at=now + limits.time("manager"),
        required_role="manager",
    )
    asked = with_four_eyes(asked, limits, concluded)
    opening = ReviewOpening(
        case_id=case.case_id, round=case.round, review=asked, assessment=concluded, escalation_reason=reason
    )
    open_review(connection, opening, now)


def _stands(connection: Connection, case_id: str) -> PlainRow:
    row = connection.execute(_STANDS, {"of_case": case_id}).first()
    if row is None:
        raise CaseNotFound(case_id)
    return row


def _failures(connection: Connection, case_id: str) -> int:
    """How often the case failed since a person decided last."""
    since = _last(connection, case_id, DecisionAccepted.type)
    return connection.execute(_FAILURES, {"of_case": case_id, "since": since}).scalar_one()


def _is_stalled(connection: Connection, case_id: str, now: datetime) -> bool:
    if _failures(connection, case_id) < MAX_FAILURES:
        return False
    last = _last(connection, case_id, OrchestrationFailed.type)
    failed_at = connection.execute(_AT, {"the_event": last}).scalar_one()
    return now < failed_at + STALLED_FOR


def _was_interrupted(connection: Connection, case_id: str) -> bool:
    """Whether an earlier orchestration of the case is over: it failed, or the case was closed and reopened."""
    return any(_last(connection, case_id, what) for what in (OrchestrationFailed.type, CaseReopened.type))


def _last(connection: Connection, case_id: str, what: CaseEventType) -> int:
    return connection.execute(_LAST, {"of_case": case_id, "what": what}).scalar() or 0
