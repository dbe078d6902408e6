"""Envelopes of queues, log shippers and clouds around events: the only place that unwraps them.

An envelope is recognised by its content, not by its format's name: somewhere in it is an object with an event's fields,
as an object, as JSON in a string or as Base64 of one, alone or in a list.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Set as AbstractSet
from typing import Any, cast

from contracts.telemetry_json import TolerantJson

MAX_LEVELS = 6
"""Envelopes in envelopes that are looked into."""
NOT_NOW = frozenset({"before"})
"""What a change feed shows beside what is: the row as it was."""

_MAY_HOLD = (dict, list, str)
# Base64 of what begins with a brace or a bracket.
_BASE64 = re.compile(r"[eWI][A-Za-z0-9+/_-]{15,}={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")


class Envelopes:
    """Unwraps events from their envelopes, and counts it in `json.mended`."""

    def __init__(self, json: TolerantJson, keys: AbstractSet[str], not_kept: AbstractSet[str]) -> None:
        """An event is an object that has all `keys`; fields around it are kept with it but for those `not_kept`."""
        self._json = json
        self._keys = keys
        self._not_kept = not_kept
        self._origins: dict[int, Any] = {}
        """What events among others were in, by the events' ids."""

    def opened(self, value: Any) -> list[Any]:
        """The events in `value`, and what lies among events and is none; `value` alone where there is none.

        Fields around one event are kept as further fields of it; those around a batch are kept with each of its events.
        """
        self._origins.clear()
        if isinstance(value, dict) and self._keys <= cast("dict[str, Any]", value).keys():
            return [value]
        return self._events(value, 0) or [self.unpacked(value)]

    def own(self, event: Any) -> bytes:
        """What one of several that `opened` gave last was in, apart from the others: as it came, if it can be."""
        return self._json.own(self._origins.get(id(event), event))

    def unpacked(self, value: Any) -> Any:
        """What a text holds as JSON, or as Base64 of JSON; any other value as it is."""
        if not isinstance(value, str):
            return value
        inner = self._json.within(value)
        if inner is None and _BASE64.fullmatch(value):
            try:
                inner = self._json.within(b64decode(value.translate(_URL_SAFE) + "=" * (-len(value) % 4)).decode())
            except (binascii.Error, UnicodeDecodeError):
                inner = None
        if inner is None:
            return value
        self._json.mended["unpacked"] += 1
        return inner

    def _events(self, value: Any, level: int) -> list[Any]:
        value = self.unpacked(value)
        if isinstance(value, list):
            return self._listed(cast("list[Any]", value), level)
        if not isinstance(value, dict):
            return []
        around = cast("dict[str, Any]", value)
        if self._keys <= around.keys():
            return [around]
        if level == MAX_LEVELS:
            return []
        inner = {name: self._events(part, level + 1) for name, part in around.items() if name not in NOT_NOW}
        inner = {name: events for name, events in inner.items() if events}
        if len(inner) != 1:
            # Lists side by side are the parts of one batch; of single events nobody knows which is meant.
            return [event for events in inner.values() for event in events] if _are_lists(inner, around) else []
        ((name, events),) = inner.items()
        self._json.mended["unwrapped"] += 1
        if len(events) > 1 or not isinstance(events[0], dict):
            return events
        kept = {other: part for other, part in around.items() if other != name and other not in self._not_kept}
        # A stream that was saved line by line is evaluated like the stream.
        return events if kept.keys() == {"offset"} else [kept | cast("dict[str, Any]", events[0])]

    def _listed(self, parts: list[Any], level: int) -> list[Any]:
        if level == MAX_LEVELS:
            return []
        found = [self._events(part, level + 1) if part and isinstance(part, _MAY_HOLD) else [] for part in parts]
        if not any(found):
            return []
        for part, events in zip(parts, found, strict=True):
            if len(events) == 1 and not isinstance(part, list):
                self._origins[id(events[0])] = part
        return [event for part, events in zip(parts, found, strict=True) for event in (events or [part])]


def _are_lists(inner: dict[str, list[Any]], around: dict[str, Any]) -> bool:
    return all(isinstance(around[name], list) for name in inner)
