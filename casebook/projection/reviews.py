"""Events of reviews: a person is asked, is reminded, or the review is escalated or expires."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from casebook.policy.guards import CLOCK_TOLERANCE
from casebook.policy.log_facts import NOBODY_ASKED, AskedQuestion, Data, LogFacts, named_actions
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Columns, Delete, Insert, Update
from casebook.projection.event_data import EventData, Occurrence
from casebook.projection.questions import PROPOSAL, REVIEW, end_open_review
from casebook.projection.rounds import conclude_round, why_no_round
from contracts import domain_events
from contracts.assessment import RiskLevel
from contracts.base import UtcDateTime
from contracts.case import CaseEvent
from contracts.ids import review_id
from contracts.kinds import Action, kind_of
from contracts.kinds.reply import REPLY
from contracts.names import CaseEventType
from contracts.review import ReviewRequest, Role, may_act_as


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
    recommended_action: Action | None

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        kind = kind_of(case_id)
        yield domain_events.ReviewRequested(
            case_id=case_id,
            kind=kind.name,
            review_id=self.review_id,
            round=self.round,
            required_role=self.required_role,
            due_at=self.due_at,
            recommended_action=self.recommended_action,
        )
        if kind is REPLY:
            yield domain_events.HumanReviewRequired(
                case_id=case_id,
                turn_id=kind.subject_of(case_id),
                review_id=self.review_id,
                round=self.round,
                due_at=self.due_at,
            )

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        log.asked.append((event.seq, data, log.limits))
        number: int = data["round"]
        reason = None if number == log.facts.round else why_no_round(kind_of(log.case_id), log.facts, number)
        reason = reason or log.facts.why_not_investigated()
        if data["review_id"] != review_id(log.case_id, number) or data["review_id"] in log.questions:
            reason = "its question is another round's, or was asked before"
        log.enter_round(number)
        log.end_questions()
        log.questions[data["review_id"]] = AskedQuestion(
            round=number,
            digest=data["assessment_hash"],
            asked_at=event.at,
            due_at=datetime.fromisoformat(data["due_at"]),
            four_eyes=named_actions(data),
            approvals=data["approvals_required"],
        )
        log.facts.was_asked = True
        log.facts.asked_role = data["required_role"]
        reason = reason or log.why_too_short(event, data) or log.why_other_terms(data) or log.why_others_asked(data)
        log.facts.overtaken = None
        return reason

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

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        yield domain_events.CaseEscalated(case_id=case_id, review_id=self.review_id, due_at=self.due_at)

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        log.asked.append((event.seq, data, log.limits))
        question = log.open_question(data["review_id"])
        if question is None:
            return NOBODY_ASKED
        role: Role = data["required_role"]
        reason = None if may_act_as((role,), "manager") else f"it passes the question to the role '{role}'"
        due_at = datetime.fromisoformat(data["due_at"])
        if data["review_id"] != log.just_asked and event.at + CLOCK_TOLERANCE < question.due_at:
            reason = "there was time to answer"
        later = named_actions(data)
        if data["approvals_required"] < question.approvals or not {*(later or ())} >= {*(question.four_eyes or ())}:
            reason = "it asks for fewer approvals"
        question.due_at, question.proposal = due_at, None
        log.facts.asked_role = role
        return reason or log.why_too_short(event, data)

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.move("escalated")
        yield Update(REVIEW, {"review_id": self.review_id}, {**_terms(self), "escalation_reason": self.reason})
        # The first approval was given by somebody who may no longer be entitled to it.
        yield Delete(PROPOSAL)
        case.due_at = self.due_at
        case.end_snooze()


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

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        question = log.open_question(data["review_id"])
        if question is None:
            return NOBODY_ASKED
        question.is_open = False
        log.facts.is_expired = question.round == log.facts.round
        return "there was time to answer" if event.at + CLOCK_TOLERANCE < question.due_at else None

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield from end_open_review(case, "expired")
