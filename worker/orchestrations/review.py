"""Asking a person: one review with a deadline, one escalation, and never an answer to another question."""

from dataclasses import dataclass, replace
from datetime import timedelta

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.hashing import content_hash
from contracts.ids import review_id
from contracts.investigation import Escalation, PassedOn, PassingOn, Question, ReviewOpening, ReviewPlan
from contracts.review import Decision, ReviewRequest, Role
from worker import calls
from worker.calls import Steps
from worker.orchestrations.case import OpenCase, now
from worker.orchestrations.inbox import DecisionInbox

LOOK_AGAIN = timedelta(minutes=15)
NOT_DECIDED_IN_TIME = "Nobody decided before the deadline."


@dataclass(frozen=True)
class Asked:
    """A question that has been put, and where its answer is announced."""

    assessment: RiskAssessment
    review: ReviewRequest
    inbox: DecisionInbox
    by_manager: bool


@dataclass(frozen=True)
class Answer:
    """What became of a question. `decision` is None when every deadline passed."""

    decision: Decision | None
    asked: Asked

    @property
    def by_manager(self) -> bool:
        """Whether a manager was asked."""
        return self.asked.by_manager


def ask_analyst(ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment) -> Steps[Answer]:
    """Ask an analyst; when nobody decides in time, ask a manager the same question."""
    asked = yield from _ask(ctx, case, assessment, "analyst")
    case.board.enter("awaiting_review", round_number=assessment.round)
    return (yield from _analyst_s_answer(ctx, case, asked))


def ask_manager(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, reason: str
) -> Steps[Answer]:
    """Ask a manager straight away, as a round of its own."""
    asked = yield from _ask(ctx, case, assessment, "manager", reason)
    case.board.enter("escalated", round_number=assessment.round)
    return (yield from _manager_s_answer(ctx, asked))


def go_on_asking(ctx: task.OrchestrationContext, case: OpenCase, answer: Answer) -> Steps[Answer]:
    """What followed from the answer was refused. One that is on record is followed again, after a pause: somebody may
    have answered for a step that was never taken. Else the question stands as it was put, with the same deadline.
    """
    asked = answer.asked
    case.board.enter("escalated" if asked.by_manager else "awaiting_review", round_number=asked.assessment.round)
    if case.features.recorded_decisions and answer.decision is not None:
        decision = yield from asked.inbox.look_again()
        if decision is not None:
            return Answer(decision, asked)
    if asked.by_manager:
        return (yield from _manager_s_answer(ctx, asked))
    return (yield from _analyst_s_answer(ctx, case, asked))


def _analyst_s_answer(ctx: task.OrchestrationContext, case: OpenCase, asked: Asked) -> Steps[Answer]:
    review = asked.review
    while True:
        decision = yield from asked.inbox.wait(review)
        if decision is not None:
            return Answer(decision, asked)
        try:
            passed = yield from _pass_to_manager(ctx, case, asked)
        except calls.Refused:
            review = _later(ctx, review)
            continue
        if passed.decision is not None or passed.review is None:
            return Answer(passed.decision, asked)
        case.board.enter("escalated")
        return (yield from _manager_s_answer(ctx, replace(asked, review=passed.review, by_manager=True)))


def _pass_to_manager(ctx: task.OrchestrationContext, case: OpenCase, asked: Asked) -> Steps[PassedOn]:
    if case.features.recorded_decisions:
        plan = _plan(ctx, case, asked.assessment, "manager")
        return (yield from calls.escalate_to_manager(ctx, PassingOn(plan=plan, reason=NOT_DECIDED_IN_TIME)))
    escalated = yield from _with_terms(ctx, case, asked.assessment, asked.review, "manager")
    decision = yield from calls.escalate_review(
        ctx, Escalation(case_id=case.case_id, review=escalated, reason=NOT_DECIDED_IN_TIME, at=now(ctx))
    )
    return PassedOn(review=escalated, decision=decision)


def _manager_s_answer(ctx: task.OrchestrationContext, asked: Asked) -> Steps[Answer]:
    review = asked.review
    while True:
        decision = yield from asked.inbox.wait(review)
        if decision is not None:
            return Answer(decision, asked)
        try:
            # A decision that was accepted just before the deadline may still be on its way here: it stands.
            return Answer((yield from calls.expire_review(ctx, asked.review)), asked)
        except calls.Refused:
            review = _later(ctx, review)


def _later(ctx: task.OrchestrationContext, review: ReviewRequest) -> ReviewRequest:
    """By the record there is still time to answer, whatever this case was told: it looks again after a while."""
    return review.model_copy(update={"due_at": now(ctx) + LOOK_AGAIN, "remind_at": None})


def _ask(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, role: Role, reason: str | None = None
) -> Steps[Asked]:
    """Put the question; every decision from here on is announced in the inbox."""
    if case.features.single_steps:
        question = Question(plan=_plan(ctx, case, assessment, role), escalation_reason=reason)
        review = yield from calls.ask_person(ctx, question)
    else:
        review = yield from _request(ctx, case, assessment, role)
        opening = ReviewOpening(
            case_id=case.case_id,
            round=assessment.round,
            review=review,
            assessment=assessment,
            escalation_reason=reason,
        )
        yield from calls.open_review(ctx, opening)
    # What arrived before is in it as well: the SDK keeps events that nobody waits for yet.
    return Asked(assessment, review, DecisionInbox(ctx, case, assessment.round), by_manager=role == "manager")


def _request(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, role: Role
) -> Steps[ReviewRequest]:
    review = ReviewRequest(
        review_id=review_id(case.case_id, assessment.round),
        assessment_hash=content_hash(assessment),
        opened_at=now(ctx),
        due_at=now(ctx),
    )
    return (yield from _with_terms(ctx, case, assessment, review, role))


def _with_terms(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, review: ReviewRequest, role: Role
) -> Steps[ReviewRequest]:
    """The review as it is put to `role` from now on."""
    asked_at, policy = now(ctx), case.policy
    if not case.features.terms:
        hours = policy.escalation_timeout_hours if role == "manager" else policy.approval_timeout_hours
        return review.model_copy(update={"required_role": role, "due_at": asked_at + timedelta(hours=hours)})
    terms = yield from calls.schedule_review(ctx, _plan(ctx, case, assessment, role))
    return review.model_copy(
        update={
            "required_role": role,
            "due_at": terms.due_at,
            "remind_at": terms.remind_at,
            "approvals_required": terms.approvals_required,
            "four_eyes_actions": terms.four_eyes_actions,
        }
    )


def _plan(ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, role: Role) -> ReviewPlan:
    return ReviewPlan(
        case_id=case.case_id,
        severity=case.severity,
        required_role=role,
        asked_at=now(ctx),
        assessment=assessment,
        policy=case.policy,
    )
