"""The event of assignments: whose case it is, by whom and why."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from casebook.policy.actors import SYSTEM
from casebook.policy.log_facts import Data, LogFacts
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change
from casebook.projection.event_data import Actors, EventData, Occurrence, require_before
from contracts.case import CaseEvent
from contracts.names import CaseEventType

Why = Literal["by_hand", "by_rule", "escalated", "second_approval", "absent"]
"""A person did; else the rule: a person was asked, the question went to a manager, the first of two approvals needs
somebody else, or whose it was is away."""


class Assigned(EventData):
    """A case is somebody's from here on, or in the pool again."""

    type: ClassVar[CaseEventType] = "assigned"
    actors: ClassVar[Actors] = "anybody"
    recurs: ClassVar[bool] = True

    assigned_to: str | None
    """Null: anybody's, in the pool."""
    previously: str | None
    """Whose it was."""
    why: Why
    reason: str | None = None
    """In the words of who did it."""
    ends_claim_of: str | None = None
    """Whose running claim it ends."""

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        if data["assigned_to"] == data["previously"]:
            return "it was so already"
        by_hand = data["why"] == "by_hand"
        return None if by_hand is (event.actor != SYSTEM) else f"'{event.actor}' is said to have done it {data['why']}"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterable[Change]:
        if self.previously != case.assigned_to:
            raise ValueError(f"it was {case.assigned_to!r}'s, and not {self.previously!r}'s")
        require_before(self.ends_claim_of, case.assignee)
        if self.ends_claim_of is not None:
            case.end_claim()
        case.assign(self.assigned_to, at.actor, at.at)
        return ()
