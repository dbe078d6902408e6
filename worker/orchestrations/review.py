"""Asking a person: one review with a deadline, one escalation, and never an answer to another question."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.hashing import content_hash
from contracts.ids import review_id
from contracts.investigation import Escalation, ReviewOpening
from contracts.review import Decision, ReviewRequest
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

    def __init__(self, ctx: task.OrchestrationContext, round_number: int) -> None:
        self._ctx = ctx
        self._round = round_number
        self._next = calls.wait_for_decision(ctx, round_number)

    def wait(self, review: ReviewRequest) -> Steps[Decision | None]:
        """The first decision that is bound to `review`, or None once its deadline has passed."""
        timer = self._ctx.create_timer(review.due_at)
        while True:
            waiting: list[task.Task[Any]] = [self._next, timer]
            winner: task.Task[Any] = yield task.when_any(waiting)
            if winner is timer:
                return None
            decision = binding_decision(self._next.get_result(), review)
            self._next = calls.wait_for_decision(self._ctx, self._round)
            if decision is not None:
                timer.cancel()
                return decision


def ask_analyst(ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment) -> Steps[Answer]:
    """Ask an analyst; when nobody decides in time, ask a manager the same question."""
    review = _request(ctx, case, assessment, case.policy.approval_timeout_hours)
    box = DecisionBox(ctx, assessment.round)
    yield from calls.open_review(
        ctx, ReviewOpening(case_id=case.case_id, round=assessment.round, review=review, assessment=assessment)
    )
    case.board.enter("awaiting_review")
    decision = yield from box.wait(review)
    if decision is not None:
        return Answer(decision, by_manager=False)
    escalated = _for_manager(review, due_at=_in_hours(ctx, case.policy.escalation_timeout_hours))
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
    review = _for_manager(_request(ctx, case, assessment, case.policy.escalation_timeout_hours))
    box = DecisionBox(ctx, assessment.round)
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
    case.board.enter("escalated", round_number=assessment.round)
    decision = yield from _last_wait(ctx, box, review)
    return Answer(decision, by_manager=True)


def _last_wait(ctx: task.OrchestrationContext, box: DecisionBox, review: ReviewRequest) -> Steps[Decision | None]:
    decision = yield from box.wait(review)
    if decision is None:
        # A decision that was accepted just before the deadline may still be on its way here: it stands.
        decision = yield from calls.expire_review(ctx, review)
    return decision


def _request(ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, hours: float) -> ReviewRequest:
    return ReviewRequest(
        review_id=review_id(case.case_id, assessment.round),
        assessment_hash=content_hash(assessment),
        opened_at=now(ctx),
        due_at=_in_hours(ctx, hours),
    )


def _for_manager(review: ReviewRequest, due_at: datetime | None = None) -> ReviewRequest:
    return review.model_copy(update={"required_role": "manager", "due_at": due_at or review.due_at})


def _in_hours(ctx: task.OrchestrationContext, hours: float) -> datetime:
    return now(ctx) + timedelta(hours=hours)
