"""Live telemetry: newline-delimited JSON over HTTP, resumable by offset."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from datetime import datetime, timedelta
from functools import partial

import httpx

from backend.ingest.report import MalformedLine, malformed
from contracts.addresses import without_credentials
from contracts.alert import AlertSource
from contracts.json_objects import ObjectSplitter
from contracts.lines import Line
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_dead_letters import DeadLetter
from contracts.telemetry_reader import TelemetryReader, utc_now
from contracts.telemetry_times import FUTURE_TOLERANCE, TimeUnit
from runtime.backoff import Backoff, Pauses

_log = logging.getLogger(__name__)

_BACKOFF = Backoff(first_s=0.5, longest_s=10.0)
_NO_LONGER_KEPT = frozenset({410, 416})
_OFFSET = re.compile(rb'\s*\{\s*"offset"\s*:\s*(\d{1,18})\s*,')


class StreamSource:
    """Pulls `GET {url}?after={offset}`, whose lines are `{"offset": n, "event": {…}}`, for ever.

    Without an offset yet, `after` is left out. After a disconnection it resumes at the last offset that it passed on,
    with growing pauses between attempts; when the server no longer has that, at the beginning of what it has. It waits
    for a server that is not up, and says so once. The offset is kept in memory: a new process starts at the beginning,
    and deterministic alert ids make that harmless. What it says of the address, it says without credentials.
    """

    def __init__(
        self,
        url: str,
        *,
        idle_timeout_s: float = 60.0,
        future_tolerance: timedelta = FUTURE_TOLERANCE,
        time_unit: TimeUnit = "auto",
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        backoff: Backoff = _BACKOFF,
    ) -> None:
        self._url = url
        self._where = without_credentials(url)
        self._timeout = httpx.Timeout(10.0, read=idle_timeout_s)
        self._new_reader = partial(TelemetryReader, now=now, tolerance=future_tolerance, time_unit=time_unit)
        self._reader = self._new_reader()
        self._sleep = sleep
        self._offset: int | None = None
        self._part = 0
        """How much that is not evaluated came since the offset."""
        self._problem: str | None = None
        self._pauses = Pauses(backoff)

    @property
    def name(self) -> str:
        return f"stream from {self._where}"

    @property
    def alert_source(self) -> AlertSource:
        return "live"

    @property
    def problem(self) -> str | None:
        return self._problem

    @property
    def mended(self) -> Counter[str]:
        return self._reader.mended

    def new_reader(self) -> TelemetryReader:
        return self._new_reader()

    @property
    def offset(self) -> int | None:
        """The last offset passed on; None before the first."""
        return self._offset

    async def read(self) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
        # No proxy of the environment, but its authorities.
        certificates = httpx.create_ssl_context()
        async with httpx.AsyncClient(timeout=self._timeout, trust_env=False, verify=certificates) as client:
            while True:
                try:
                    async with client.stream("GET", self._address()) as response:
                        if response.is_error or response.is_redirect:
                            self._complain(f"it answers {response.status_code} {response.reason_phrase}".rstrip())
                            if response.status_code in _NO_LONGER_KEPT:
                                # From the beginning of what it has: evaluated events are recognised by their ids.
                                self._offset = None
                        else:
                            self._say_connected()
                            self._part = 0
                            async for reading in self._readings(response):
                                self._pauses.reset()
                                yield reading
                            self._complain("the server closed the stream")
                except httpx.ReadTimeout:
                    continue  # nothing happened for a while: ask again, in case the connection is dead
                except httpx.InvalidURL:
                    # Its words quote what may be a part of a password.
                    self._complain("its address is no URL")
                except httpx.HTTPError as error:
                    self._complain(str(error).replace(self._url, self._where) or type(error).__name__)
                except Exception as error:
                    # What connects raises its own for some addresses, as for a port that there is not.
                    self._complain(f"it cannot be asked ({type(error).__name__})")
                await self._sleep(self._pauses.next_s())

    async def _readings(self, response: httpx.Response) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
        splitter = ObjectSplitter()
        async for data in response.aiter_bytes():
            for line in splitter.feed(data):
                for reading in self._parsed(line):
                    yield reading
        for line in splitter.finish():
            for reading in self._parsed(line):
                yield reading

    def _address(self) -> httpx.URL:
        # Merged, not replaced: the address may bring a query of its own.
        url = httpx.URL(self._url)
        return url if self._offset is None else url.copy_merge_params({"after": str(self._offset)})

    def _parsed(self, line: Line) -> Generator[TelemetryEvent | MalformedLine]:
        for enveloped_offset, reading in self._reader.enveloped(line):
            before = self._offset
            head = _OFFSET.match(line.data) if enveloped_offset is None and line.bytes_beyond else None
            offset = int(head[1]) if head else enveloped_offset
            self._offset = before if offset is None else offset
            part = self._part
            if self._offset != before:
                self._part = 0
            elif isinstance(reading, DeadLetter):
                self._part += 1
            if isinstance(reading, DeadLetter):
                yield malformed(reading, self._where, before or 0, part)
            else:
                yield reading

    def _complain(self, problem: str) -> None:
        if self._problem is None:
            _log.warning("Waiting for telemetry at %s: %s. Trying again until it answers.", self._where, problem)
        self._problem = f"{self._where} gives no telemetry: {problem}."

    def _say_connected(self) -> None:
        start = "the beginning" if self._offset is None else f"offset {self._offset}"
        _log.info("Reading telemetry from %s, from %s on.", self._where, start)
        self._problem = None
