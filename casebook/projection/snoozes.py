"""Events of snoozes: a person snoozes a waiting case, or ends that.

A snooze that ends by its time is not logged: it is over, as a claim is whose lease has run out. What else ends it is
an event of its own meaning: a claim, a decision, an escalation, another question, and a note or an attachment of
somebody else where the snooze says so.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from casebook.policy.log_facts import NOBODY_ASKED, Data, LogFacts
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change
from casebook.projection.event_data import Actors, EventData, Occurrence, require_before
from contracts.base import UtcDateTime, added_later
from contracts.case import CaseEvent
from contracts.names import CaseEventType


class Snoozed(EventData):
    """A case is left out of the queue until a time, or until something happens."""

    type: ClassVar[CaseEventType] = "snoozed"
    actors: ClassVar[Actors] = "people"
    recurs: ClassVar[bool] = True

    until: UtcDateTime
    until_activity: bool
    reason: str | None
    previous_assignee: str | None
    """Whose claim it ends."""
    previous_until: UtcDateTime | None = added_later()
    """Until when it was snoozed before, where this one replaces an earlier one."""

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        log.was_snoozed = True
        question = next((asked for asked in log.questions.values() if asked.is_open), None)
        if question is None:
            return NOBODY_ASKED
        too_late = datetime.fromisoformat(data["until"]) > question.due_at
        return "it is longer than there is time to answer" if too_late else None

    def apply(self, case: CaseHead, at: Occurrence) -> Iterable[Change]:
        require_before(self.previous_assignee, case.assignee)
        require_before(self.previous_until, case.snoozed_until)
        case.snooze(at.actor, self.until, until_activity=self.until_activity)
        return ()


class SnoozeEnded(EventData):
    """A person ends a snooze before its time."""

    type: ClassVar[CaseEventType] = "snooze_ended"
    actors: ClassVar[Actors] = "people"
    recurs: ClassVar[bool] = True

    snoozed_by: str
    until: UtcDateTime
    """What it would have lasted."""

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        return None if log.was_snoozed else "nobody had snoozed the case"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterable[Change]:
        case.end_snooze()
        return ()
