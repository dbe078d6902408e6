"""Events of claims: a person claims a case, takes it over, or releases it."""

from collections.abc import Iterable
from typing import ClassVar

from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change
from casebook.projection.event_data import Actors, EventData, Occurrence, require_before
from contracts.base import UtcDateTime
from contracts.names import CaseEventType


class Claimed(EventData):
    """Somebody works on it."""

    type: ClassVar[CaseEventType] = "claimed"
    actors: ClassVar[Actors] = "people"
    recurs: ClassVar[bool] = True

    assignee: str
    expires_at: UtcDateTime
    handed_out: bool = False
    """Whether it was the next of the queue, and not chosen."""

    def apply(self, case: CaseHead, at: Occurrence) -> Iterable[Change]:
        case.claim(self.assignee, at.at, self.expires_at)
        return ()


class ClaimTakenOver(EventData):
    """Somebody takes a case over from another person."""

    type: ClassVar[CaseEventType] = "claim_taken_over"
    actors: ClassVar[Actors] = "people"
    recurs: ClassVar[bool] = True

    previous_assignee: str
    expires_at: UtcDateTime
    reason: str

    def apply(self, case: CaseHead, at: Occurrence) -> Iterable[Change]:
        require_before(self.previous_assignee, case.assignee)
        case.claim(at.actor, at.at, self.expires_at)
        return ()


class ClaimReleased(EventData):
    """Nobody works on it any more."""

    type: ClassVar[CaseEventType] = "claim_released"
    actors: ClassVar[Actors] = "people"
    follows_closing: ClassVar[bool] = True
    recurs: ClassVar[bool] = True

    previous_assignee: str
    reason: str | None = None
    moved_on: bool = False
    """Whether they went on to the next case without having touched this one."""

    def apply(self, case: CaseHead, at: Occurrence) -> Iterable[Change]:
        require_before(self.previous_assignee, case.assignee)
        case.end_claim()
        return ()
