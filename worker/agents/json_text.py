"""Parses JSON in a model's text: strictly, and found between reasoning, fences and prose.

Everything here takes linear time, whatever the text contains.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import NoReturn, cast

from pydantic import JsonValue

MAX_DEPTH = 64
"""Nothing that a tool or a verdict takes is nested nearly as deep."""
MAX_DIGITS = 19
"""A database keeps no longer whole number."""
MAX_UNCLOSED = 16
"""How many unclosed braces of prose may precede the answer."""
MAX_FOUND = 20

_THOUGHT = re.compile(
    r"<(/?)(?:think|thinking|thought|thoughts|reasoning|reflection|analysis)(?:\s[^<>]{0,100})?>|\[(/?)THINK\]",
    re.IGNORECASE,
)
_SYNTAX = re.compile(r'["{}]|\\.', re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")


class NotAnObject(ValueError):
    """The text is not one JSON object; the message says why, as the end of a sentence."""


def read_object(text: str) -> dict[str, JsonValue]:
    """The object that the text is. Raises NotAnObject, also for what two readers would read differently."""
    try:
        parsed: object = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite, parse_int=_moderate
        )
    except NotAnObject:
        raise
    except RecursionError:
        raise NotAnObject("it is nested too deeply") from None
    except ValueError:
        raise NotAnObject("it is no JSON") from None
    if isinstance(parsed, str) and parsed.lstrip().startswith("{"):
        return read_object(parsed)  # some endpoints encode what is encoded already
    if not isinstance(parsed, dict):
        raise NotAnObject("it is JSON, but no object")
    found = cast("dict[str, JsonValue]", parsed)
    if depth_of(found) > MAX_DEPTH:
        raise NotAnObject("it is nested too deeply")
    # A text with a lone surrogate can be neither stored nor sent.
    if "\\u" in text and _HALF.search(json.dumps(found, ensure_ascii=False)):
        raise NotAnObject("it holds half of a character (a surrogate without its other half)")
    return found


def is_object(text: str) -> bool:
    """Whether `read_object` reads it."""
    try:
        read_object(text)
    except NotAnObject:
        return False
    return True


def depth_of(value: JsonValue) -> int:
    """How deep the value is nested; a plain one is 0."""
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [part for each in level for part in (each.values() if isinstance(each, dict) else each)]
    return depth


def whole_characters(text: str) -> str:
    """The text with every half of a character replaced, so that it can be written out."""
    return _HALF.sub("\ufffd", text) if _HALF.search(text) else text


def without_thoughts(text: str) -> str:
    """The text without what a model thought aloud. Of thoughts whose beginning an endpoint swallowed, up to their end;
    of thoughts that never end, all that follows."""
    said: list[str] = []
    depth, position = 0, 0
    for tag in _THOUGHT.finditer(text):
        if tag[1] or tag[2]:
            if depth == 0:
                said.clear()
            depth = max(0, depth - 1)
        else:
            if depth == 0:
                said.append(text[position : tag.start()])
            depth += 1
        position = tag.end()
    return "".join(said) if depth else "".join((*said, text[position:]))


def objects_in(text: str) -> Sequence[str]:
    """The outermost `{…}` of a text, its last MAX_FOUND; braces within JSON strings count for nothing."""
    found: list[str] = []
    unclosed = 0
    start = text.find("{")
    while start >= 0 and unclosed < MAX_UNCLOSED:
        end = _end_of(text, start)
        if end is None:
            unclosed += 1
            start = text.find("{", start + 1)
        else:
            found.append(text[start:end])
            start = text.find("{", end)
    return found[-MAX_FOUND:]


def _end_of(text: str, start: int) -> int | None:
    depth, in_string = 0, False
    for found in _SYNTAX.finditer(text, start):
        sign = found[0]
        if sign == '"':
            in_string = not in_string
        elif not in_string and sign in "{}":
            depth += 1 if sign == "{" else -1
            if depth == 0:
                return found.end()
    return None


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotAnObject("it names a field twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise NotAnObject(f"{constant} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotAnObject(f"{text[:20]} is too large a number")
    return number


def _moderate(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise NotAnObject(f"{text[:20]}… is too large a number")
    return int(text)
