"""The events in the body of a message: one, several, an array, JSON lines, in envelopes, packed with gzip or not."""

import gzip
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from io import BytesIO

from backend.ingest.report import KEPT_BYTES
from contracts.json_objects import ObjectSplitter
from contracts.lines import Line
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_reader import DeadLetter, TelemetryReader

MAX_UNPACKED_BYTES = 8 * 1024 * 1024
"""What is behind so much of a packed body is not read: a megabyte can hold a gigabyte."""


@dataclass(frozen=True, slots=True)
class BadPart:
    """A part of a body that is not evaluated."""

    letter: DeadLetter
    body: bytes
    """From its beginning on."""
    size: int
    """How many bytes it has."""


_CHUNK_BYTES = 65_536
_GZIP_MARK = b"\x1f\x8b"
_GZIP_NAMES = frozenset({"gzip", "x-gzip"})


def events_in(body: bytes, encoding: str | None, reader: TelemetryReader) -> Generator[TelemetryEvent | BadPart]:
    """The events in a body, and each part that is none with the beginning of its bytes. At least one of the two.

    `encoding` is the message's content encoding; gzip also shows in the first bytes. Of a packed body that is damaged
    or too large, the events before the fault are given, then the fault.
    """
    is_packed = (encoding or "").strip().lower() in _GZIP_NAMES or body.startswith(_GZIP_MARK)
    empty = True
    splitter = ObjectSplitter()
    for chunk in _unpacked(body) if is_packed else _chunks(body):
        if isinstance(chunk, DeadLetter):
            for line in splitter.finish():
                yield from _read(line, reader)
            yield BadPart(chunk, body[:KEPT_BYTES], len(body))
            return
        for line in splitter.feed(chunk):
            for reading in _read(line, reader):
                empty = False
                yield reading
    for line in splitter.finish():
        for reading in _read(line, reader):
            empty = False
            yield reading
    if empty:
        yield BadPart(DeadLetter("unreadable", "there is no event in it"), body[:KEPT_BYTES], len(body))


def _read(line: Line, reader: TelemetryReader) -> Iterator[TelemetryEvent | BadPart]:
    for reading in reader.events(line):
        if isinstance(reading, DeadLetter):
            yield BadPart(reading, line.data[:KEPT_BYTES], len(line.data) + line.bytes_beyond)
        else:
            yield reading


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
