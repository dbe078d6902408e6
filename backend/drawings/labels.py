"""Texts on drawings: short, on one line, and of a known width."""

import unicodedata
from datetime import datetime

from contracts.telemetry import LoginEvent, TelemetryEvent

CHARACTER_WIDTH = 6.2
"""Of the font of 11 units that texts are drawn in; on the large side."""
_UNPRINTED = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))


def shown(text: str, most: int = 32) -> str:
    """One line of at most `most` characters, without controls and what turns the direction of reading."""
    clean = "".join(" " if unicodedata.category(sign) in _UNPRINTED else sign for sign in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= most else f"{clean[: most - 1].rstrip()}…"


def width_of(text: str) -> float:
    """How wide a text is at most, in a drawing's units. East Asian characters take twice the room."""
    return sum(CHARACTER_WIDTH * (2 if unicodedata.east_asian_width(sign) in "WF" else 1) for sign in text)


def fitting(text: str, width: float) -> str:
    """The text, cut so that it takes at most `width`."""
    if width_of(text) <= width:
        return text
    kept = text
    while kept and width_of(f"{kept}…") > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def when(moment: datetime) -> str:
    """A time in full, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def clock(moment: datetime) -> str:
    """The time of the day, in UTC."""
    return f"{moment:%H:%M:%S} UTC"


def brief(value: float) -> str:
    """A number in at most ten characters: `0.25`, `1,200`, `3.4M`, `1e+18`."""
    size = abs(value)
    if size >= 1e12 or 0 < size < 0.001:
        return f"{value:.3g}"
    for least, letter in ((1e9, "G"), (1e6, "M")):
        if size >= least:
            return f"{value / least:.4g}{letter}"
    return f"{round(value):,}" if size >= 1_000 else f"{value:.4g}"


def place_name(event: LoginEvent) -> str:
    """Where a login came from, as far as it says so."""
    attributes = event.attributes
    named = [shown(each, 24) for each in (attributes.city, attributes.country) if each]
    if named:
        return ", ".join(named)
    if attributes.latitude is None or attributes.longitude is None:
        return "unknown place"
    return f"{attributes.latitude:.1f}, {attributes.longitude:.1f}"


def in_order(*groups: tuple[TelemetryEvent, ...]) -> list[TelemetryEvent]:
    """The events of all groups, each once, oldest first; where an id has two contents, the earlier group's stays."""
    by_id: dict[str, TelemetryEvent] = {}
    for event in (event for group in groups for event in group):
        by_id.setdefault(event.event_id, event)
    return sorted(by_id.values(), key=lambda event: (event.occurred_at, event.event_id))
