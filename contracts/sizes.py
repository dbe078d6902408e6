"""How large an alert may be, and how a larger one is trimmed. Pure.

An alert is sent to the models and stored in the record and every export. The size of its optional attributes is
limited, and the event or the alert itself says what was left out. Of the alerts of one case, which the models see
together, `contracts.alert_views` limits the sum. Sizes are bytes of encoded JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from contracts.alert import Alert
from contracts.telemetry import TelemetryEvent

MAX_ATTRIBUTES_BYTES = 16 * 1024
"""Of the attributes of one event."""
MAX_ALERT_BYTES = 256 * 1024
"""Of an alert as a whole."""

_TEXTS = (1_000, 200, 40)
"""Characters that the texts of known attributes are cut to, step by step, where they are what is too large."""
_SAID = 300
"""Room for the sentence that says what was left out."""


def attributes_size(event: TelemetryEvent) -> int:
    """The bytes of the event's attributes."""
    return _size(event.attributes)


def fit_event(event: TelemetryEvent) -> TelemetryEvent:
    """The event with attributes that are small enough: those that every event of its kind has are kept before others.

    Rules use the former. `trimmed` says what was left out.
    """
    if attributes_size(event) <= MAX_ATTRIBUTES_BYTES:
        return event
    smaller = _known_only(event)
    for characters in _TEXTS:
        if attributes_size(smaller) <= MAX_ATTRIBUTES_BYTES:
            break
        smaller = _cut_texts(smaller, characters)
    return smaller


def alert_size(alert: Alert) -> int:
    """The bytes of the alert."""
    return _size(alert)


def fit_alert(alert: Alert, most: int = MAX_ALERT_BYTES) -> Alert:
    """The alert in at most `most` bytes, with as much evidence as that holds; `trimmed` says what was left out.

    Trigger events are not listed as recent ones again. Then recent events lose their optional attributes and go, the
    oldest first; then trigger events lose their optional attributes; and only when nothing else helps some of them go,
    never the first and the last one.
    """
    size = _size(alert)
    if size <= most:
        return alert
    raised_by = {event.event_id for event in alert.trigger_events}
    trigger = _Events(alert.trigger_events)
    recent = _Events([event for event in alert.recent_events if event.event_id not in raised_by])
    excess = size + _SAID - most - sum(_size(each) + 1 for each in alert.recent_events) + recent.size
    excess = recent.strip(excess)
    excess = recent.drop_oldest(excess)
    excess = trigger.strip(excess)
    for characters in _TEXTS:
        excess = trigger.cut_texts(excess, characters)
    trigger.drop_middle(excess)
    return alert.model_copy(
        update={
            "trigger_events": trigger.kept,
            "recent_events": recent.kept,
            "trimmed": _sentence(size, most, trigger, recent),
        }
    )


class _Events:
    """Events that are made smaller. Each step takes how many bytes are too many, and returns how many still are."""

    def __init__(self, events: Sequence[TelemetryEvent]) -> None:
        self.before = len(events)
        self.stripped = 0
        self._events = [_Sized(event, _size(event)) for event in events]

    @property
    def kept(self) -> tuple[TelemetryEvent, ...]:
        return tuple(each.event for each in self._events)

    @property
    def size(self) -> int:
        return sum(each.size + 1 for each in self._events)

    @property
    def dropped(self) -> int:
        return self.before - len(self._events)

    def strip(self, excess: int) -> int:
        """Leave out optional attributes, of the oldest events first."""
        for index, each in enumerate(self._events):
            if excess <= 0:
                break
            smaller = _known_only(each.event)
            if _size(smaller) < each.size:
                excess -= self._replace(index, smaller)
                self.stripped += 1
        return excess

    def cut_texts(self, excess: int, characters: int) -> int:
        """Cut what known attributes say to this length."""
        for index, each in enumerate(self._events):
            if excess <= 0:
                break
            excess -= self._replace(index, _cut_texts(each.event, characters))
        return excess

    def drop_oldest(self, excess: int) -> int:
        """Leave out whole events, the oldest first."""
        while excess > 0 and self._events:
            excess -= self._events.pop(0).size + 1
        return excess

    def drop_middle(self, excess: int) -> int:
        """Leave out whole events from the middle on: what began it and what ended it says most."""
        while excess > 0 and len(self._events) > 2:
            excess -= self._events.pop(len(self._events) // 2).size + 1
        return excess

    def _replace(self, index: int, event: TelemetryEvent) -> int:
        before, after = self._events[index].size, _size(event)
        self._events[index] = _Sized(event, after)
        return before - after


@dataclass(frozen=True)
class _Sized:
    event: TelemetryEvent
    size: int


def _known_only(event: TelemetryEvent) -> TelemetryEvent:
    extra = event.attributes.model_extra or {}
    if not extra:
        return event
    known = type(event.attributes).model_validate(event.attributes.model_dump(exclude=set(extra)))
    left_out = f"{len(extra)} optional attribute{'' if len(extra) == 1 else 's'}"
    was = "was" if len(extra) == 1 else "were"
    return _changed(event, known, f"{left_out} {was} left out: the attributes took {attributes_size(event):,} bytes.")


def _cut_texts(event: TelemetryEvent, characters: int) -> TelemetryEvent:
    said: Mapping[str, Any] = event.attributes.model_dump()
    cut = {name: value[:characters] for name, value in said.items() if _is_long(value, characters)}
    if not cut:
        return event
    names = ", ".join(sorted(cut))
    return _changed(
        event, event.attributes.model_copy(update=cut), f"Cut to their first {characters} characters: {names}."
    )


def _is_long(value: object, characters: int) -> bool:
    return isinstance(value, str) and len(value) > characters


def _changed(event: TelemetryEvent, attributes: BaseModel, sentence: str) -> TelemetryEvent:
    return event.model_copy(update={"attributes": attributes, "trimmed": _also(event.trimmed, sentence)})


def _also(said: str | None, sentence: str) -> str:
    return sentence if said is None else f"{said} {sentence}"


def _sentence(size: int, most: int, trigger: _Events, recent: _Events) -> str:
    parts: list[str] = []
    for events, name in ((recent, "recent"), (trigger, "trigger")):
        if events.dropped:
            parts.append(f"{events.dropped} of {events.before} {name} events")
        if events.stripped and len(events.kept):
            parts.append(f"optional attributes of {events.stripped} {name} events")
    left_out = " and ".join(parts) if parts else "the ends of long texts"
    return f"The alert took {size:,} bytes, more than {most:,}: {left_out} were left out."


def _size(value: BaseModel) -> int:
    return len(value.model_dump_json().encode())
