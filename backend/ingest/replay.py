"""Recorded telemetry: JSON-lines files, plain or gzipped, merged by time."""

import asyncio
import heapq
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from operator import itemgetter
from pathlib import Path

from anyio import to_thread

from backend.ingest.report import MalformedLine, malformed
from contracts.alert import AlertSource
from contracts.recordings import UNREADABLE, file_problem, recorded_lines
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_dead_letters import DeadLetter
from contracts.telemetry_reader import TelemetryReader, utc_now
from contracts.telemetry_times import FUTURE_TOLERANCE, TimeUnit

_log = logging.getLogger(__name__)

_BATCH = 256
"""Lines read per trip to a thread: about 5 ms of parsing, so that the event loop stays free."""

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_Reading = tuple[datetime, TelemetryEvent | MalformedLine]


class ReplaySource:
    """Plays recordings as one stream, ordered by `occurred_at` across files; each file must be in order itself.

    `pace` 0 plays as fast as it can, 1 at recorded pace, 10 ten times faster. Files are read as they are played:
    memory does not grow with them. A line that is no event, or one of a time that cannot be, is reported and skipped;
    a file that is missing, unreadable or cut off is reported, and the others go on.
    """

    def __init__(
        self,
        files: Sequence[Path],
        *,
        pace: float = 0.0,
        future_tolerance: timedelta = FUTURE_TOLERANCE,
        time_unit: TimeUnit = "auto",
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError for a negative pace."""
        if not pace >= 0:
            raise ValueError(f"A replay pace must not be negative: {pace}. 0 plays as fast as it can, 1 as recorded.")
        self._files = tuple(files)
        self._pace = pace
        self._new_reader = partial(TelemetryReader, now=now, tolerance=future_tolerance, time_unit=time_unit)
        self._reader = self._new_reader()
        self._sleep = sleep
        self._monotonic = monotonic
        self._read_bytes: dict[Path, int] = {}
        self.faults: list[MalformedLine] = []
        """Where files could not be read on, and why."""

    @property
    def share_read(self) -> float | None:
        """How much of the files was read, by their bytes; None: their sizes are not known."""
        try:
            size = sum(file.stat().st_size for file in self._files)
        except OSError:
            return None
        return min(1.0, sum(self._read_bytes.values()) / size) if size else None

    @property
    def name(self) -> str:
        return "replay of " + ", ".join(file.name for file in self._files)

    @property
    def alert_source(self) -> AlertSource:
        return "replay"

    @property
    def problem(self) -> str | None:
        return None

    @property
    def mended(self) -> Counter[str]:
        return self._reader.mended

    def new_reader(self) -> TelemetryReader:
        return self._new_reader()

    async def read(self) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
        files = [self._read_file(path) for path in self._files]
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

    def _read_file(self, path: Path) -> Generator[_Reading]:
        """The file's events with their times; an unreadable line takes the time of the event before it."""
        at, line_number, part = _BEFORE_ALL, 0, 0
        try:
            for line in recorded_lines(path, partial(self._read_bytes.__setitem__, path)):
                if line.number != line_number:
                    line_number, part = line.number, 0
                for reading in self._reader.events(line):
                    part += 1
                    if isinstance(reading, DeadLetter):
                        yield at, malformed(reading, str(path), line_number, part - 1)
                    else:
                        at = reading.occurred_at
                        yield at, reading
        except UNREADABLE as error:
            why = file_problem(error)
            if isinstance(error, EOFError):
                why += ": what was before this line has been played"
            problem = MalformedLine(file=str(path), line=line_number + 1, reason=why)
            _log.error("Recording %s cannot be read from line %d on: %s.", path, problem.line, problem.reason)
            self.faults.append(problem)
            yield at, problem
