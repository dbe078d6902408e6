"""The event that opens a closed case again."""

from collections.abc import Collection, Iterator
from typing import ClassVar

from casebook.policy.log_facts import Data, LogFacts
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.projection.rounds import enter_round
from contracts import domain_events
from contracts.case import CaseEvent, CaseOutcome
from contracts.kinds.fraud import FRAUD
from contracts.names import CaseEventType
from contracts.words import says_something

REOPENED: Collection[CaseOutcome] = ("failed", "unresolved")
"""How a case ended that may be opened again: nothing of what was left was decided, or done."""


class CaseReopened(EventData):
    """A person opens a closed case again: what is left is asked about, in a round of its own."""

    type: ClassVar[CaseEventType] = "case_reopened"
    kind: ClassVar[str | None] = FRAUD.name
    actors: ClassVar[Actors] = "people"
    follows_closing: ClassVar[bool] = True
    recurs: ClassVar[bool] = True

    round: int
    """That of the question."""
    outcome: CaseOutcome
    """How it had ended."""
    reason: str

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        yield domain_events.CaseReopened(case_id=case_id)

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        reason = _why_not(log, data)
        log.is_closed, log.ended_as = False, None
        log.reopenings += 1
        log.end_questions()
        log.enter_round(data["round"])
        log.facts.was_asked = log.facts.reopens_review = True
        return reason

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.move("investigating")
        case.outcome = None
        yield enter_round(case, self.round, at)


def _why_not(log: LogFacts, data: Data) -> str | None:
    if not log.is_closed:
        return "the case was open"
    if log.ended_as not in REOPENED or data["outcome"] != log.ended_as:
        return f"the case had ended as '{log.ended_as}'"
    if data["round"] != log.facts.round + 1:
        return f"the case was in round {log.facts.round}"
    return None if says_something(data["reason"]) else "nobody says why"
