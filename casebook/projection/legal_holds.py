"""Events of legal holds: a person says that nothing of a case may be purged or erased, or lifts that."""

from collections.abc import Iterable
from typing import ClassVar

from casebook.policy.log_facts import Data, LogFacts
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change
from casebook.projection.event_data import Actors, EventData, Occurrence
from contracts.case import CaseEvent
from contracts.names import CaseEventType
from contracts.words import says_something


class LegalHoldPlaced(EventData):
    """Nothing of the case is purged or erased from here on."""

    type: ClassVar[CaseEventType] = "legal_hold_placed"
    actors: ClassVar[Actors] = "people"
    follows_closing: ClassVar[bool] = True
    recurs: ClassVar[bool] = True

    reason: str

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        before, log.under_legal_hold = log.under_legal_hold, True
        if before:
            return "the case was under a legal hold already"
        return None if says_something(data["reason"]) else "nobody says why"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterable[Change]:
        case.legal_hold_by, case.legal_hold_since, case.legal_hold_reason = at.actor, at.at, self.reason
        return ()


class LegalHoldLifted(EventData):
    """The case may be purged again once it is old enough, and its texts may be erased."""

    type: ClassVar[CaseEventType] = "legal_hold_lifted"
    actors: ClassVar[Actors] = "people"
    follows_closing: ClassVar[bool] = True
    recurs: ClassVar[bool] = True

    reason: str
    held_by: str
    """Who had placed it."""

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        before, log.under_legal_hold = log.under_legal_hold, False
        if not before:
            return "the case was under no legal hold"
        return None if says_something(data["reason"]) else "nobody says why"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterable[Change]:
        if self.held_by != case.legal_hold_by:
            raise ValueError(f"it was {case.legal_hold_by!r}'s, and not {self.held_by!r}'s")
        case.legal_hold_by = case.legal_hold_since = case.legal_hold_reason = None
        return ()
