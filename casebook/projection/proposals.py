"""The first of two approvals is given, or withdrawn."""

from collections.abc import Iterator
from typing import ClassVar

from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Delete, Insert
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.projection.questions import PROPOSAL
from contracts.actions import RecommendedAction
from contracts.case import Proposal
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

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        proposal = Proposal(**{name: getattr(self, name) for name in Proposal.model_fields})
        given = {"review_id": self.review_id, "proposed_by": at.actor, "action": self.action, "proposed_seq": at.seq}
        yield Insert(PROPOSAL, given, proposal)
        # The second person must be able to take it up.
        case.end_claim()


class ApprovalWithdrawn(EventData):
    """Whoever gave it withdraws it."""

    type: ClassVar[CaseEventType] = "approval_withdrawn"
    actors: ClassVar[Actors] = "people"
    named_by: ClassVar[tuple[str, ...]] = ("review_id",)
    recurs: ClassVar[bool] = True

    round: int
    review_id: str
    action: RecommendedAction

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield Delete(PROPOSAL)
