"""What a regulatory report can cite: the alerts' events, and the recorded answers of tools. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from contracts.alert import Alert
from contracts.hashing import content_hash
from contracts.regulatory_report import CitedEvidence
from contracts.report import Evidence
from contracts.telemetry import TelemetryEvent

CUSTOMER_TOOL = "get_customer"


class Sources:
    """Everything that is on record under the id of a piece of evidence."""

    def __init__(self, alerts: Sequence[Alert], evidence: Sequence[Evidence]) -> None:
        self._calls: Mapping[str, Evidence] = {each.evidence_id: each for each in evidence}
        events: dict[str, TelemetryEvent] = {}
        for alert in alerts:
            # A trigger event may say more than the same event among the recent ones: it comes last, and counts.
            events.update({event.event_id: event for event in (*alert.recent_events, *alert.trigger_events)})
        self._events: Mapping[str, TelemetryEvent] = events
        ids = dict.fromkeys(event.event_id for alert in alerts for event in alert.trigger_events)
        self.triggers: Sequence[TelemetryEvent] = [events[each] for each in ids]
        """The events that raised the alerts, each once."""

    def known(self, cited: Iterable[str]) -> tuple[str, ...]:
        """Those of the ids under which something is on record, each once."""
        return tuple(each for each in dict.fromkeys(cited) if each in self._calls or each in self._events)

    def cited(self, evidence_id: str) -> CitedEvidence:
        """What is on record under an id. Raises KeyError for an unknown one."""
        call = self._calls.get(evidence_id)
        if call is not None:
            found = {"kind": "tool_call", "what": call.tool, "at": call.recorded_at, "digest": content_hash(call)}
        else:
            event = self._events[evidence_id]
            found = {"kind": "event", "what": event.kind, "at": event.occurred_at, "digest": content_hash(event)}
        return CitedEvidence.model_validate({"evidence_id": evidence_id, **found})

    def answers(self, tool: str) -> list[Evidence]:
        """What a tool answered, oldest first."""
        found = [call for call in self._calls.values() if call.ok and call.tool == tool]
        return sorted(found, key=lambda call: (call.recorded_at, call.evidence_id))

    def last_answer(self, tool: str) -> Evidence | None:
        """What a tool answered last, or None."""
        return next(reversed(self.answers(tool)), None)
