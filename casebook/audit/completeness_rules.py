"""What events of this release say that those of earlier releases do not. Pure: no database, no clock.

Releases only ever add to it. So from the first event on that says it, all later ones must: else a case could be bent,
and passed off as one of an earlier release, for which fewer rules hold.
"""

from dataclasses import dataclass, field

from contracts.case import CaseEvent
from contracts.names import CaseEventType

_SAYS: dict[CaseEventType, tuple[str, ...]] = {
    "specialist_finished": ("journal", "evidence_hashes"),
    "assessed": ("journal",),
    "case_closed": ("journal",),
    "effect_started": ("approved",),
    "effect_finished": ("approved",),
}


@dataclass
class Completeness:
    """Takes the events of one case in order."""

    after: int | None = None
    """From the event after this one on, the log of the casebook is this release's; None where that is not known."""
    since: int | None = None
    """The first event that this release wrote; None: as far as is known an earlier one wrote all."""
    _begun: set[str] = field(default_factory=set[str])
    _started: set[str] = field(default_factory=set[str])

    def why_not(self, event: CaseEvent) -> str | None:
        """What `event` leaves out; None when that is nothing."""
        if self.after is not None and event.seq > self.after:
            self._known_since(event)
        reason = None if self.since is None else self._why_not(event)
        if event.type == "round_started":
            self._begun.add(str(event.data["round"]))
            if event.data.get("policy") is not None:
                self._known_since(event)
        if event.type == "effect_started":
            self._started.add(str(event.data["key"]))
            if "approved" in event.data:
                self._known_since(event)
        return reason

    def _known_since(self, event: CaseEvent) -> None:
        if self.since is None:
            self.since = event.seq

    def _why_not(self, event: CaseEvent) -> str | None:
        data = event.data
        if event.type == "round_started" and data["round"] == 1 and data.get("policy") is None:
            return "it does not say what the case is judged by"
        # A specialist that is the first to take a step begins the round itself, once it has started.
        if event.type == "specialist_finished" and str(data["round"]) not in self._begun:
            return f"round {data['round']} had not begun"
        if event.type == "effect_finished" and str(data["key"]) not in self._started:
            return "nobody is said to have begun it"
        missing = [name for name in _SAYS.get(event.type, ()) if name not in data]
        return f"it says nothing of its {', '.join(missing)}" if missing else None
