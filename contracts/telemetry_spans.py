"""Finds the bytes of one object again in the text that it was parsed from."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class ParsedText:
    """What is parsed, and how it lies in what was given."""

    text: str
    given: str
    """Bytes that are no UTF-8 stand in it as `surrogateescape` writes them, one character each as in `text`."""
    start: int = 0
    """Where in `given` the text begins."""
    cuts: Sequence[tuple[int, int]] = ()
    """Of each place where `given` is longer: the first character of `text` behind it, and by how much, all in all."""

    def bytes_of(self, start: int, end: int) -> bytes:
        """As they were given, of the characters of `text` from `start` up to `end`."""
        return self.given[self._given_at(start) : self._given_at(end)].encode(errors="surrogateescape")

    def _given_at(self, at: int) -> int:
        cut = bisect_right(self.cuts, at, key=lambda each: each[0])
        return self.start + at + (self.cuts[cut - 1][1] if cut else 0)


@dataclass(slots=True)
class Decoded:
    """A value that was parsed, with its place and the objects in it."""

    parsed: ParsedText
    start: int
    end: int
    objects: list[Any] = field(default_factory=list[Any])
    """In the order in which they end."""

    @property
    def data(self) -> bytes:
        """All of it."""
        return self.parsed.bytes_of(self.start, self.end)

    def spans(self) -> list[tuple[int, int]]:
        """Where each of `objects` is in the text."""
        opened, found = list[int](), list[tuple[int, int]]()
        for token in _TOKEN.finditer(self.parsed.text, self.start, self.end):
            if token[0] == "{":
                opened.append(token.start())
            elif token[0] == "}":
                found.append((opened.pop(), token.end()))
        return found
