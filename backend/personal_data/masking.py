"""Masks what the desk is about to show: JSON as routes, streams and sockets send it."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from pydantic import JsonValue

from backend.personal_data.fields import Mask, mask_account, mask_of
from contracts.base import Contract
from runtime.masks import mask_email, mask_name, mask_text

SEARCH = "search_customers"
"""The tool whose question is about a person."""
_SHORTEST_PART = 3
_OWN_IDS = frozenset({"actor", "assigned_to", "assignee", "author", "by", "head", "id", "key", "prev_hash", "rule_id"})
"""Fields of ours that hold ids, and people at the desk: what they are compared by."""
_OWN_WORDS = frozenset(
    {"alert_type", "kind", "metric", "outcome", "phase", "severity", "source", "state", "status", "tool"}
)
"""Fields of ours that hold words of ours."""
_OWN_ENDS = ("_id", "_ids", "_at", "_by", "_hash", "_cursor", "_key", "_kind", "_state")
_IDS_OF_RECORDS = ("_id", "_ids", "_at")
_DEVICE = {"device_id", "name"}
_PLACES = frozenset({"city", "country", "country_code", "region"})
_WORD = re.compile(r"\w+")
_CODE = re.compile(r"[a-z]+(?:[_.-][a-z0-9]+)*|[A-Z]{2,3}")
"""A value that stands alone as words of ours do, a state or a currency: whatever a customer is called, it stays."""
_PAIR = re.compile(r'("(?:[^"\\]|\\.){1,100}+"\s*+:\s*+)("(?:[^"\\]|\\.)*+"?|[0-9]++)')


@dataclass(frozen=True)
class Person:
    """A customer as a case knows them."""

    name: str
    email: str


class Masker:
    """Masks what is shown of one case, or of nobody in particular. Equal values have equal masks."""

    def __init__(self, people: Collection[Person] = ()) -> None:
        self._by_word: dict[str, set[Person]] = {}
        """Who may be meant where a word is read."""
        for person in people:
            for word in _WORD.findall(f"{person.name} {person.email}".lower()):
                self._by_word.setdefault(word, set()).add(person)

    def text(self, given: str) -> str:
        """A text that somebody wrote."""
        if self._by_word and not _CODE.fullmatch(given):
            words = self._by_word.keys() & set(_WORD.findall(given.lower()))
            meant = frozenset(person for word in words for person in self._by_word[word])
            if meant:
                given = _pattern(meant).sub(lambda found: _mask_known(found[0]), given)
        return mask_text(given)

    def json(self, value: JsonValue) -> JsonValue:
        """A value as a route, a stream or a socket sends it."""
        if isinstance(value, dict):
            return {key: self._member(key, part, value) for key, part in value.items()}
        if isinstance(value, list):
            return [self.json(part) for part in value]
        return self.text(value) if isinstance(value, str) else value

    def _member(self, key: str, part: JsonValue, parent: Mapping[str, JsonValue]) -> JsonValue:
        if isinstance(part, str):
            if key in _OWN_IDS or key in _OWN_WORDS or key.endswith(_OWN_ENDS):
                return part
            return self._raw(part) if key == "body" and "letter_id" in parent else self.text(part)
        if key == "attributes" and "event_id" in parent:
            return self._record(part)
        if key in ("arguments", "result") and "tool" in parent:
            return self._record(part, asks=parent["tool"] == SEARCH)
        return self.json(part)

    def _record(self, value: JsonValue, *, asks: bool = False) -> JsonValue:
        """A value in which fields are personal by their names: of a tool, or of telemetry."""
        if isinstance(value, dict):
            return {key: self._field(key, part, value, asks=asks) for key, part in value.items()}
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
            return self._record(part, asks=asks) if mask is None else _masked_parts(part, mask)
        if mask is not None and isinstance(part, str | int) and not isinstance(part, bool) and str(part).strip():
            return mask(str(part))
        if not isinstance(part, str) or (key.endswith(_IDS_OF_RECORDS) and "@" not in part):
            return part
        return self.text(part)

    def _raw(self, text: str) -> str:
        """Telemetry that could not be read, or was cut: what looks like fields is masked as such."""

        def masked(found: re.Match[str]) -> str:
            mask = mask_of(found[1].partition('"')[2].rpartition('"')[0])
            return found[0] if mask is None else f'{found[1]}"{mask(found[2].strip(chr(34)))}"'

        return self.text(_PAIR.sub(masked, text))


NOBODY = Masker()
"""Knows nobody: fields and patterns alone."""


@lru_cache(1_024)
def _pattern(people: frozenset[Person]) -> re.Pattern[str]:
    """Their names and addresses, wherever they are repeated; the longest counts first."""
    whole = {value for person in people for value in (person.name, person.email) if value.strip()}
    parts = {word for person in people for part in _parts(person.name) for word in (part, part.upper())}
    texts = (r"\s+".join(map(re.escape, value.split())) for value in sorted(whole, key=len, reverse=True))
    # A word of a name may be another word in small letters.
    named = "|".join([f"(?i:{'|'.join(texts)})", *map(re.escape, sorted(parts, key=len, reverse=True))])
    return re.compile(rf"(?<!\w)(?:{named})(?!\w)")


def _parts(name: str) -> Iterator[str]:
    return (part for part in name.split() if len(part) >= _SHORTEST_PART and part[:1].isupper())


def _mask_known(found: str) -> str:
    return mask_email(found) if "@" in found else mask_name(found)


def masked_json(masker: Masker, message: Contract) -> str:
    """The message as JSON, masked."""
    return json.dumps(masker.json(json.loads(message.model_dump_json())), ensure_ascii=False, separators=(",", ":"))


def is_neutral(record: Mapping[str, JsonValue]) -> bool:
    """Whether a customer's record names nobody: one of a recording is called by its number."""
    return "customer_id" in record and record.get("name") == f"Customer {record['customer_id']}"


def _masked_parts(value: JsonValue, mask: Mask) -> JsonValue:
    """What is personal as a whole, such as an address in its parts; places stay."""
    if isinstance(value, dict):
        return {key: part if key in _PLACES else _masked_parts(part, mask) for key, part in value.items()}
    if isinstance(value, list):
        return [_masked_parts(part, mask) for part in value]
    return value if value is None or isinstance(value, bool) else mask(str(value))


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
