"""What a low score must at least cite: the key records of its specialist, and the events of the alert."""

from collections.abc import Mapping

from contracts.alert import Alert
from contracts.report import Specialist
from contracts.telemetry import EventKind

KEY_RECORDS: Mapping[Specialist, str] = {
    "usage": "get_data_usage",
    "location": "get_security_logs",
    "billing": "get_recent_charges",
}
OWN_EVENTS: Mapping[Specialist, frozenset[EventKind]] = {
    "usage": frozenset({"data_usage", "api_call"}),
    "location": frozenset({"login", "auth_failure", "account_change"}),
    "billing": frozenset({"transaction"}),
}
"""Which specialist answers for a trigger event, by the event's kind."""
MAX_CITED_EVENTS = 8
"""Of more events only the newest must be cited."""


def events_to_cite(alert: Alert, specialist: Specialist) -> tuple[str, ...]:
    """The ids of the trigger events that the specialist must cite for a low score: its newest MAX_CITED_EVENTS."""
    own = [event for event in alert.trigger_events if event.kind in OWN_EVENTS[specialist]]
    newest = sorted(own, key=lambda event: (event.occurred_at, event.event_id))[-MAX_CITED_EVENTS:]
    return tuple(event.event_id for event in newest)
