"""The ingest service: one task per source, one detector, and a case for every alert."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import count, islice
from typing import Self
from uuid import uuid4

from anyio import to_thread

from backend.detection import DEFAULT_RULES, Detector, RuleBook, Signal
from backend.ingest.dead_letters import DeadLetterBook
from backend.ingest.event_bodies import BadPart, events_in
from backend.ingest.pipeline import Pipeline, SavedStates, StateStore
from backend.ingest.progress import Progress
from backend.ingest.report import IngestReport, MalformedLine
from backend.ingest.retries import RetryResult, retry_result
from backend.ingest.score_feed import ScoreFeed
from backend.ingest.source import (
    Flood,
    HubReading,
    PartitionedSource,
    PartitionPipeline,
    Poison,
    Received,
    TelemetrySource,
)
from backend.scoring.partition import PartitionScorer
from casebook.commands.detector_states import PartitionKey
from casebook.commands.telemetry_dead_letters import LetterInHand
from contracts.alert import Alert
from contracts.sizes import fit_event
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_reader import TelemetryReader, utc_now
from runtime.backoff import Backoff, Pauses

_log = logging.getLogger(__name__)

_EVENTS_PER_TURN = 100
"""Events evaluated before other tasks get the event loop, even if the source has more: about 1 ms."""
_BACKOFF = Backoff(first_s=0.1, longest_s=5.0)


class IngestService:
    """Reads all sources from when it is entered until it is left.

    Back-pressure: a source is not read on while one of its alerts is being opened. An alert that cannot be opened is
    tried again, with growing pauses, until it is: none is lost while the process lives, and the report names the one
    that is being waited for. Errors in `gives_up_on` say that no attempt can succeed (the id belongs to another case):
    such an alert is logged and counted as refused. `on_telemetry` is called for every event, before it is evaluated; it
    must not block. What is not evaluated goes to `dead_letters`, too. Events are held for `lateness`, so that they are
    judged in the order in which they happened; of partitions, what is known and how far it reaches goes to `states`.
    `on_signal` is called for everything that a rule finds, whether anybody is alerted or not; it must not block.
    With `scores` charges are scored, and partitions whose states are saved teach what they turned out to be.
    """

    def __init__(
        self,
        *,
        sources: Sequence[TelemetrySource | PartitionedSource],
        open_alert: Callable[[Alert], Awaitable[object]],
        on_telemetry: Callable[[TelemetryEvent], object],
        gives_up_on: tuple[type[Exception], ...] = (),
        dead_letters: DeadLetterBook | None = None,
        rules: RuleBook = DEFAULT_RULES,
        on_signal: Callable[[Signal], object] | None = None,
        lateness: timedelta = timedelta(0),
        states: StateStore | None = None,
        scores: ScoreFeed | None = None,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        backoff: Backoff = _BACKOFF,
    ) -> None:
        self._sources = tuple(sources)
        self._open_alert = open_alert
        self._on_telemetry = on_telemetry
        self._gives_up_on = gives_up_on
        self._dead_letters = dead_letters
        self._rules = rules
        self._on_signal = on_signal
        self._lateness = lateness
        self._states = states
        self._scores = scores
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._backoff = backoff
        self._started_at: datetime | None = None
        self._progress: list[Progress] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._owner = uuid4().hex
        self._numbers = count(1)

    async def __aenter__(self) -> Self:
        self._started_at = self._now()
        self._progress = [
            Progress(source, self._started_at, self._monotonic(), self._dead_letters) for source in self._sources
        ]
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

    def use(self, rules: RuleBook) -> None:
        """Judge by these rules from the next event on. What is known of customers stays."""
        self._rules = rules
        for progress in self._progress:
            for pipeline in progress.pipelines.values():
                pipeline.detector.use(rules)

    @property
    def open_partitions(self) -> list[tuple[str, str]]:
        """The source and the id of each partition that this process judges now."""
        partitioned = (each for each in self._progress if isinstance(each.source, PartitionedSource))
        return [(each.source.name, partition_id) for each in partitioned for partition_id in each.pipelines]

    @property
    def scorers(self) -> list[PartitionScorer]:
        """Of live telemetry: those that hear of verdicts and models."""
        live = (each for each in self._progress if each.source.alert_source == "live")
        return [pipeline.scorer for each in live for pipeline in each.pipelines.values() if pipeline.scorer is not None]

    async def follow_scores(self) -> None:
        """Tell those of verdicts and models until cancelled."""
        assert self._scores is not None, "charges are scored"
        await self._scores.run(lambda: self.scorers)

    async def judge_again(self, letter: LetterInHand) -> RetryResult:
        """Parse and judge a dead letter as its source does now, and open the cases of its alerts."""
        own = (each for each in self._progress if each.source.name == letter.source)
        progress = next(own, self._progress[0])
        pipeline = progress.pipelines.get(letter.partition or "")
        detector = self._new_detector(progress) if pipeline is None else pipeline.detector
        events, faults, alerts = 0, list[str](), list[str]()
        # In a thread: what is packed can be seconds of reading.
        for reading in await to_thread.run_sync(_parts_of, letter, progress.source.new_reader()):
            if isinstance(reading, BadPart):
                faults.append(reading.letter.reason)
            else:
                events += 1
                alerts += await self._judge(progress, reading, detector)
        return retry_result(events, faults, alerts)

    def report(self) -> IngestReport:
        """What has been done up to this moment."""
        sources = tuple(progress.report(self._monotonic()) for progress in self._progress)
        alerts, opened, dead_letters = Counter[str](), Counter[str](), Counter[str]()
        mended = Counter[str]()
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

    async def _run(self, progress: Progress) -> None:
        try:
            if isinstance(progress.source, PartitionedSource):
                await progress.source.run(partial(self._open_partition, progress))
            else:
                await self._read(progress, progress.source)
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

    async def _read(self, progress: Progress, source: TelemetrySource) -> None:
        is_recorded = source.alert_source == "replay"
        async with self._pipeline(progress, "") as pipeline, aclosing(source.read()) as readings:
            async for reading in readings:
                if isinstance(reading, MalformedLine):
                    progress.skip(reading)
                elif isinstance(reading, Received):
                    await pipeline.take([(reading.event, reading.arrived_at)])
                else:
                    # A recording has no other clock than its events.
                    await pipeline.take([(reading, reading.occurred_at if is_recorded else self._now())])
            await pipeline.finish()

    async def _judge(self, progress: Progress, reading: TelemetryEvent, detector: Detector) -> list[str]:
        """The ids of the alerts that it raised."""
        progress.events += 1
        event = fit_event(reading)
        if event.trimmed is not None:
            progress.mended["attributes_trimmed"] += 1
        self._on_telemetry(event)
        signals = detector.observe(event)
        alerts = [signal.alert for signal in signals if signal.fate == "raised"]
        if self._on_signal is not None:
            for signal in signals:
                self._on_signal(signal)
        for alert in alerts:
            await self._open(alert, progress)
        if progress.events % _EVENTS_PER_TURN == 0:
            await asyncio.sleep(0)
        return [alert.alert_id for alert in alerts]

    def _is_saved(self, progress: Progress) -> bool:
        return self._states is not None and isinstance(progress.source, PartitionedSource)

    def _new_detector(self, progress: Progress, scorer: PartitionScorer | None = None) -> Detector:
        return Detector(
            self._rules,
            progress.source.alert_source,
            mended=progress.mended,
            is_saved=self._is_saved(progress),
            scoring=scorer,
        )

    @asynccontextmanager
    async def _pipeline(
        self, progress: Progress, partition_id: str, states: SavedStates | None = None
    ) -> AsyncGenerator[Pipeline]:
        """What judges a sequence while the context is open. What it has judged by then is saved."""
        scorer = None if self._scores is None else PartitionScorer(teaches=self._is_saved(progress))
        detector, judge = self._new_detector(progress, scorer), partial(self._judge, progress)
        pipeline = Pipeline(detector, judge, self._lateness, states, scorer=scorer, now=self._now)
        await pipeline.open()
        if self._scores is not None and scorer is not None:
            await self._scores.begin(scorer, is_recorded=progress.source.alert_source == "replay")
        pipeline.detector.use(self._rules)  # they may have changed meanwhile
        progress.pipelines[partition_id] = pipeline
        clock = None
        if progress.source.alert_source == "live":
            clock = asyncio.create_task(pipeline.run_clock(self._sleep), name=f"clock of {progress.source.name}")
        try:
            yield pipeline
        finally:
            if clock is not None:
                clock.cancel()
                await asyncio.gather(clock, return_exceptions=True)
            if progress.pipelines.get(partition_id) is pipeline:
                del progress.pipelines[partition_id]
            await pipeline.close()

    @asynccontextmanager
    async def _open_partition(self, progress: Progress, partition_id: str) -> AsyncGenerator[PartitionPipeline]:
        states = None
        if self._states is not None:
            of = PartitionKey(progress.source.name, partition_id)
            states = SavedStates(self._states, of, f"{self._owner}-{next(self._numbers)}")
        async with self._pipeline(progress, partition_id, states) as pipeline:
            yield _Partition(partition_id, progress, pipeline)

    async def _open(self, alert: Alert, progress: Progress) -> None:
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


class _Partition:
    """A partition's pipeline, as its source hands it batches."""

    def __init__(self, partition_id: str, progress: Progress, pipeline: Pipeline) -> None:
        self._partition_id = partition_id
        self._progress = progress
        self._pipeline = pipeline

    @property
    def saved_position(self) -> int | None:
        return self._pipeline.saved_position

    async def take(self, readings: Sequence[HubReading]) -> None:
        for reading in readings:
            if isinstance(reading, Poison):
                self._progress.skip_poison(reading, self._partition_id)
            elif isinstance(reading, Flood):
                self._progress.skip_flood(reading)
        if self._progress.book is not None and not all(isinstance(reading, Received) for reading in readings):
            await self._progress.book.settle()
        events = [(each.event, each.arrived_at) for each in readings if isinstance(each, Received)]
        await self._pipeline.take(events, readings[-1].position if readings else None)


def _parts_of(letter: LetterInHand, reader: TelemetryReader) -> list[TelemetryEvent | BadPart]:
    """What a dead letter is about: not what was evaluated in front of it, or has a letter of its own."""
    return list(islice(events_in(letter.body, reader), letter.parts_before, None))
