"""Events of holds: a decision is taken back in time, or its hold ends and it counts."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from casebook.policy.log_facts import AskedQuestion, Data, LogFacts
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Delete, Insert, Update
from casebook.projection.decisions import DECISION
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.projection.questions import PROPOSAL, REVIEW
from contracts import domain_events
from contracts.base import UtcDateTime
from contracts.case import CaseEvent, Proposal
from contracts.ids import ReviewId
from contracts.kinds import Action
from contracts.names import CaseEventType
from contracts.review import Disposition

NOTHING_HELD = "no decision could be taken back"


class DecisionWithdrawn(EventData):
    """Whoever decided takes the decision back in time: the question is open again, as it was asked."""

    type: ClassVar[CaseEventType] = "decision_withdrawn"
    actors: ClassVar[Actors] = "people"
    named_by: ClassVar[tuple[str, ...]] = ("review_id",)
    recurs: ClassVar[bool] = True

    round: int
    review_id: ReviewId
    action: Action
    due_at: UtcDateTime
    """The deadline of the question."""
    disposition: Disposition | None
    """What the case is taken for again: by the decision before, or by none."""
    proposal: Proposal | None
    """The first of two approvals, which waits again."""

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        question = log.questions.get(data["review_id"])
        if question is None or question.held is None:
            return NOTHING_HELD
        held, question.held, question.is_open = question.held, None, True
        question.withdrawals += 1
        log.facts.is_held = False
        log.chosen.pop(data["review_id"], None)
        if event.actor != held.said["decided_by"]:
            return f"it was {held.said['decided_by']}'s decision"
        if event.at >= held.until:
            return "it was too late for that"
        if data["proposal"] != _first_approval(question):
            return "another first approval waits again than was given"
        before = (question.due_at, held.said["action"], held.said.get("previous_disposition"))
        if (datetime.fromisoformat(data["due_at"]), data["action"], data["disposition"]) != before:
            return "the case is not as it was before the decision"
        return None

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield Delete(DECISION, {"review_id": self.review_id})
        yield Update(REVIEW, {"review_id": self.review_id}, {"status": "open"})
        if self.proposal is not None:
            given = {
                "review_id": self.review_id,
                "proposed_by": self.proposal.approvals[0].approved_by,
                "action": self.proposal.action,
                "proposed_seq": at.seq,
            }
            yield Insert(PROPOSAL, given, self.proposal)
        case.due_at = self.due_at
        case.disposition = self.disposition


def _first_approval(question: AskedQuestion) -> dict[str, object] | None:
    """The proposal that the decision took up, as its event says it."""
    given = question.first
    if given is None or question.proposal is None:
        return None
    return {name: given[name] for name in Proposal.model_fields if name in given}


class HoldEnded(EventData):
    """The decision can no longer be taken back: from here on it counts."""

    type: ClassVar[CaseEventType] = "hold_ended"
    named_by: ClassVar[tuple[str, ...]] = ("review_id",)

    round: int
    review_id: ReviewId
    action: Action

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        yield domain_events.DecisionAccepted(
            case_id=case_id, review_id=self.review_id, verdict="approve", action=self.action
        )

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        question = log.questions.get(data["review_id"])
        if question is None or question.held is None or question.round != log.facts.round:
            return NOTHING_HELD
        held, question.held = question.held, None
        facts = log.facts
        facts.is_held, facts.verdict, facts.action = False, held.said["verdict"], held.said["action"]
        if data["action"] != held.said["action"]:
            return "something else was decided"
        return "it ends the hold before its time" if event.at < held.until else None

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield Update(DECISION, {"review_id": self.review_id}, {"on_hold_until": None})
