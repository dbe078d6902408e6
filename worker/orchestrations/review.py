"""Asking a person: one review with a deadline, one escalation, and never an answer to another question."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.hashing import content_hash
from contracts.ids import review_id
from contracts.investigation import Escalation, Question, Reminder, ReviewOpening, ReviewPlan
from contracts.review import Decision, ReviewRequest, Role
from worker import calls
from worker.calls import Steps
from worker.domain.deciding import binding_decision
from worker.orchestrations.case import OpenCase, now

NOT_DECIDED_IN_TIME = "Nobody decided before the deadline."


@dataclass(frozen=True)
class Answer:
    """What became of a question. `decision` is None when every deadline passed."""

    decision: Decision | None
    by_manager: bool


class DecisionBox:
    """The external event of one review. A wait that a deadline interrupts goes on afterwards: nothing falls between."""

    def __init__(self, ctx: task.OrchestrationContext, case_id: str, round_number: int) -> None:
        self._ctx = ctx
        self._case_id = case_id
        self._round = round_number
        self._next = calls.wait_for_decision(ctx, round_number)

    def wait(self, review: ReviewRequest) -> Steps[Decision | None]:
        """The first decision that is bound to `review`, or None once its deadline has passed.

        On the way there those who could decide are reminded, when the review says so.
        """
        deadline = self._ctx.create_timer(review.due_at)
        remind_at = review.remind_at or review.due_at
        reminder = None if review.remind_at is None else self._ctx.create_timer(remind_at)
        while True:
            waiting: list[task.Task[Any]] = [self._next, deadline, *([] if reminder is None else [reminder])]
            winner: task.Task[Any] = yield task.when_any(waiting)
            if winner is deadline:
                return None
            if winner is reminder:
                reminder = None
                yield from self._remind(review, remind_at)
                continue
            decision = binding_decision(self._next.get_result(), review)
            self._next = calls.wait_for_decision(self._ctx, self._round)
            if decision is not None:
                deadline.cancel()
                if reminder is not None:
                    reminder.cancel()
                return decision

    def _remind(self, review: ReviewRequest, remind_at: datetime) -> Steps[None]:
        order = Reminder(case_id=self._case_id, review_id=review.review_id, at=remind_at)
        try:
            yield from calls.remind_review(self._ctx, order)
        except task.TaskFailedError:
            return  # The question stands without it.


def ask_analyst(ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment) -> Steps[Answer]:
    """Ask an analyst; when nobody decides in time, ask a manager the same question."""
    review, box = yield from _ask(ctx, case, assessment, "analyst")
    case.board.enter("awaiting_review", round_number=assessment.round)
    decision = yield from box.wait(review)
    if decision is not None:
        return Answer(decision, by_manager=False)
    escalated = yield from _with_terms(ctx, case, assessment, review, "manager")
    decision = yield from calls.escalate_review(
        ctx, Escalation(case_id=case.case_id, review=escalated, reason=NOT_DECIDED_IN_TIME, at=now(ctx))
    )
    if decision is not None:
        return Answer(decision, by_manager=False)
    case.board.enter("escalated")
    decision = yield from _last_wait(ctx, box, escalated)
    return Answer(decision, by_manager=True)


def ask_manager(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, reason: str
) -> Steps[Answer]:
    """Ask a manager straight away, as a round of its own."""
    review, box = yield from _ask(ctx, case, assessment, "manager", reason)
    case.board.enter("escalated", round_number=assessment.round)
    decision = yield from _last_wait(ctx, box, review)
    return Answer(decision, by_manager=True)


def _ask(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, role: Role, reason: str | None = None
) -> Steps[tuple[ReviewRequest, DecisionBox]]:
    """Put the question; every decision from here on is in the box."""
    if case.features.single_steps:
        box = DecisionBox(ctx, case.case_id, assessment.round)
        question = Question(plan=_plan(ctx, case, assessment, role), escalation_reason=reason)
        return (yield from calls.ask_person(ctx, question)), box
    review = yield from _request(ctx, case, assessment, role)
    box = DecisionBox(ctx, case.case_id, assessment.round)
    yield from calls.open_review(
        ctx,
        ReviewOpening(
            case_id=case.case_id,
            round=assessment.round,
            review=review,
            assessment=assessment,
            escalation_reason=reason,
        ),
    )
    return review, box


def _last_wait(ctx: task.OrchestrationContext, box: DecisionBox, review: ReviewRequest) -> Steps[Decision | None]:
    decision = yield from box.wait(review)
    if decision is None:
        # A decision that was accepted just before the deadline may still be on its way here: it stands.
        decision = yield from calls.expire_review(ctx, review)
    return decision


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
        severity=case.alert.severity,
        required_role=role,
        asked_at=now(ctx),
        assessment=assessment,
        policy=case.policy,
    )
