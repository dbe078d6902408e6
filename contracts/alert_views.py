"""The alerts of one case as the models are shown them: each event once, and together of limited size. Pure.

An alert that is alone is shown as it is. Of several, small ones leave room for large ones, and each says in `trimmed`
what of it was left out.
"""

from collections.abc import Sequence

from contracts.alert import MAX_JOINED, Alert
from contracts.sizes import alert_size, fit_alert
from contracts.telemetry import TelemetryEvent
from contracts.words import cut

MAX_ALERTS_BYTES = 128 * 1024
"""Of several alerts of one case together: half of what one alone may take."""

_DESCRIPTION = 200
"""Characters of a description that stay where an alert is too large."""
_EARLIER_NOTE = 300
"""Characters that stay of what an alert already said of itself."""


def shown_alerts(alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    """The alerts in at most MAX_ALERTS_BYTES: the first one, and the MAX_JOINED that joined last.

    A recent event that another alert shows is not shown again.
    """
    if len(alerts) < 2:
        return tuple(alerts)
    shown = _each_event_once((alerts[0], *alerts[1:][-MAX_JOINED:]))
    share = _share([alert_size(alert) for alert in shown], MAX_ALERTS_BYTES)
    return tuple(_fit(alert, share) for alert in shown)


def _each_event_once(alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    known = {event.event_id: event for alert in alerts for event in alert.trigger_events}
    return tuple(_without(alert, known) for alert in alerts)


def _without(alert: Alert, known: dict[str, TelemetryEvent]) -> Alert:
    """The alert without recent events that are known; what it still shows is known from then on."""
    # An event of the same id that says something else is another event.
    kept = tuple(event for event in alert.recent_events if known.get(event.event_id) != event)
    for event in kept:
        known.setdefault(event.event_id, event)
    return alert if len(kept) == len(alert.recent_events) else alert.model_copy(update={"recent_events": kept})


def _share(sizes: Sequence[int], most: int) -> int:
    """How large each may be so that all of them fit: those that are smaller leave room for the others."""
    left = most
    for done, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - done)
        if size > share:
            return share
        left -= size
    return most


def _fit(alert: Alert, most: int) -> Alert:
    size = alert_size(alert)
    if size <= most:
        return alert
    note = "" if alert.trimmed is None else f"{cut(alert.trimmed, _EARLIER_NOTE)} "
    brief = alert.model_copy(update={"description": cut(alert.description, _DESCRIPTION), "trimmed": None})
    fitted = fit_alert(brief, most - len(note.encode()))
    said = fitted.trimmed or f"The alert took {size:,} bytes, more than {most:,}: the end of its text was left out."
    fitted = fitted.model_copy(update={"trimmed": f"{note}{said}"})
    return fitted if alert_size(fitted) <= most else _head(brief, size, most)


def _head(alert: Alert, size: int, most: int) -> Alert:
    said = f"The alert took {size:,} bytes, more than {most:,}: its events and its baseline were left out."
    return alert.model_copy(update={"trigger_events": (), "recent_events": (), "baseline": None, "trimmed": said})
