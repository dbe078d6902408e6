"""Asking a person: one review with a deadline, one escalation, and never an answer to another question."""

from dataclasses import dataclass, replace
from datetime import timedelta

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.investigation import PassedOn, PassingOn, Question, ReviewPlan
from contracts.review import Decision, ReviewRequest, Role
from worker import calls
from worker.calls import Steps
from worker.orchestrations.case import OpenCase, now
from worker.orchestrations.inbox import DecisionInbox

LOOK_AT_LEAST = timedelta(days=1)
"""A wait is never longer: until when it is came through the scheduler, and may be wrong."""
NOT_DECIDED_IN_TIME = "Nobody decided before the deadline."


@dataclass(frozen=True)
class Asked:
    """A question that has been put, and where its answer is announced."""

    assessment: RiskAssessment
    review: ReviewRequest
    inbox: DecisionInbox
    by_manager: bool
    escalation_reason: str | None = None


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
    return (yield from _answer(ctx, case, asked))


def ask_manager(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, reason: str
) -> Steps[Answer]:
    """Ask a manager straight away, as a round of its own."""
    asked = yield from _ask(ctx, case, assessment, "manager", reason)
    case.board.enter("escalated", round_number=assessment.round)
    return (yield from _answer(ctx, case, asked))


def go_on_asking(ctx: task.OrchestrationContext, case: OpenCase, answer: Answer) -> Steps[Answer]:
    """What followed from the answer was refused. One that is on record is followed again, after a pause: somebody may
    have answered for a step that was never taken. Else the question stands as it was put, with the same deadline.
    """
    asked = answer.asked
    case.board.enter("escalated" if asked.by_manager else "awaiting_review", round_number=asked.assessment.round)
    if answer.decision is not None:
        decision = yield from asked.inbox.look_again()
        if decision is not None:
            return Answer(decision, asked)
    return (yield from _answer(ctx, case, asked))


def _answer(ctx: task.OrchestrationContext, case: OpenCase, asked: Asked) -> Steps[Answer]:
    """The answer to a question. Whatever was said of it that the record does not bear out, it is put as it is there."""
    while True:
        try:
            review = _for_now(ctx, asked.review)
            decision = yield from asked.inbox.wait(review)
            if decision is not None:
                return Answer(decision, asked)
            if review.due_at < asked.review.due_at:
                asked = yield from _put_again(ctx, case, asked)
                continue
            if asked.by_manager:
                # A decision that was accepted just before the deadline may still be on its way here: it stands.
                return Answer((yield from calls.expire_review(ctx, asked.review)), asked)
            passed = yield from _pass_to_manager(ctx, case, asked)
        except calls.Refused:
            decision = yield from asked.inbox.look_again()
            if decision is not None:
                return Answer(decision, asked)
            asked = yield from _put_again(ctx, case, asked)
            continue
        if passed.decision is not None or passed.review is None:
            return Answer(passed.decision, asked)
        case.board.enter("escalated")
        asked = replace(asked, review=passed.review, by_manager=True, escalation_reason=NOT_DECIDED_IN_TIME)


def _for_now(ctx: task.OrchestrationContext, review: ReviewRequest) -> ReviewRequest:
    """The question with the moment until which to wait before it is looked at anew."""
    latest = now(ctx) + LOOK_AT_LEAST
    if review.due_at <= latest:
        return review
    in_between = review.remind_at is not None and now(ctx) < review.remind_at < latest
    return review.model_copy(update={"due_at": latest, "remind_at": review.remind_at if in_between else None})


def _put_again(ctx: task.OrchestrationContext, case: OpenCase, asked: Asked) -> Steps[Asked]:
    """The question as it stands on record; when it does not, it is put. Raises Refused when it may not be."""
    role: Role = "manager" if asked.by_manager else "analyst"
    question = Question(plan=_plan(ctx, case, asked.assessment, role), escalation_reason=asked.escalation_reason)
    review = yield from calls.ask_person(ctx, question)
    by_manager = review.required_role != "analyst"
    case.board.show_question("escalated" if by_manager else "awaiting_review")
    return replace(asked, review=review, by_manager=by_manager)


def _pass_to_manager(ctx: task.OrchestrationContext, case: OpenCase, asked: Asked) -> Steps[PassedOn]:
    plan = _plan(ctx, case, asked.assessment, "manager")
    return (yield from calls.escalate_to_manager(ctx, PassingOn(plan=plan, reason=NOT_DECIDED_IN_TIME)))


def _ask(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, role: Role, reason: str | None = None
) -> Steps[Asked]:
    """Put the question; every decision from here on is announced in the inbox."""
    question = Question(plan=_plan(ctx, case, assessment, role), escalation_reason=reason)
    review = yield from calls.ask_person(ctx, question)
    # What arrived before is in it as well: the SDK keeps events that nobody waits for yet.
    return Asked(assessment, review, DecisionInbox(ctx, case, assessment.round), role == "manager", reason)


def _plan(ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, role: Role) -> ReviewPlan:
    return ReviewPlan(
        case_id=case.case_id,
        severity=case.severity,
        required_role=role,
        asked_at=now(ctx),
        assessment=assessment,
        policy=case.policy,
    )
