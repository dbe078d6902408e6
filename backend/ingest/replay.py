"""Recorded telemetry: JSON-lines files, plain or gzipped, merged by time."""

import asyncio
import gzip
import heapq
import logging
import time
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, cast

from anyio import to_thread

from backend.ingest.parsing import MAX_LINE_BYTES, parse_event
from backend.ingest.report import MalformedLine
from contracts.alert import AlertSource
from contracts.telemetry import TelemetryEvent

_log = logging.getLogger(__name__)

_BATCH = 256
"""Lines read per trip to a thread: about 5 ms of parsing, so that the event loop stays free."""

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_Reading = tuple[datetime, TelemetryEvent | MalformedLine]


class ReplaySource:
    """Plays recordings as one stream, ordered by `occurred_at` across files; each file must be in order itself.

    `pace` 0 plays as fast as it can, 1 at recorded pace, 10 ten times faster. Files are read as they are played:
    memory does not grow with them. A line that is no event is reported and skipped; a file that is missing,
    unreadable or cut off is reported, and the others go on.
    """

    def __init__(
        self,
        files: Sequence[Path],
        *,
        pace: float = 0.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError for a negative pace."""
        if not pace >= 0:
            raise ValueError(f"A replay pace must not be negative: {pace}. 0 plays as fast as it can, 1 as recorded.")
        self._files = tuple(files)
        self._pace = pace
        self._sleep = sleep
        self._monotonic = monotonic

    @property
    def name(self) -> str:
        return "replay of " + ", ".join(file.name for file in self._files)

    @property
    def alert_source(self) -> AlertSource:
        return "replay"

    @property
    def problem(self) -> str | None:
        return None

    async def read(self) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
        files = [_read_file(path) for path in self._files]
        readings = heapq.merge(*files, key=itemgetter(0))
        started: tuple[float, datetime] | None = None
        try:
            while batch := await to_thread.run_sync(list, islice(readings, _BATCH)):
                for at, reading in batch:
                    if self._pace and not isinstance(reading, MalformedLine):
                        started = started or (self._monotonic(), at)
                        await self._wait_for(at, *started)
                    yield reading
        finally:
            for file in files:
                file.close()

    async def _wait_for(self, at: datetime, started: float, first: datetime) -> None:
        due = started + (at - first).total_seconds() / self._pace
        delay = due - self._monotonic()
        if delay > 0:
            await self._sleep(delay)


def _read_file(path: Path) -> Generator[_Reading]:
    """The file's events with their times; what cannot be read takes the time of the event before it."""
    at, line_number = _BEFORE_ALL, 0
    try:
        with _open(path) as file:
            while line := file.readline(MAX_LINE_BYTES):
                line_number += 1
                if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                    _skip_line(file)
                    event = f"the line is longer than {MAX_LINE_BYTES:,} bytes"
                elif line.isspace():
                    continue
                else:
                    event = parse_event(line)
                if isinstance(event, str):
                    yield at, MalformedLine(file=str(path), line=line_number, reason=event)
                else:
                    at = event.occurred_at
                    yield at, event
    except (OSError, EOFError, zlib.error) as error:
        problem = MalformedLine(file=str(path), line=line_number + 1, reason=_file_problem(error))
        _log.error("Recording %s cannot be read from line %d on: %s.", path, problem.line, problem.reason)
        yield at, problem


def _open(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _file_problem(error: Exception) -> str:
    match error:
        case FileNotFoundError():
            return "the file does not exist"
        case PermissionError():
            return "the file may not be read by this user"
        case IsADirectoryError():
            return "this is a folder, not a file"
        case EOFError():
            return "the compressed file is cut off: what was before this line has been played"
        case gzip.BadGzipFile() | zlib.error():
            return f"the compressed file is damaged ({error})"
        case _:
            return f"the file cannot be read ({error})"
