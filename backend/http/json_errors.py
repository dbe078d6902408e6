"""Valid JSON that is refused all the same: repeated keys, and characters that no database can store."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

from pydantic import JsonValue

SHOWN = 20
"""How many faults an answer names at most."""

MAX_DEPTH = 64
"""How many objects and lists may be within each other."""
_TEXT_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
"""A text that does not end is one all the same: looked for again from each of its quotes, it would take for ever."""

_Place: TypeAlias = tuple[str | int, ...]


def find_errors(body: bytes) -> list[dict[str, Any]]:
    """The first faults of a body that is JSON, as a validation error says them.

    Parsers use either value of a repeated key: a gateway may have checked the one that is not used here.
    """
    # Only structure and texts matter: a number may be longer than Python likes to read.
    read = json.loads(body, object_pairs_hook=_Object, parse_int=str, parse_float=str)
    return list(islice(_faults(read, ("body",)), SHOWN))


def is_utf8(body: bytes) -> bool:
    """Whether a body is in the one encoding that JSON has between systems. Source: RFC 8259, section 8.1.

    Python also reads UTF-16 and UTF-32, in which brackets and quotes are other bytes.
    """
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in body


def texts_and_brackets(body: bytes) -> Iterator[bytes]:
    """Each text and each bracket outside of one, in the order of the body. No byte is looked at twice."""
    return (found[0] for found in _TEXT_OR_BRACKET.finditer(body))


def is_too_deep(body: bytes) -> bool:
    """Whether more is within each other than anything that is asked for; of what is no JSON, anything is said."""
    depth = 0
    for bracket in texts_and_brackets(body):
        if bracket in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif bracket in b"]}":
            depth -= 1
    return False


TOO_DEEP = {
    "type": "too_deep",
    "loc": ("body",),
    "msg": f"more than {MAX_DEPTH} objects and lists are within each other: send it flatter",
    "input": None,
}

NOT_UTF8 = {
    "type": "json_invalid",
    "loc": ("body",),
    "msg": "it is not in UTF-8",
    "input": None,
    "ctx": {"error": "it is not in UTF-8"},
}


class _Object(dict[str, JsonValue]):
    """An object that remembers which keys came more than once."""

    def __init__(self, pairs: list[tuple[str, JsonValue]]) -> None:
        super().__init__(pairs)
        self.repeated: tuple[str, ...] = ()
        if len(self) < len(pairs):
            counted = Counter(key for key, _ in pairs)
            self.repeated = tuple(key for key, count in counted.items() if count > 1)


def _faults(value: JsonValue, place: _Place) -> Iterator[dict[str, Any]]:
    if isinstance(value, str):
        if "\0" in value:
            yield _fault("nul", place, "a text contains the character NUL (U+0000), which cannot be stored")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, (*place, index))
    elif isinstance(value, _Object):
        for key in value.repeated:
            yield _fault("repeated_key", (*place, key), "it is given more than once: give it once")
        for key, item in value.items():
            if "\0" in key:
                yield _fault("nul", place, "a text contains the character NUL (U+0000), which cannot be stored")
            yield from _faults(item, (*place, key))


def _fault(kind: str, place: _Place, message: str) -> dict[str, Any]:
    return {"type": kind, "loc": place, "msg": message, "input": None}
