"""Live telemetry: newline-delimited JSON over HTTP, resumable by offset."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Annotated, cast

import httpx
from pydantic import BaseModel, Field, ValidationError

from backend.ingest.parsing import reason
from backend.ingest.report import MalformedLine
from contracts.alert import AlertSource
from contracts.telemetry import TelemetryEvent

_log = logging.getLogger(__name__)

_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 10.0


class _Line(BaseModel):
    offset: Annotated[int, Field(ge=0)]
    event: TelemetryEvent


class StreamSource:
    """Pulls `GET {url}?after={offset}`, whose lines are `{"offset": n, "event": {…}}`, for ever.

    Without an offset yet, `after` is left out. After a break it goes on behind the last offset that it handed over,
    with growing pauses between attempts. It waits for a server that is not up, and says so once. The offset is kept in
    memory: a new process starts at the beginning, and deterministic alert ids make that harmless.
    """

    def __init__(
        self,
        url: str,
        *,
        idle_timeout_s: float = 60.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._url = url
        self._timeout = httpx.Timeout(10.0, read=idle_timeout_s)
        self._sleep = sleep
        self._offset: int | None = None
        self._problem: str | None = None
        self._delay_s = _FIRST_DELAY_S

    @property
    def name(self) -> str:
        return f"stream from {self._url}"

    @property
    def alert_source(self) -> AlertSource:
        return "live"

    @property
    def problem(self) -> str | None:
        return self._problem

    @property
    def offset(self) -> int | None:
        """The last offset handed over; None before the first."""
        return self._offset

    async def read(self) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
        async with httpx.AsyncClient(timeout=self._timeout, trust_env=False) as client:
            while True:
                try:
                    async with client.stream("GET", self._url, params=self._position()) as response:
                        response.raise_for_status()
                        self._say_connected()
                        async for line in response.aiter_lines():
                            if line and not line.isspace():
                                reading = self._parse(line)
                                self._delay_s = _FIRST_DELAY_S
                                yield reading
                    self._complain("the server closed the stream")
                except httpx.ReadTimeout:
                    continue  # nothing happened for a while: ask again, in case the connection is dead
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    self._complain(str(error) or type(error).__name__)
                await self._sleep(self._delay_s)
                self._delay_s = min(self._delay_s * 2, _LONGEST_DELAY_S)

    def _position(self) -> dict[str, int]:
        return {} if self._offset is None else {"after": self._offset}

    def _parse(self, line: str) -> TelemetryEvent | MalformedLine:
        try:
            parsed = _Line.model_validate_json(line)
        except ValidationError as error:
            malformed = MalformedLine(file=self._url, line=self._offset or 0, reason=reason(error))
            self._offset = _offset_of(line, self._offset)
            return malformed
        self._offset = parsed.offset
        return parsed.event

    def _complain(self, problem: str) -> None:
        if self._problem is None:
            _log.warning("Waiting for telemetry at %s: %s. Trying again until it answers.", self._url, problem)
        self._problem = f"{self._url} gives no telemetry: {problem}."

    def _say_connected(self) -> None:
        start = "the beginning" if self._offset is None else f"offset {self._offset}"
        _log.info("Reading telemetry from %s, from %s on.", self._url, start)
        self._problem = None


def _offset_of(line: str, before: int | None) -> int | None:
    """The offset of a line whose event is not readable, so that it is not asked for again; `before` if it has none."""
    try:
        value: object = json.loads(line)
    except ValueError:
        return before
    if not isinstance(value, dict):
        return before
    offset = cast("dict[str, object]", value).get("offset")
    return offset if isinstance(offset, int) else before
