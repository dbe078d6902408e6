"""Asks a person about a reply, and passes the question to a manager."""

import logging
from datetime import datetime

from durabletask import task

from casebook.chat_api import ChatApi
from contracts.hashing import content_hash
from contracts.ids import review_id
from contracts.investigation import Escalation, EscalationResult, InvestigationPolicy
from contracts.kinds.reply import REPLY
from contracts.review import ReviewRequest, Role
from contracts.steps import EscalateInput, ReviewQuestion
from worker.activities.chat import asked_draft
from worker.activities.review import ReviewActivities, review_times
from worker.domain.deadlines import BusinessHours
from worker.domain.questions import ESCALATIONS, NOT_DECIDED_IN_TIME
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)

SEVERITY = "medium"
"""Of every case about a reply."""


class ReplyQuestions:
    """Questions about replies. `policy`: how long people have."""

    def __init__(
        self,
        record: CaseRecord,
        chat: ChatApi,
        review: ReviewActivities,
        policy: InvestigationPolicy,
        business: BusinessHours | None = None,
    ) -> None:
        self._record = record
        self._chat = chat
        self._review = review
        self._policy = policy
        self._business = business

    def ask_person(self, _: task.ActivityContext, question: ReviewQuestion) -> ReviewRequest:
        """Open the case of a reply, unless it is open, and ask about the draft of the round."""
        held, draft = self._chat.asked_draft(REPLY.subject_of(question.case_id), question.round)
        self._record.open_about(held, self._policy)
        about = asked_draft(draft)
        due_at, remind_at = self._times(question.required_role, question)
        asked = ReviewRequest(
            review_id=review_id(question.case_id, question.round),
            assessment_hash=content_hash(about),
            opened_at=question.asked_at,
            due_at=due_at,
            required_role=question.required_role,
            remind_at=remind_at,
        )
        reason = None if question.escalation is None else ESCALATIONS[question.escalation]
        asked = self._record.ask_about(asked, about, reason=reason)
        log.info("Waiting for the decision of one %s until %s.", asked.required_role, asked.due_at.isoformat())
        return asked

    def escalate_to_manager(self, context: task.ActivityContext, order: EscalateInput) -> EscalationResult:
        """Pass the open question to a manager, unless it has been decided."""
        asked = self._record.asked_review(order.case_id, review_id(order.case_id, order.round))
        due_at, remind_at = self._times("manager", order)
        changes = {"required_role": "manager", "due_at": due_at, "remind_at": remind_at}
        later = asked.model_copy(update=changes)
        escalation = Escalation(case_id=order.case_id, review=later, reason=NOT_DECIDED_IN_TIME, at=order.asked_at)
        decided = self._review.escalate_review(context, escalation)
        put = later if decided is not None else self._record.asked_review(order.case_id, later.review_id)
        return EscalationResult(review=put, decision=decided)

    def _times(self, role: Role, asking: ReviewQuestion | EscalateInput) -> tuple[datetime, datetime | None]:
        return review_times(self._policy, SEVERITY, role, asking.asked_at, self._business)
