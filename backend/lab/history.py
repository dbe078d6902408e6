"""Live sources, read once more: what they hold of the past, to the moment at which the reading began."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime

from backend.ingest.report import MalformedLine
from backend.ingest.source import Received
from backend.ingest.stream import StreamSource
from contracts.alert import AlertSource
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_reader import TelemetryReader

IDLE_S = 5.0
"""A stream that gives nothing of the past for so long has given what it had."""


class HistoryUnavailable(Exception):
    """What a source holds cannot be read; the message is one sentence."""


class StreamHistory:
    """What a stream holds, from its beginning to where nothing more comes; events that are dated later than `until` are
    left out. A stream is in the order of arrival, and one clock that is fast says nothing about what follows.

    Judged as a recording is: by the times of its events, and not by when they are read again.
    """

    def __init__(self, source: StreamSource, until: datetime, idle_s: float = IDLE_S) -> None:
        self._source = source
        self._until = until
        self._idle_s = idle_s

    @property
    def name(self) -> str:
        return f"history of the {self._source.name}"

    @property
    def alert_source(self) -> AlertSource:
        return "replay"

    @property
    def problem(self) -> str | None:
        return None

    @property
    def mended(self) -> Counter[str]:
        return self._source.mended

    def new_reader(self) -> TelemetryReader:
        return self._source.new_reader()

    async def read(self) -> AsyncGenerator[TelemetryEvent | Received | MalformedLine]:
        """Raises HistoryUnavailable where the server does not answer."""
        now = asyncio.get_running_loop().time
        last, has_caught_up = now(), False
        async with aclosing(self._source.read()) as readings:
            while True:
                try:
                    async with asyncio.timeout_at(last + self._idle_s):
                        reading = await anext(readings)
                except TimeoutError:
                    if self._source.problem is not None:
                        raise HistoryUnavailable(self._source.problem) from None
                    return
                is_event = not isinstance(reading, MalformedLine)
                if is_event and reading.occurred_at > self._until:
                    # Of a clock that is fast, or from after the reading began: then nothing else will come for long.
                    has_caught_up = True
                    if now() - last >= self._idle_s:
                        return
                    continue
                yield reading
                if is_event or not has_caught_up:
                    last = now()
