"""Asks a person: one review with a deadline, one escalation, and only the answer to this question counts."""

from dataclasses import dataclass, replace
from datetime import timedelta

from durabletask import task

from contracts.review import ReviewRequest, Role
from contracts.steps import (
    AddedReason,
    Conclusion,
    EscalatedReview,
    EscalateInput,
    EscalationReason,
    ReviewInput,
    ReviewQuestion,
    TakenDecision,
)
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.case import OpenCase, now
from worker.orchestrations.inbox import DecisionInbox

LOOK_AT_LEAST = timedelta(days=1)
"""A wait is never longer: until when it is came through the scheduler, and may be wrong."""


@dataclass(frozen=True)
class Subject:
    """What is asked about."""

    concluded: Conclusion
    added: tuple[AddedReason, ...] = ()
    """Why a person must look, beside the reasons on record."""


@dataclass(frozen=True)
class AskedReview:
    """A question that has been put, and where its answer is announced."""

    subject: Subject
    review: ReviewRequest
    inbox: DecisionInbox
    by_manager: bool
    escalation: EscalationReason | None = None


@dataclass(frozen=True)
class ReviewOutcome:
    """The result of a question. `decision` is None when every deadline passed."""

    decision: TakenDecision | None
    asked: AskedReview

    @property
    def by_manager(self) -> bool:
        """Whether a manager was asked."""
        return self.asked.by_manager


def ask_analyst(ctx: task.OrchestrationContext, case: OpenCase, subject: Subject) -> Orchestration[ReviewOutcome]:
    """Ask an analyst; when nobody decides in time, ask a manager the same question.

    A manager who was asked before alerts joined is asked again.
    """
    asked = yield from _ask(ctx, case, subject, "analyst")
    phase = "escalated" if asked.by_manager else "awaiting_review"
    case.status.transition(phase, round_number=subject.concluded.round)
    return (yield from _answer(ctx, case, asked))


def ask_manager(
    ctx: task.OrchestrationContext, case: OpenCase, subject: Subject, reason: EscalationReason
) -> Orchestration[ReviewOutcome]:
    """Ask a manager straight away, as a round of its own."""
    asked = yield from _ask(ctx, case, subject, "manager", reason)
    case.status.transition("escalated", round_number=subject.concluded.round)
    return (yield from _answer(ctx, case, asked))


def go_on_asking(ctx: task.OrchestrationContext, case: OpenCase, answer: ReviewOutcome) -> Orchestration[ReviewOutcome]:
    """What followed from the answer was refused. One that is on record is followed again, after a pause: somebody may
    have answered for a step that was never executed. Otherwise the question remains open, with the same deadline.
    """
    asked = answer.asked
    phase = "escalated" if asked.by_manager else "awaiting_review"
    case.status.transition(phase, round_number=asked.subject.concluded.round)
    if answer.decision is not None:
        decision = yield from asked.inbox.look_again()
        if decision is not None:
            return ReviewOutcome(decision, asked)
    return (yield from _answer(ctx, case, asked))


def _answer(ctx: task.OrchestrationContext, case: OpenCase, asked: AskedReview) -> Orchestration[ReviewOutcome]:
    """The answer to a question. Only the question and the decision on record count."""
    while True:
        try:
            review = _for_now(ctx, asked.review)
            decision = yield from asked.inbox.wait(review)
            if decision is not None:
                return ReviewOutcome(decision, asked)
            if review.due_at < asked.review.due_at:
                asked = yield from _put_again(ctx, case, asked)
                continue
            if asked.by_manager:
                # A decision that was accepted just before the deadline may still be on its way here: it is valid.
                expired = ReviewInput(case_id=case.case_id, review_id=asked.review.review_id)
                return ReviewOutcome((yield from activity_stubs.expire_review(ctx, expired)), asked)
            escalated = yield from _escalate(ctx, case, asked)
        except activity_stubs.Refused:
            decision = yield from asked.inbox.look_again()
            if decision is not None:
                return ReviewOutcome(decision, asked)
            asked = yield from _put_again(ctx, case, asked)
            continue
        if escalated.decision is not None or escalated.review is None:
            return ReviewOutcome(escalated.decision, asked)
        case.status.transition("escalated")
        asked = replace(asked, review=escalated.review, by_manager=True, escalation="not_decided")


def _for_now(ctx: task.OrchestrationContext, review: ReviewRequest) -> ReviewRequest:
    """The question with the time until which to wait before it is read again."""
    latest = now(ctx) + LOOK_AT_LEAST
    if review.due_at <= latest:
        return review
    in_between = review.remind_at is not None and now(ctx) < review.remind_at < latest
    return review.model_copy(update={"due_at": latest, "remind_at": review.remind_at if in_between else None})


def _put_again(ctx: task.OrchestrationContext, case: OpenCase, asked: AskedReview) -> Orchestration[AskedReview]:
    """The question on record; without one, it is asked. Raises Refused when it may not be."""
    role: Role = "manager" if asked.by_manager else "analyst"
    review = yield from activity_stubs.ask_person(ctx, _question(ctx, case, asked.subject, role, asked.escalation))
    by_manager = review.required_role != "analyst"
    case.status.show_question("escalated" if by_manager else "awaiting_review")
    return replace(asked, review=review, by_manager=by_manager)


def _escalate(ctx: task.OrchestrationContext, case: OpenCase, asked: AskedReview) -> Orchestration[EscalatedReview]:
    order = EscalateInput(case_id=case.case_id, round=asked.subject.concluded.round, asked_at=now(ctx))
    return (yield from activity_stubs.escalate_to_manager(ctx, order))


def _ask(
    ctx: task.OrchestrationContext,
    case: OpenCase,
    subject: Subject,
    role: Role,
    reason: EscalationReason | None = None,
) -> Orchestration[AskedReview]:
    """Put the question; every decision from here on is announced in the inbox."""
    review = yield from activity_stubs.ask_person(ctx, _question(ctx, case, subject, role, reason))
    # What arrived before is in it as well: the SDK keeps events that nobody waits for yet.
    inbox = DecisionInbox(ctx, case, subject.concluded.round)
    return AskedReview(subject, review, inbox, review.required_role != "analyst", reason)


def _question(
    ctx: task.OrchestrationContext,
    case: OpenCase,
    subject: Subject,
    role: Role,
    escalation: EscalationReason | None,
) -> ReviewQuestion:
    return ReviewQuestion(
        case_id=case.case_id,
        round=subject.concluded.round,
        required_role=role,
        asked_at=now(ctx),
        escalation=escalation,
        added=subject.added,
    )
