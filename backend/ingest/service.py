"""The ingest service: one task per source, one detector, and a case for every alert."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from backend.detection import Detector
from backend.ingest.report import IngestReport, MalformedLine, SourceReport, SourceState
from backend.ingest.source import TelemetrySource
from contracts.alert import Alert
from contracts.sizes import fit_event
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_reader import utc_now
from runtime.backoff import Backoff, Pauses

_log = logging.getLogger(__name__)

_MAX_DETAILS = 20
_EVENTS_PER_TURN = 100
"""Events evaluated before other tasks get the event loop, even if the source has more: about 1 ms."""
_BACKOFF = Backoff(first_s=0.1, longest_s=5.0)


class IngestService:
    """Reads all sources from when it is entered until it is left.

    Back-pressure: a source is not read on while one of its alerts is being opened. An alert that cannot be opened is
    tried again, with growing pauses, until it is: none is lost while the process lives, and the report names the one
    that is being waited for. Errors in `gives_up_on` say that no attempt can succeed (the id belongs to another case):
    such an alert is logged and counted as refused. `on_telemetry` is called for every event, before it is evaluated; it
    must not block.
    """

    def __init__(
        self,
        *,
        sources: Sequence[TelemetrySource],
        detector: Detector,
        open_alert: Callable[[Alert], Awaitable[object]],
        on_telemetry: Callable[[TelemetryEvent], object],
        gives_up_on: tuple[type[Exception], ...] = (),
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        backoff: Backoff = _BACKOFF,
    ) -> None:
        self._sources = tuple(sources)
        self._detector = detector
        self._open_alert = open_alert
        self._on_telemetry = on_telemetry
        self._gives_up_on = gives_up_on
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._backoff = backoff
        self._started_at: datetime | None = None
        self._progress: list[_Progress] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._started_at = self._now()
        self._progress = [_Progress(source, self._started_at, self._monotonic()) for source in self._sources]
        self._tasks = [
            asyncio.create_task(self._run(progress), name=f"ingest: {progress.source.name}")
            for progress in self._progress
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait_finished(self) -> None:
        """Returns when no source has anything more to give: never, while there is a live stream."""
        await asyncio.gather(*self._tasks)

    def report(self) -> IngestReport:
        """What has been done up to this moment."""
        sources = tuple(progress.report(self._monotonic()) for progress in self._progress)
        alerts, opened, dead_letters = Counter[str](), Counter[str](), Counter[str]()
        mended = self._detector.mended.copy()
        for source in sources:
            alerts.update(source.alerts)
            opened.update(source.opened)
            dead_letters.update(source.dead_letters)
            mended.update(source.mended)
        return IngestReport(
            started_at=self._started_at,
            finished=bool(sources) and all(source.state == "finished" for source in sources),
            events=sum(source.events for source in sources),
            malformed=sum(source.malformed for source in sources),
            dead_letters=dict(dead_letters),
            mended=dict(mended),
            alerts=dict(alerts),
            opened=dict(opened),
            sources=sources,
        )

    async def _run(self, progress: "_Progress") -> None:
        try:
            await self._read(progress)
            progress.finished = True
        except Exception as error:  # one source must not take the others, or the web server, with it
            progress.error = f"{type(error).__name__}: {error}"
            _log.exception("The %s stopped.", progress.source.name)
        finally:
            progress.stopped = self._monotonic()
        summary = progress.report(self._monotonic())
        _log.info(
            "The %s ended: %d events, %d lines skipped, dead letters %s, mended %s, alerts %s, %.0f events a second.",
            summary.name,
            summary.events,
            summary.malformed,
            summary.dead_letters,
            summary.mended,
            summary.alerts,
            summary.events_per_second,
        )

    async def _read(self, progress: "_Progress") -> None:
        async with aclosing(progress.source.read()) as readings:
            async for reading in readings:
                if isinstance(reading, MalformedLine):
                    progress.skip(reading)
                    continue
                progress.events += 1
                event = fit_event(reading)
                if event.trimmed is not None:
                    progress.mended["attributes_trimmed"] += 1
                self._on_telemetry(event)
                for alert in self._detector.observe(event, progress.source.alert_source):
                    await self._open(alert, progress)
                if progress.events % _EVENTS_PER_TURN == 0:
                    await asyncio.sleep(0)

    async def _open(self, alert: Alert, progress: "_Progress") -> None:
        pauses = Pauses(self._backoff)
        progress.waiting_for = alert.alert_id
        while True:
            try:
                created = await self._open_alert(alert)
                progress.alerts[alert.rule_id] += 1
                progress.opened[alert.rule_id] += created is not False
                break
            except self._gives_up_on as error:
                _log.error("Alert %s was refused and is not tried again: %s", alert.alert_id, error)
                progress.refused += 1
                break
            except Exception as error:  # whatever it was, giving up would lose the alert
                delay_s = pauses.next_s()
                _log.warning("Alert %s could not be opened, trying again in %.1f s: %s", alert.alert_id, delay_s, error)
                await self._sleep(delay_s)
        progress.waiting_for = None


@dataclass(slots=True)
class _Progress:
    """The counters of one source."""

    source: TelemetrySource
    started_at: datetime
    started: float
    stopped: float | None = None
    finished: bool = False
    events: int = 0
    malformed: int = 0
    details: list[MalformedLine] = field(default_factory=list[MalformedLine])
    dead_letters: Counter[str] = field(default_factory=Counter[str])
    mended: Counter[str] = field(default_factory=Counter[str])
    alerts: Counter[str] = field(default_factory=Counter[str])
    opened: Counter[str] = field(default_factory=Counter[str])
    refused: int = 0
    waiting_for: str | None = None
    error: str | None = None

    @property
    def state(self) -> SourceState:
        if self.error:
            return "failed"
        if self.finished:
            return "finished"
        return "waiting" if self.source.problem else "reading"

    def skip(self, line: MalformedLine) -> None:
        """Counts lines that are not evaluated; the first few are kept and logged."""
        if line.kind == "unreadable":
            self.malformed += 1
        else:
            self.dead_letters[line.kind] += 1
        if len(self.details) < _MAX_DETAILS:
            self.details.append(line)
            _log.warning("Skipped %s, line %d: %s", line.file, line.line, line.reason)

    def report(self, now: float) -> SourceReport:
        """The counters at `now`."""
        elapsed = (now if self.stopped is None else self.stopped) - self.started
        return SourceReport(
            name=self.source.name,
            alert_source=self.source.alert_source,
            started_at=self.started_at,
            state=self.state,
            events=self.events,
            events_per_second=self.events / elapsed if elapsed > 0 else 0.0,
            malformed=self.malformed,
            malformed_details=tuple(self.details),
            dead_letters=dict(self.dead_letters),
            mended={**self.source.mended, **self.mended},
            alerts=dict(self.alerts),
            opened=dict(self.opened),
            refused=self.refused,
            waiting_for=self.waiting_for,
            error=self.error or self.source.problem,
        )
