"""Parses JSON of telemetry so that an invalid value affects only its own field."""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from typing import Any, cast

from contracts.telemetry_spans import Decoded, ParsedText

MAX_DEPTH = 32
"""Deeper values are removed: parsers in other processes accept no more than a few hundred levels."""
MAX_INT_DIGITS = 19
"""Longer whole numbers are kept as text: no reader is sure to hold them."""

BYTE_ORDER_MARK = "\ufeff"
_PLAIN_BLANK = " \t\r\n" + BYTE_ORDER_MARK
# What text was pasted or joined from leaves invisible characters before the first object.
_BLANK = _PLAIN_BLANK + "\v\f\x85\xa0\u180e\u200b\u200c\u200d\u2028\u2029\u2060\u3000"
# A log that was cut under its writer, or a disk that lost power, leaves NUL; RFC 7464 begins each record with RS.
_PADDING = "\0\x1e"
_OF_AN_ARRAY = re.compile(rf"(?:[\[\],][{_BLANK}]*)+(?=\{{)")
_BETWEEN = re.compile(rf"[{_BLANK}{_PADDING}\[\],]*")
_EXTENDED = frozenset({"$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$oid"})
"""MongoDB's extended JSON: an object of one such key says what type its value had."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]+|[\]}]+', re.DOTALL)
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
REPLACEMENT = "\ufffd"


class Ambiguous:
    """The value of a key that an object has twice, with two meanings."""

    def __repr__(self) -> str:
        return "(given twice)"


AMBIGUOUS = Ambiguous()


class Unreadable(ValueError):
    """The line is no JSON; the message is one phrase that says why."""


class TolerantJson:
    """Parses the JSON values of a line, and counts its repairs by kind. Not thread-safe."""

    def __init__(self) -> None:
        self.mended: Counter[str] = Counter()
        self._objects = list[Any]()
        """Those of the value that is being parsed, in the order in which they end."""
        self._decoded = list[Decoded]()
        """The value that was given last, then what texts in it hold as JSON."""
        self._cleaned = list[tuple[Any, Any]]()
        """Objects in place of which others were given, as (given, parsed)."""
        self._places: dict[int, tuple[Decoded, tuple[int, int]]] | None = None
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_constant=self._no_number,
            parse_float=self._float,
            parse_int=self._int,
            # A bare tab or U+2028 inside a text is no reason to lose an event.
            strict=False,
        )

    def values(self, line: bytes) -> Generator[Any]:
        """The values in the line, nearly always one. Raises Unreadable at the first that is none.

        `mended` then says what was mended in the value that was given last. Brackets and commas of an array around
        and between objects are skipped, so that a line may hold one element of an array, or all.
        """
        self.mended = Counter()
        parsed = self._text(line)
        end = 0
        try:
            while not end or end < len(parsed.text):
                if end:
                    self.mended = Counter({"many_on_a_line": 1})
                self._begin(parsed, end)
                value, end = self._next(self._decoded[0])
                yield value
        except json.JSONDecodeError as error:
            raise Unreadable(_why(line, error)) from None
        except RecursionError:
            raise Unreadable("Invalid JSON: it is nested too deeply") from None

    def within(self, text: str) -> Any:
        """The object or list that a text holds as JSON, or None. It counts as part of the value that was read last."""
        bare = text.strip(_BLANK)
        if not bare.startswith(("{", "[")):
            return None
        try:
            parsed = self._shallow(ParsedText(bare, bare))
            decoded = Decoded(parsed, 0, len(parsed.text))
            value, end = self._next(decoded)
        except (Unreadable, json.JSONDecodeError, RecursionError):
            return None
        if end != len(parsed.text):
            return None
        self._decoded.append(decoded)
        return value

    def whole(self) -> bytes:
        """The value that was given last, as it came. When there was none in the rest of the line: that rest."""
        return self._decoded[0].data

    def own(self, part: Any) -> bytes:
        """A part of the value that was given last: an object as it came, anything else as it would be written alone."""
        if self._places is None:
            self._places = {
                id(found): (decoded, span)
                for decoded in self._decoded
                for found, span in zip(decoded.objects, decoded.spans(), strict=False)
            }
            for given, parsed in self._cleaned:
                if place := self._places.get(id(parsed)):
                    self._places[id(given)] = place
        if isinstance(part, dict) and (place := self._places.get(id(cast("object", part)))):
            decoded, span = place
            return decoded.parsed.bytes_of(*span)
        return json.dumps(part, ensure_ascii=False, default=repr).encode(errors="replace")

    def _begin(self, parsed: ParsedText, start: int) -> None:
        self._decoded = [Decoded(parsed, start, len(parsed.text))]
        self._cleaned.clear()
        self._places = None

    def _next(self, decoded: Decoded) -> tuple[Any, int]:
        """The value that begins there, and where the next begins, or the end. Raises Unreadable."""
        text, start = decoded.parsed.text, decoded.start
        self._objects = decoded.objects
        value, end = self._decoder.raw_decode(text, start)
        # In this value alone: a line may hold thousands.
        if text.find("\\u", start, end) >= 0 or text.find("\0", start, end) >= 0:
            value = self._clean(value)
        if end == len(text):
            return value, end
        between = _BETWEEN.match(text, end)
        assert between is not None, "it matches nothing, too"
        if between.end() < len(text) and text[between.end()] != "{":
            raise Unreadable(f"Invalid JSON: something that is no object follows at column {end + 1}")
        if between[0].strip(_BLANK + _PADDING):
            self.mended["array_mark"] += 1
        decoded.end = end
        return value, between.end()

    def _text(self, line: bytes) -> ParsedText:
        try:
            text = given = line.decode()
        except UnicodeDecodeError:
            given = line.decode(errors="surrogateescape")
            text = _NOT_UTF_8.sub(REPLACEMENT, given)
            self.mended["text_replaced"] += 1
        bare = text.lstrip(_BLANK + _PADDING)
        start = len(text) - len(bare)
        before = text[:start]
        if BYTE_ORDER_MARK in before:
            self.mended["byte_order_mark"] += 1
        bare = bare.rstrip(_BLANK + _PADDING)
        if before.strip(_PLAIN_BLANK) or text[-1:] in tuple(_PADDING):
            self.mended["padding"] += 1
        if mark := _OF_AN_ARRAY.match(bare):
            bare = bare[mark.end() :]
            start += mark.end()
            self.mended["array_mark"] += 1
        return self._shallow(ParsedText(bare, given, start))

    def _shallow(self, parsed: ParsedText) -> ParsedText:
        text = parsed.text
        return self._cut_deep(parsed) if text.count("{") + text.count("[") > MAX_DEPTH else parsed

    def _cut_deep(self, parsed: ParsedText) -> ParsedText:
        """The text with null in place of what lies too deep."""
        text, kept, cuts = parsed.text, list[str](), list[tuple[int, int]]()
        depth, done, cut_from, length, beyond = 0, 0, 0, 0, 0
        for token in _TOKEN.finditer(text):
            mark, run = token[0][0], token.end() - token.start()
            if mark in "[{":
                if depth <= MAX_DEPTH < depth + run:
                    cut_from = token.start() + MAX_DEPTH - depth
                depth += run
            elif mark in "]}":
                if depth - run <= MAX_DEPTH < depth:
                    behind = token.start() + depth - MAX_DEPTH
                    kept += text[done:cut_from], "null"
                    length += cut_from - done + len("null")
                    beyond += behind - cut_from - len("null")
                    cuts.append((length, beyond))
                    done = behind
                    self.mended["nesting_cut"] += 1
                depth -= run
        if not cuts:
            return parsed
        return ParsedText("".join((*kept, text[done:])), parsed.given, parsed.start, cuts)

    def _object(self, pairs: list[tuple[str, Any]]) -> Any:
        found = self._found(pairs)
        self._objects.append(found)
        return found

    def _found(self, pairs: list[tuple[str, Any]]) -> Any:
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
            clean = {self._clean_text(key): self._clean_part(key, part) for key, part in parts}
            self._cleaned.append((clean, cast("object", value)))
            return clean
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
