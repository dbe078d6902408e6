"""JSON as telemetry sends it, read so that one bad value costs that value and nothing else."""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, cast

MAX_DEPTH = 32
"""Deeper values are cut out: readers in other processes take no more than a few hundred levels."""
MAX_INT_DIGITS = 19
"""Longer whole numbers are kept as text: no reader is sure to hold them."""

BYTE_ORDER_MARK = "\ufeff"
_BLANK = " \t\r\n" + BYTE_ORDER_MARK
# A log that was cut under its writer, or a disk that lost power, leaves NUL; RFC 7464 begins each record with RS.
_PADDING = "\0\x1e"
_OF_AN_ARRAY = re.compile(r"[\[,]\s*(?=\{)")
_EXTENDED = frozenset({"$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$oid"})
"""MongoDB's extended JSON: an object of one such key says what type its value had."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
REPLACEMENT = "\ufffd"


class Ambiguous:
    """The value of a key that an object has twice, with two meanings."""

    def __repr__(self) -> str:
        return "(given twice)"


AMBIGUOUS = Ambiguous()


class Unreadable(ValueError):
    """The line is no JSON; the message is one phrase that says why."""


class TolerantJson:
    """Reads one JSON value a line, and counts by kind what it mended. Not thread-safe."""

    def __init__(self) -> None:
        self.mended: Counter[str] = Counter()
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_constant=self._no_number,
            parse_float=self._float,
            parse_int=self._int,
            # A bare tab or U+2028 inside a text is no reason to lose an event.
            strict=False,
        )

    def read(self, line: bytes) -> Any:
        """The value. Raises Unreadable. `mended` then says what was mended in this line.

        A line may also be one of a JSON array that has an element a line: its bracket or comma is skipped.
        """
        self.mended = Counter()
        try:
            return self._value(self._text(line))
        except json.JSONDecodeError as error:
            raise Unreadable(_why(line, error)) from None
        except RecursionError:
            raise Unreadable("Invalid JSON: it is nested too deeply") from None

    def within(self, text: str) -> Any:
        """The object that a text holds as JSON, or None. It counts as a part of the line that was read last."""
        if not text.lstrip(_BLANK).startswith("{"):
            return None
        try:
            return self._value(self._shallow(text.strip(_BLANK)))
        except (Unreadable, json.JSONDecodeError, RecursionError):
            return None

    def object_with(self, keys: AbstractSet[str], value: Any, not_kept: AbstractSet[str]) -> dict[str, Any] | None:
        """The object in `value` that has these keys: `value` itself, or the one that it holds, also as a text of JSON.

        What a queue or a log shipper put around it is kept as further fields, except under the names `not_kept`. An
        object without such a one is given back as it is; None is what is no object.
        """
        found = self._unpacked(value)
        if not isinstance(found, dict):
            return None
        around = cast("dict[str, Any]", found)
        if keys <= around.keys():
            return around
        parts = {name: self._unpacked(part) for name, part in around.items()}
        inner = {name: cast("dict[str, Any]", part) for name, part in parts.items() if isinstance(part, dict)}
        inner = {name: part for name, part in inner.items() if keys <= part.keys()}
        if len(inner) != 1:
            return around
        self.mended["unwrapped"] += 1
        ((name, wanted),) = inner.items()
        kept = {other: part for other, part in around.items() if other != name and other not in not_kept}
        # A stream that was saved line by line is judged as the stream was.
        return wanted if kept.keys() == {"offset"} else kept | wanted

    def _unpacked(self, value: Any) -> Any:
        inner = self.within(value) if isinstance(value, str) else None
        if inner is None:
            return value
        self.mended["unpacked"] += 1
        return inner

    def _value(self, text: str) -> Any:
        value, end = self._decoder.raw_decode(text)
        rest = text[end:].strip(_BLANK)
        if rest.strip(_BLANK + ",]"):
            raise Unreadable(f"Invalid JSON: more than one value at column {end + 1}; a line ends at LF alone")
        if rest:
            self.mended["array_mark"] += 1
        if "\\u" in text or "\0" in text:
            value = self._clean(value)
        return value

    def _text(self, line: bytes) -> str:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            text = line.decode(errors="replace")
            self.mended["text_replaced"] += 1
        bare = text.lstrip(_BLANK + _PADDING)
        if BYTE_ORDER_MARK in text[: len(text) - len(bare)]:
            self.mended["byte_order_mark"] += 1
        bare = bare.rstrip(_BLANK + _PADDING)
        if any(mark in text[:1] + text[-1:] for mark in _PADDING):
            self.mended["padding"] += 1
        if mark := _OF_AN_ARRAY.match(bare):
            bare = bare[mark.end() :]
            self.mended["array_mark"] += 1
        return self._shallow(bare)

    def _shallow(self, text: str) -> str:
        return self._cut_deep(text) if text.count("{") + text.count("[") > MAX_DEPTH else text

    def _cut_deep(self, text: str) -> str:
        """`text` with null in place of what lies too deep."""
        kept, depth, done, cut_from = list[str](), 0, 0, 0
        for token in _TOKEN.finditer(text):
            mark = token[0]
            if mark in "[{":
                depth += 1
                if depth == MAX_DEPTH + 1:
                    cut_from = token.start()
            elif mark in "]}":
                depth -= 1
                if depth == MAX_DEPTH:
                    kept += text[done:cut_from], "null"
                    done = token.end()
                    self.mended["nesting_cut"] += 1
        return "".join((*kept, text[done:]))

    def _object(self, pairs: list[tuple[str, Any]]) -> Any:
        if len(pairs) == 1 and pairs[0][0] in _EXTENDED:
            self.mended["extended_json"] += 1
            return pairs[0][1]
        found = dict(pairs)
        if len(found) != len(pairs):
            self.mended["repeated_key"] += 1
            seen: dict[str, Any] = {}
            for key, value in pairs:
                if seen.setdefault(key, value) != value:
                    seen[key] = AMBIGUOUS
            found.update(seen)
        return found

    def _no_number(self, _name: str) -> None:
        self.mended["number_replaced"] += 1

    def _float(self, text: str) -> float | None:
        value = float(text)
        return value if math.isfinite(value) else self._no_number(text)

    def _int(self, text: str) -> int | str:
        if len(text) <= MAX_INT_DIGITS:
            return int(text)
        self.mended["number_replaced"] += 1
        return text

    def _clean(self, value: Any) -> Any:
        """`value` with every text as one that can be written and stored."""
        if isinstance(value, str):
            return self._clean_text(value)
        if isinstance(value, dict):
            parts = cast("Mapping[str, Any]", value).items()
            return {self._clean_text(key): self._clean_part(key, part) for key, part in parts}
        if isinstance(value, list):
            return [self._clean(part) for part in cast("list[Any]", value)]
        return value

    def _clean_part(self, key: str, value: Any) -> Any:
        # Two ids stay two, or one event would be taken for a repetition of the other.
        return self._clean_text(value, _escaped) if key == "event_id" and isinstance(value, str) else self._clean(value)

    def _clean_text(self, text: str, shown: Callable[[re.Match[str]], str] | str = REPLACEMENT) -> str:
        clean, count = _NOT_TEXT.subn(shown, text)
        if count:
            self.mended["text_replaced"] += 1
        return clean


def _escaped(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"


def _why(line: bytes, error: json.JSONDecodeError) -> str:
    if b"\0" in line.strip(b"\0")[:64]:
        return "Invalid JSON: it looks like UTF-16 in the midst of UTF-8; write the whole recording or stream in UTF-8"
    return f"Invalid JSON: {error.msg} at column {error.colno}"
