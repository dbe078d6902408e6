"""Masks what the desk is about to show: JSON as routes, streams and sockets send it."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import cast

from pydantic import JsonValue

from backend.personal_data.fields import Mask, is_place, mask_account, mask_of, mask_party, masked_value
from backend.personal_data.names import KnownNames, Person
from contracts.base import Contract
from runtime.masks import mask_text

SEARCH = "search_customers"
"""The tool whose question is about a person."""
_OWN_IDS = frozenset({"actor", "assigned_to", "assignee", "author", "by", "head", "id", "key", "prev_hash", "rule_id"})
"""Fields of ours that hold ids, and people at the desk: what they are compared by."""
_OWN_WORDS = frozenset(
    {"alert_type", "kind", "metric", "outcome", "phase", "severity", "source", "state", "status", "tool"}
)
"""Fields of ours that hold words of ours."""
_OWN_ENDS = ("_id", "_ids", "_at", "_by", "_hash", "_cursor", "_key", "_kind", "_state")
_IDS_OF_RECORDS = ("_id", "_ids", "_at")
_IS_ID = re.compile(r"[^@\s]*")
_DEVICE = {"device_id", "name"}
_FIELD = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
"""What objects of ours call their fields."""
_CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)*|[A-Z]{2,3}")
"""A value that stands alone as words of ours do, a state or a currency: whatever a customer is called, it stays."""
_PAIR = re.compile(r'("(?:[^"\\]|\\.){1,100}+"\s*+:\s*+)("(?:[^"\\]|\\.)*+"?|[0-9]++)')

_LONGEST_NUMBER = 18


class Masker:
    """Masks what is shown of one case, or of nobody in particular. Equal values have equal masks."""

    def __init__(self, people: Collection[Person] = ()) -> None:
        self._names = KnownNames(people) if people else None

    def text(self, given: str) -> str:
        """A text that somebody wrote."""
        if self._names is not None and not _CODE.fullmatch(given):
            given = self._names.masked(given)
        return mask_text(given)

    def json(self, value: JsonValue) -> JsonValue:
        """A value as a route, a stream or a socket sends it."""
        if isinstance(value, dict):
            return self._object(value, lambda key, part: self._member(key, part, value))
        if isinstance(value, list):
            return [self.json(part) for part in value]
        return self.text(value) if isinstance(value, str) else value

    def _object(self, value: Mapping[str, JsonValue], masked: Callable[[str, JsonValue], JsonValue]) -> JsonValue:
        """An object whose fields may be called by what is somebody's; two that look equal then are numbered."""
        shown: dict[str, JsonValue] = {}
        counts: dict[str, int] = {}
        for key, part in value.items():
            name = base = key if _FIELD.fullmatch(key) else self.text(key)
            while name in shown:
                counts[base] = counts.get(base, 1) + 1
                name = f"{base} ({counts[base]})"
            shown[name] = masked(key, part)
        return shown

    def _member(self, key: str, part: JsonValue, parent: Mapping[str, JsonValue]) -> JsonValue:
        if isinstance(part, str):
            if key in _OWN_IDS or key in _OWN_WORDS or key.endswith(_OWN_ENDS):
                return part
            return self._raw(part) if key == "body" and "letter_id" in parent else self._text_of(key, part)
        if key == "attributes" and "event_id" in parent:
            return self._record(part)
        if key in ("arguments", "result") and "tool" in parent:
            return self._record(part, asks=parent["tool"] == SEARCH)
        return self.json(part)

    def _text_of(self, key: str, text: str) -> str:
        return mask_text(text) if is_place(key) else self.text(text)

    def _record(self, value: JsonValue, *, asks: bool = False) -> JsonValue:
        """A value in which fields are personal by their names: of a tool, or of telemetry."""
        if isinstance(value, dict):
            return self._object(value, lambda key, part: self._field(key, part, value, asks=asks))
        if isinstance(value, list):
            return [self._record(part, asks=asks) for part in value]
        return self.text(value) if isinstance(value, str) else value

    def _field(self, key: str, part: JsonValue, parent: Mapping[str, JsonValue], *, asks: bool) -> JsonValue:
        if isinstance(part, list):
            return [self._field(key, each, parent, asks=asks) for each in part]
        mask = mask_account if asks and key == "query" else mask_of(key)
        if key == "name" and (set(parent) == _DEVICE or is_neutral(parent)):
            mask = None
        if isinstance(part, dict):
            return self._record(part, asks=asks) if mask in (None, mask_party) else self._parts(part, mask)
        if mask is not None and part is not None:
            shown = masked_value(mask, part)
            return self.text(shown) if shown == part and isinstance(shown, str) else shown
        if not isinstance(part, str) or (key.endswith(_IDS_OF_RECORDS) and _IS_ID.fullmatch(part)):
            return part
        return self._text_of(key, part)

    def _parts(self, value: JsonValue, mask: Mask) -> JsonValue:
        """What is personal as a whole, such as an address in its parts; places and ids stay."""
        if isinstance(value, dict):
            return self._object(value, lambda key, part: self._part(key, part, mask))
        if isinstance(value, list):
            return [self._parts(part, mask) for part in value]
        return value if value is None else masked_value(mask, value)

    def _part(self, key: str, part: JsonValue, mask: Mask) -> JsonValue:
        is_shown = is_place(key) or key == "id" or key.endswith(_IDS_OF_RECORDS)
        return part if is_shown and not isinstance(part, dict | list) else self._parts(part, mask_of(key) or mask)

    def _raw(self, text: str) -> str:
        """Telemetry that could not be read, or was cut: what looks like fields is masked as such."""

        def masked(found: re.Match[str]) -> str:
            mask = mask_of(found[1].partition('"')[2].rpartition('"')[0])
            given = found[2].strip('"')
            shown = given if mask is None else masked_value(mask, int(given) if _is_number(found[2]) else given)
            return found[0] if str(shown) == given else f'{found[1]}"{shown}"'

        return self.text(_PAIR.sub(masked, text))


def _is_number(written: str) -> bool:
    """Whether digits are a number that a program counts with: a longer one is text, whatever it was written as."""
    return len(written) <= _LONGEST_NUMBER and '"' not in written


NOBODY = Masker()
"""Knows nobody: fields and patterns alone."""


def masked_json(masker: Masker, message: Contract) -> str:
    """The message as JSON, masked."""
    return json.dumps(masker.json(json.loads(message.model_dump_json())), ensure_ascii=False, separators=(",", ":"))


def is_neutral(record: Mapping[str, JsonValue]) -> bool:
    """Whether a customer's record names nobody: one of a recording is called by its number."""
    return "customer_id" in record and record.get("name") == f"Customer {record['customer_id']}"


def ids_in(value: JsonValue, key: str) -> Iterator[JsonValue]:
    """Every value that some object in there has under this key."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name == key:
                yield part
            yield from ids_in(part, key)
    elif isinstance(value, list):
        for part in cast("list[JsonValue]", value):
            yield from ids_in(part, key)
