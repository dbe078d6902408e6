"""Asking a person, and ceasing to ask."""

import logging

from durabletask import task

from contracts.ids import parse_review_id
from contracts.investigation import Escalation, ReviewOpening
from contracts.review import Decision, ReviewRequest
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class ReviewActivities:
    """Reviews in the case record."""

    def __init__(self, record: CaseRecord) -> None:
        self._record = record

    def open_review(self, _: task.ActivityContext, opening: ReviewOpening) -> None:
        """Ask a person."""
        self._record.open_review(opening)
        log.info(
            "Waiting for the decision of one %s until %s.",
            opening.review.required_role,
            opening.review.due_at.isoformat(),
            extra={"case_id": opening.case_id},
        )

    def escalate_review(self, _: task.ActivityContext, escalation: Escalation) -> Decision | None:
        """Pass the review to a manager. A decision that came first is returned and stands."""
        decided = self._record.escalate(escalation)
        if decided is None:
            log.warning("Escalated: %s", escalation.reason, extra={"case_id": escalation.case_id})
        return decided

    def expire_review(self, _: task.ActivityContext, review: ReviewRequest) -> Decision | None:
        """Stop asking. A decision that came first is returned and stands."""
        case_id, _round = parse_review_id(review.review_id)
        decided = self._record.expire_review(case_id, review.review_id)
        if decided is None:
            log.warning("Nobody decided before the last deadline.", extra={"case_id": case_id})
        return decided
