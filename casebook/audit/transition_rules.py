"""Verifies the log of a case by the guards of its events: which events must come before which. Pure.

So a forged log with valid hashes is detected unless it also contains all the events that the guards require.
"""

from dataclasses import dataclass
from datetime import datetime

from casebook.audit.actor_rules import why_not_by
from casebook.policy.log_facts import CLOCKS_AGREE, LogFacts
from casebook.projection.event_types import EVENT_TYPES
from contracts.case import CaseEvent


@dataclass
class TransitionCheck:
    """Takes the events of one case in order, and says of each whether what came before justifies it."""

    log: LogFacts
    _last_at: datetime | None = None

    def take(self, event: CaseEvent) -> str | None:
        """Why nothing before it justifies `event`, or None. Raises KeyError, TypeError or ValueError for one that is
        not as it is written."""
        event_type = EVENT_TYPES[event.type]
        if not event_type.happens_to(self.log.case_id):
            return "it happens to no case of this kind"
        if self.log.is_closed and not event_type.follows_closing:
            return "the case was closed before it"
        reason = event_type.guard(self.log, event, event.data) or why_not_by(event) or self._why_not_then(event)
        self.log.just_asked = str(event.data["review_id"]) if event.type == "review_opened" else None
        return reason

    def _why_not_then(self, event: CaseEvent) -> str | None:
        before, self._last_at = self._last_at, event.at
        return None if before is None or event.at + CLOCKS_AGREE >= before else "it is older than the event before it"
