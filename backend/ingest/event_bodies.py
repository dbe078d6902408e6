"""The events in the body of a message: one, several, an array, JSON lines, in envelopes, packed with gzip or not."""

import gzip
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from io import BytesIO

from contracts.json_objects import ObjectSplitter
from contracts.lines import Line
from contracts.recordings import is_gzip
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_dead_letters import DeadLetter
from contracts.telemetry_reader import TelemetryReader

MAX_UNPACKED_BYTES = 8 * 1024 * 1024
"""What is behind so much of a packed body is not read: a megabyte can hold a gigabyte."""
MAX_PARTS = 50_000
"""What is behind so many events, and parts that are none, is not read: of the smallest there would be millions."""
MAX_LINES = 500_000
"""What is behind so many line ends is not read: an event that is written over several lines has about twenty."""


@dataclass(frozen=True, slots=True)
class BadPart:
    """A part of a body that is not evaluated, or a fault of the body."""

    letter: DeadLetter
    number: int
    """How many parts lie in front of it."""
    is_whole_body: bool = False
    """The letter is about all of the body: `number` of its parts were given before."""


_CHUNK_BYTES = 65_536
_NOTHING = DeadLetter("unreadable", "there is no event in it")
_TOO_MANY_PARTS = DeadLetter("too_large", f"it has more than {MAX_PARTS:,} parts, and no more are read")
_TOO_MANY_LINES = DeadLetter("too_large", f"it has more than {MAX_LINES:,} lines, and no more are read")


def events_in(body: bytes, reader: TelemetryReader) -> Generator[TelemetryEvent | BadPart]:
    """The events in a body, and each part that is none with the beginning of its bytes. At least one of the two.

    Gzip shows in the first bytes, whatever the message says of itself. Of a body that is damaged or too large, the
    events before the fault are given, then the fault. What is in memory at once is one line at most.
    """
    number = 0
    for line in _lines_in(body):
        if isinstance(line, DeadLetter):
            yield BadPart(line.of(body), number, is_whole_body=True)
            return
        for reading in reader.events(line):
            if number == MAX_PARTS:
                yield BadPart(_TOO_MANY_PARTS.of(body), number, is_whole_body=True)
                return
            yield BadPart(reading, number) if isinstance(reading, DeadLetter) else reading
            number += 1
    if not number:
        yield BadPart(_NOTHING.of(body), 0, is_whole_body=True)


def _lines_in(body: bytes) -> Iterator[Line | DeadLetter]:
    """The lines and objects of a body; the last is the fault, if it has one."""
    splitter, lines = ObjectSplitter(), 0
    for chunk in _unpacked(body) if is_gzip(body) else _chunks(body):
        lines += 0 if isinstance(chunk, DeadLetter) else chunk.count(b"\n")
        if isinstance(chunk, DeadLetter) or lines > MAX_LINES:
            yield from splitter.finish()
            yield chunk if isinstance(chunk, DeadLetter) else _TOO_MANY_LINES
            return
        yield from splitter.feed(chunk)
    yield from splitter.finish()


def _chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _CHUNK_BYTES):
        yield body[start : start + _CHUNK_BYTES]


def _unpacked(body: bytes) -> Iterator[bytes | DeadLetter]:
    """What all members of a packed body hold; the last is the fault, if it has one."""
    left = MAX_UNPACKED_BYTES
    try:
        with gzip.GzipFile(fileobj=BytesIO(body), mode="rb") as file:
            while chunk := file.read1(_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    yield DeadLetter(
                        "too_large", f"unpacked it has more than {MAX_UNPACKED_BYTES:,} bytes, and no more are read"
                    )
                    return
                yield chunk
    except EOFError:
        yield DeadLetter("damaged_gzip", "the packed body is cut off")
    except (gzip.BadGzipFile, zlib.error, OSError) as error:
        yield DeadLetter("damaged_gzip", f"the packed body is damaged ({error})")
