"""Splits text into JSON objects where lines are not objects: several on a line, or one over several lines.

Only braces and strings are parsed; the reader parses the JSON itself.
"""

import re
from collections.abc import Iterator

from contracts.braces import Braces
from contracts.lines import HEAD_BYTES, MAX_LINE_BYTES, Line, LineSplitter

_OPENING = re.compile(rb"(?:[\s\[\],\0\x1e]|\xef\xbb\xbf|\xe2\x80[\x8b-\x8d])*\{")
"""What a line begins with that an object begins on."""


class ObjectSplitter:
    """Cuts what is fed to it into lines, and puts together the lines of an object that was written over several.

    At most one object is in memory, and of one that is larger than a line may be, only the beginning.
    """

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._open: _OpenObject | None = None

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines and objects that end in `data`."""
        for line in self._lines.feed(data):
            if self._open is None and _is_balanced(line):
                yield line
            else:
                yield from self._joined(line)

    def finish(self) -> Iterator[Line]:
        """What has no end."""
        for line in self._lines.finish():
            yield from self._joined(line)
        yield from self._given_up()

    def _joined(self, line: Line) -> Iterator[Line]:
        data = line.data
        if self._open is None and _is_balanced(line):
            yield line
            return
        opening = _OPENING.match(data)
        if self._open is not None and (line.bytes_beyond or (opening and _indent(data) <= self._open.indent)):
            # Within an object no line begins with a brace as far to the left: the one before it was cut off.
            yield from self._given_up()
            yield from self._joined(line)
            return
        if self._open is None:
            if opening is None:
                yield line
                return
            self._open = _OpenObject(line)
        yield from self._add(line)

    def _add(self, line: Line) -> Iterator[Line]:
        opened = self._open
        assert opened is not None
        end = opened.add(line.data)
        if opened.braces.in_text:
            # No string continues after the end of a line.
            yield from self._given_up()
        elif end is None:
            return
        elif not opened.braces.depth:
            yield from self._given_up()
        else:
            # As in `},{`: the next object begins on the line on which one ends.
            yield opened.taken(len(line.data) - end)
            self._open = None
            yield from self._joined(Line(line.data[end:], recoded=line.recoded, number=line.number))

    def _given_up(self) -> Iterator[Line]:
        if self._open is not None:
            yield self._open.taken()
            self._open = None


class _OpenObject:
    """The lines of an object so far."""

    def __init__(self, line: Line) -> None:
        self.indent = _indent(line.data)
        self.braces = Braces()
        self._first = line
        self._data = bytearray()
        self._beyond = 0

    def add(self, data: bytes) -> int | None:
        """Where in `data` the object ends, if it does."""
        self._data += b"\n" + data if self._data else data
        if self._beyond or len(self._data) > MAX_LINE_BYTES:
            self._beyond += len(self._data) - HEAD_BYTES
            del self._data[HEAD_BYTES:]
        ends = self.braces.ends(data)
        return ends[-1] if ends else None

    def taken(self, without: int = 0) -> Line:
        """The object as a line, but for so many bytes at its end."""
        kept = max(0, len(self._data) - without) if not self._beyond else len(self._data)
        return Line(bytes(self._data[:kept]), self._beyond, self._first.recoded, number=self._first.number)


def _is_balanced(line: Line) -> bool:
    return bool(line.bytes_beyond) or line.data.count(b"{") == line.data.count(b"}")


def _indent(data: bytes) -> int:
    return len(data) - len(data.lstrip(b" \t"))
