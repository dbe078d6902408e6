"""Splits telemetry into lines: a line ends only at LF, and its length in memory is bounded."""

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from contracts.braces import Braces

MAX_LINE_BYTES = 1_048_576
"""A longer line is no event, and holding it whole would cost memory."""

HEAD_BYTES = 256
"""How much of a line that is too long is kept in memory."""

# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Without a mark: JSON begins with a character of ASCII, so that zeros tell how wide it is (RFC 4627).
_ZEROS = (
    (re.compile(rb"[^\0]\0\0\0", re.DOTALL), "utf-32-le"),
    (re.compile(rb"\0\0\0[^\0]", re.DOTALL), "utf-32-be"),
    (re.compile(rb"[^\0]\0", re.DOTALL), "utf-16-le"),
    (re.compile(rb"\0[^\0]", re.DOTALL), "utf-16-be"),
)
_SNIFFED_BYTES = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its LF, in UTF-8."""

    data: bytes
    bytes_beyond: int = 0
    """How much of it, in UTF-8, is not in `data`: of a line that is too long only the beginning is."""
    recoded: bool = False
    """It came in UTF-16 or UTF-32."""
    number: int = field(default=1, compare=False)
    """Which line it is of all that came, or in which it begins, counted from 1."""

    @property
    def problem(self) -> str | None:
        """Why it cannot be read, in a phrase that says how long it is; None when it can."""
        if not self.bytes_beyond:
            return None
        length = len(self.data) + self.bytes_beyond
        return f"the line has {length:,} bytes{' in UTF-8' * self.recoded}, and at most {MAX_LINE_BYTES:,} are read"


class LineSplitter:
    """Cuts what is fed to it into lines. It holds one line at most, and of a line that is too long the beginning.

    A line that is too long and holds one object after the other, as an array that was written without a line end, is
    cut behind objects: then each of these may be as long as a line.
    """

    def __init__(self) -> None:
        self._first = bytearray()
        self._decoder: codecs.IncrementalDecoder | None = None
        self._sniffed = False
        self._rest = bytearray()
        self._long: _LongLine | None = None
        self._number = 1

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines that end in `data`."""
        if not self._sniffed:
            self._first += data
            if len(self._first) < _SNIFFED_BYTES:
                return
            data = self._sniff()
        yield from self._cut(self._recoded(data))

    def finish(self) -> Iterator[Line]:
        """The last line, when it has no end."""
        if not self._sniffed:
            yield from self._cut(self._recoded(self._sniff()))
        yield from self._ended(is_last=True)

    def _sniff(self) -> bytes:
        first = bytes(self._first)
        self._sniffed = True
        self._first.clear()
        encoding = next((name for mark, name in _MARKS if first.startswith(mark)), None)
        encoding = encoding or next((name for zeros, name in _ZEROS if zeros.match(first)), None)
        if encoding is not None:
            self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        return first

    def _recoded(self, data: bytes) -> bytes:
        # Half a character at the very end is not asked for: shells add a lone LF to what is UTF-16.
        return data if self._decoder is None else self._decoder.decode(data).encode()

    def _cut(self, data: bytes) -> Iterator[Line]:
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            if end == start and not self._rest and self._long is None:
                # A run of blank lines is one: a small file, gzipped, can hold hundreds of millions.
                yield self._line((b"", 0))
                run = len(data) - start - len(data[start:].lstrip(b"\n"))
                self._number += run
                start += run
                continue
            if not self._rest and self._long is None and end - start <= MAX_LINE_BYTES:
                yield self._line((data[start:end].lstrip(b"\0"), 0))
            else:
                yield from self._hold(data[start:end])
                yield from self._ended()
            self._number += 1
            start = end + 1
        yield from self._hold(data[start:])

    def _hold(self, data: bytes) -> Iterator[Line]:
        if self._long is not None:
            yield from map(self._line, self._long.feed(data))
            return
        # A log that was cut under its writer begins with as many zeros as it had bytes.
        self._rest += data if self._rest else data.lstrip(b"\0")
        if len(self._rest) > MAX_LINE_BYTES:
            self._long = _LongLine()
            whole = bytes(self._rest)
            self._rest.clear()
            yield from map(self._line, self._long.feed(whole))

    def _ended(self, *, is_last: bool = False) -> Iterator[Line]:
        if self._long is not None:
            yield from map(self._line, self._long.rest())
            self._long = None
        elif self._rest or not is_last:
            yield self._line((bytes(self._rest), 0))
            self._rest.clear()

    def _line(self, part: tuple[bytes, int]) -> Line:
        return Line(*part, self._decoder is not None, number=self._number)


class _LongLine:
    """A line that is too long, in parts: each with its bytes, and how many more there were."""

    def __init__(self) -> None:
        self._braces = Braces()
        self._held = bytearray()
        self._ends = list[int]()
        """Where objects end in the bytes in memory."""
        self._beyond = 0

    def feed(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """The parts that end in `data`."""
        ends = self._braces.ends(data)
        if self._beyond:
            if not ends:
                self._beyond += len(data)
                return
            yield bytes(self._held), self._beyond + ends[0]
            self._held, self._beyond = bytearray(), 0
            data, ends = data[ends[0] :], [end - ends[0] for end in ends[1:]]
        self._ends += [len(self._held) + end for end in ends]
        self._held += data
        while len(self._held) > MAX_LINE_BYTES:
            fitting = bisect_right(self._ends, MAX_LINE_BYTES)
            if fitting:
                yield self._taken(self._ends[fitting - 1], fitting)
            elif self._ends:
                end = self._ends[0]
                head, _ = self._taken(end, 1)
                yield head[:HEAD_BYTES], end - HEAD_BYTES
            else:
                self._beyond = len(self._held) - HEAD_BYTES
                del self._held[HEAD_BYTES:]

    def rest(self) -> Iterator[tuple[bytes, int]]:
        """What is behind the last part, if there is anything."""
        if self._held:
            yield bytes(self._held), self._beyond

    def _taken(self, end: int, objects: int) -> tuple[bytes, int]:
        part = bytes(self._held[:end])
        del self._held[:end]
        self._ends = [later - end for later in self._ends[objects:]]
        return part, 0
