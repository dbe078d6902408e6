"""A person is asked, reminded, or asked no longer."""

from collections.abc import Iterator
from typing import ClassVar

from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Columns, Delete, Insert, Update
from casebook.projection.event_data import EventData, Occurrence
from casebook.projection.questions import PROPOSAL, REVIEW, end_open_review
from casebook.projection.rounds import conclude_round
from contracts.actions import RecommendedAction
from contracts.assessment import RiskLevel
from contracts.base import UtcDateTime
from contracts.names import CaseEventType
from contracts.review import ReviewRequest


def _terms(review: ReviewRequest) -> Columns:
    """What an escalation changes of a question; it changes nothing else."""
    actions = review.four_eyes_actions
    return {
        "due_at": review.due_at,
        "required_role": review.required_role,
        "approvals_required": review.approvals_required,
        "four_eyes_actions": None if actions is None else [*actions],
        "remind_at": review.remind_at,
    }


class ReviewOpened(EventData, ReviewRequest):
    """A person is asked about what was concluded, which becomes the assessment of the round."""

    type: ClassVar[CaseEventType] = "review_opened"
    named_by: ClassVar[tuple[str, ...]] = ("review_id",)

    round: int
    score: float | None
    level: RiskLevel | None
    recommended_action: RecommendedAction | None

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.move("awaiting_review")
        yield from end_open_review(case, "superseded")
        yield conclude_round(case, self.round, self.assessment_hash, at)
        case.show_judgement(self.round, self.score, self.level, self.recommended_action)
        asked: Columns = {
            "review_id": self.review_id,
            "round": self.round,
            "status": "open",
            "assessment_hash": self.assessment_hash,
            "opened_at": self.opened_at,
            "escalation_reason": None,
        }
        yield Insert(REVIEW, {**asked, **_terms(self)})
        case.due_at = self.due_at


class Escalated(EventData, ReviewRequest):
    """The open question is passed on to a manager, who has a deadline of their own."""

    type: ClassVar[CaseEventType] = "escalated"
    # Each deadline is one escalation: repeating the step is the same one, a later deadline is another.
    named_by: ClassVar[tuple[str, ...]] = ("review_id", "due_at")

    round: int
    reason: str

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.move("escalated")
        yield Update(REVIEW, {"review_id": self.review_id}, {**_terms(self), "escalation_reason": self.reason})
        # The first approval was given by somebody who may no longer be entitled to it.
        yield Delete(PROPOSAL)
        case.due_at = self.due_at


class ReviewReminded(EventData):
    """Those who could decide are reminded."""

    type: ClassVar[CaseEventType] = "review_reminded"
    named_by: ClassVar[tuple[str, ...]] = ("review_id", "at")

    round: int
    review_id: str
    at: UtcDateTime
    due_at: UtcDateTime


class ReviewExpired(EventData):
    """Nobody answered in time."""

    type: ClassVar[CaseEventType] = "review_expired"
    named_by: ClassVar[tuple[str, ...]] = ("review_id",)

    round: int
    review_id: str

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield from end_open_review(case, "expired")
