"""Telemetry as lines: whatever brings the bytes, a line ends at LF and nowhere else, and none is held without end."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINE_BYTES = 1_048_576
"""A longer line is no event, and holding it whole would cost memory."""

_HEAD_BYTES = 256

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

    @property
    def problem(self) -> str | None:
        """Why it cannot be read, in a phrase that says how long it is; None when it can."""
        if not self.bytes_beyond:
            return None
        length = len(self.data) + self.bytes_beyond
        return f"the line has {length:,} bytes{' in UTF-8' * self.recoded}, and at most {MAX_LINE_BYTES:,} are read"


class LineSplitter:
    """Cuts what is fed to it into lines. It holds one line at most, and of a line that is too long the beginning."""

    def __init__(self) -> None:
        self._first = bytearray()
        self._decoder: codecs.IncrementalDecoder | None = None
        self._sniffed = False
        self._rest = bytearray()
        self._beyond = 0

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
        if self._rest:
            yield self._taken()

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
            self._hold(data[start:end])
            yield self._taken()
            start = end + 1
        self._hold(data[start:])

    def _hold(self, data: bytes) -> None:
        if self._beyond:
            self._beyond += len(data)
            return
        # A log that was cut under its writer begins with as many zeros as it had bytes.
        self._rest += data if self._rest else data.lstrip(b"\0")
        if len(self._rest) > MAX_LINE_BYTES:
            self._beyond = len(self._rest) - _HEAD_BYTES
            del self._rest[_HEAD_BYTES:]

    def _taken(self) -> Line:
        line = Line(bytes(self._rest), self._beyond, self._decoder is not None)
        self._rest.clear()
        self._beyond = 0
        return line
