"""Events of proposals: the first of two approvals is given, or withdrawn."""

from collections.abc import Iterator
from typing import ClassVar

from casebook.policy.log_facts import NOBODY_ASKED, Data, LogFacts
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Delete, Insert
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.projection.questions import PROPOSAL
from contracts.case import CaseEvent, Proposal
from contracts.kinds import Action
from contracts.names import CaseEventType


class ApprovalGiven(EventData, Proposal):
    """It waits for a second person."""

    type: ClassVar[CaseEventType] = "approval_given"
    actors: ClassVar[Actors] = "people"
    named_by: ClassVar[tuple[str, ...]] = ("review_id",)
    recurs: ClassVar[bool] = True

    round: int
    assessment_hash: str
    reason_code: str | None
    feedback: str | None

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        question = log.open_question(data["review_id"])
        if question is None:
            return NOBODY_ASKED
        question.proposal, question.first = (event.actor, data["action"]), data
        said = [approval["approved_by"] for approval in data["approvals"]]
        return None if said == [event.actor] else f"{', '.join(said) or 'nobody'} is said to have approved"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        proposal = Proposal(**{name: getattr(self, name) for name in Proposal.model_fields})
        given = {"review_id": self.review_id, "proposed_by": at.actor, "action": self.action, "proposed_seq": at.seq}
        yield Insert(PROPOSAL, given, proposal)
        # The second person must be able to take it up.
        case.end_claim()
        case.end_snooze()


class ApprovalWithdrawn(EventData):
    """The first approver withdraws the approval."""

    type: ClassVar[CaseEventType] = "approval_withdrawn"
    actors: ClassVar[Actors] = "people"
    named_by: ClassVar[tuple[str, ...]] = ("review_id",)
    recurs: ClassVar[bool] = True

    round: int
    review_id: str
    action: Action

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        question = log.questions.get(data["review_id"])
        if question is None or question.proposal is None:
            return "no approval waited for a second one"
        given_by, _ = question.proposal
        question.proposal = None
        return None if event.actor == given_by else f"it was {given_by}'s approval"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield Delete(PROPOSAL)
