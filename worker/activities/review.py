"""Asks a person, escalates, and expires a review."""

import logging
from datetime import datetime

from durabletask import task

from casebook.policy.four_eyes import approvals_required, four_eyes_actions
from contracts.brief import CaseBrief
from contracts.hashing import content_hash
from contracts.ids import parse_review_id, review_id
from contracts.investigation import (
    Escalation,
    EscalationOrder,
    EscalationResult,
    InvestigationPolicy,
    ReviewOpening,
    ReviewOrder,
    ReviewPlan,
    ReviewTerms,
)
from contracts.review import Decision, ReviewRequest, Role
from contracts.severity import Severity
from contracts.steps import ReadDecisionInput, Reminder
from worker.activities.recorded import Briefs
from worker.domain.deadlines import BusinessHours, due_after, remind_after
from worker.domain.recorded import plan_as_recorded
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class ReviewActivities:
    """Reviews in the case record. `business` has the business hours; None: every hour counts."""

    def __init__(
        self,
        record: CaseRecord,
        business: BusinessHours | None = None,
        policy: InvestigationPolicy | None = None,
    ) -> None:
        self._record = record
        self._briefs = Briefs(record, policy)
        self._business = business

    def ask_person(self, context: task.ActivityContext, question: ReviewOrder) -> ReviewRequest:
        """Ask, with the terms of `schedule_review`; the first review of a round counts and is returned."""
        plan = plan_as_recorded(question.plan, self._brief(question.plan))
        question = question.model_copy(update={"plan": plan})
        return self.open_review(context, opening_of(question, self.schedule_review(context, plan)))

    def schedule_review(self, _: task.ActivityContext, plan: ReviewPlan) -> ReviewTerms:
        """Until when, and how many people are asked. Raises NoBusinessHours for a calendar without working time."""
        limit = plan.policy.four_eyes_refund_minor
        due_at, remind_at = review_times(plan.policy, plan.severity, plan.required_role, plan.asked_at, self._business)
        return ReviewTerms(
            due_at=due_at,
            remind_at=remind_at,
            approvals_required=1 if limit is None else approvals_required(plan.assessment, plan.severity, limit),
            four_eyes_actions=None if limit is None else four_eyes_actions(plan.assessment, plan.severity, limit),
        )

    def open_review(self, _: task.ActivityContext, opening: ReviewOpening) -> ReviewRequest:
        """Ask a person; the first review of a round counts and is returned."""
        asked = self._record.open_review(opening)
        log.info("Waiting for the decision of one %s until %s.", asked.required_role, asked.due_at.isoformat())
        return asked

    def read_decision(self, _: task.ActivityContext, reading: ReadDecisionInput) -> Decision | None:
        """The decision that was accepted on a review, or None: an event that announces one proves nothing."""
        return self._record.accepted_decision(reading.case_id, reading.review_id, announced=reading.announced)

    def remind_review(self, _: task.ActivityContext, reminder: Reminder) -> None:
        """Remind those who could decide."""
        self._record.remind(reminder.case_id, reminder.review_id, reminder.at)
        log.warning("Nobody has decided yet, and the deadline is near.")

    def escalate_to_manager(self, context: task.ActivityContext, passing: EscalationOrder) -> EscalationResult:
        """Pass the open review to a manager on the terms of `schedule_review`, unless it has been decided."""
        plan = plan_as_recorded(passing.plan, self._brief(passing.plan))
        asked = self._record.asked_review(plan.case_id, review_id(plan.case_id, plan.assessment.round))
        terms = self.schedule_review(context, plan)
        later = asked.model_copy(
            update={
                "required_role": plan.required_role,
                "due_at": terms.due_at,
                "remind_at": terms.remind_at,
            }
        )
        escalation = Escalation(case_id=plan.case_id, review=later, reason=passing.reason, at=plan.asked_at)
        decided = self.escalate_review(context, escalation)
        put = later if decided is not None else self._record.asked_review(plan.case_id, later.review_id)
        return EscalationResult(review=put, decision=decided)

    def escalate_review(self, _: task.ActivityContext, escalation: Escalation) -> Decision | None:
        """Escalate the review to a manager. An earlier decision is returned and remains valid."""
        decided = self._record.escalate(escalation)
        if decided is None:
            log.warning("Escalated: %s", escalation.reason)
        return decided

    def expire_review(self, _: task.ActivityContext, review: ReviewRequest) -> Decision | None:
        """Expire the review. An earlier decision is returned and remains valid."""
        case_id, _round = parse_review_id(review.review_id)
        decided = self._record.expire_review(case_id, review.review_id)
        if decided is None:
            log.error("Nobody decided before the last deadline: the case ends unresolved and nothing is done.")
        return decided

    def _brief(self, plan: ReviewPlan) -> CaseBrief:
        return self._briefs.of(plan.case_id, plan.assessment.round)


def review_times(
    policy: InvestigationPolicy, severity: Severity, role: Role, asked_at: datetime, business: BusinessHours | None
) -> tuple[datetime, datetime | None]:
    """Until when a question is asked, and when those who could decide are reminded. Raises NoBusinessHours."""
    hours = policy.review_hours(severity, role)
    share = policy.remind_before_share or 0.0
    return due_after(asked_at, hours, business), remind_after(asked_at, hours, share, business)


def opening_of(question: ReviewOrder, terms: ReviewTerms) -> ReviewOpening:
    """The review by which `question` is put on these terms, bound to the assessment that it is about."""
    plan = question.plan
    review = ReviewRequest(
        review_id=review_id(plan.case_id, plan.assessment.round),
        assessment_hash=content_hash(plan.assessment),
        opened_at=plan.asked_at,
        required_role=plan.required_role,
        due_at=terms.due_at,
        remind_at=terms.remind_at,
        approvals_required=terms.approvals_required,
        four_eyes_actions=terms.four_eyes_actions,
    )
    return ReviewOpening(
        case_id=plan.case_id,
        round=plan.assessment.round,
        review=review,
        assessment=plan.assessment,
        escalation_reason=question.escalation_reason,
    )
