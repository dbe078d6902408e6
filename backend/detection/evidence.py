"""The events that an alert names, out of the customer's recent ones."""

from collections.abc import Iterable, Iterator

from contracts.alert import MAX_TRIGGER_EVENTS
from contracts.telemetry import AuthFailureEvent, LoginEvent, TelemetryEvent


def newest(
    among: Iterable[TelemetryEvent], trigger: TelemetryEvent, t: float, length_s: float
) -> tuple[TelemetryEvent, ...]:
    """The newest 50 of the window that ends at `t`, oldest first; the trigger is always among them."""
    found = [event for event in among if 0.0 <= t - event.occurred_at.timestamp() < length_s]
    if all(event.event_id != trigger.event_id for event in found):
        found.append(trigger)
    found.sort(key=lambda event: (event.occurred_at, event.event_id))
    return tuple(found[-MAX_TRIGGER_EVENTS:])


def failures_among(events: Iterable[TelemetryEvent]) -> Iterator[TelemetryEvent]:
    """Failed logins, however their kind says so."""
    return (event for event in events if failed(event))


def failed(event: TelemetryEvent) -> bool:
    """Whether it is a failed login."""
    return isinstance(event, AuthFailureEvent) or (isinstance(event, LoginEvent) and not event.attributes.success)


def address_of(event: TelemetryEvent) -> str | None:
    """The address that a login came from."""
    return event.attributes.ip if isinstance(event, AuthFailureEvent | LoginEvent) else None
