"""A person, or the second of two, answers a question."""

from collections.abc import Iterator
from typing import ClassVar

from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Delete, Insert, ProjectedTable, Update
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.projection.questions import PROPOSAL, REVIEW
from casebook.schema.reviews import DecisionRow
from contracts.names import CaseEventType
from contracts.review import Decision

DECISION = ProjectedTable(DecisionRow, ("review_id",), unlogged=("delivered_at",))


class DecisionAccepted(EventData, Decision):
    """The answer counts: nobody else is asked, and nobody works on the case any more."""

    type: ClassVar[CaseEventType] = "decision_accepted"
    actors: ClassVar[Actors] = "people"
    named_by: ClassVar[tuple[str, ...]] = ("review_id",)

    round: int

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        decision = Decision(**{name: getattr(self, name) for name in Decision.model_fields})
        answer = {name: getattr(self, name) for name in ("review_id", "round", "verdict", "action")}
        yield Insert(DECISION, {**answer, "accepted_seq": at.seq}, decision)
        yield Update(REVIEW, {"review_id": self.review_id}, {"status": "decided"})
        yield Delete(PROPOSAL)
        case.due_at = None
        case.disposition = self.disposition
        case.end_claim()
