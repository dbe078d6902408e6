"""Runs the back-test that this process was started for, and puts on record how far it is and how it ends."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import to_thread

from backend.detection import RuleVersion
from backend.ingest.replay import ReplaySource
from backend.ingest.source import TelemetrySource
from backend.ingest.stream import StreamSource
from backend.lab.history import HistoryUnavailable, StreamHistory
from backend.lab.options import LabOptions
from backend.lab.recordings import LabelsUnreadable, Recording, read_labels, recording_named
from backend.lab.trial import Trial, TrialRun
from backend.services.rule_books import DEFAULTS, NotUnderstood, trial_book, understood
from backend.waiting import wait_for
from casebook.async_api import AsyncBackTests, AsyncDetectionRules
from casebook.commands.back_tests import BackTestProgress
from casebook.errors import CasebookUnavailable
from contracts.back_tests import BackTest, BackTestResult, BackTestState, LiveTelemetry
from contracts.telemetry_reader import utc_now
from runtime.backoff import Backoff, Pauses

_log = logging.getLogger(__name__)

REPORT_S = 1.0
"""How often the record is told how far it is, and asked whether to go on."""
WARM_UP = timedelta(weeks=6)
"""Telemetry before the days that count: as long as detection remembers anything."""
NOTHING_READ = BackTestProgress(0, None, None)
STOPPED = "The backend that ran it stopped: order it again."
TOLD_TO_END = "Its process was told to end before it was done: order it again."
_BACKOFF = Backoff(first_s=0.5, longest_s=5.0)
_LAST_WORD_S = 60.0
"""How long the end is tried to be put on record."""


class CannotRun(Exception):
    """The back-test cannot be finished; the message is one sentence."""


class _Ended(Exception):
    """Whoever ordered it does not want it any more, or it is not this process's."""


@dataclass(frozen=True)
class _Reading:
    """What is read, and how much is known of it."""

    sources: list[TelemetrySource]
    labelled: frozenset[str] | None = None
    replay: ReplaySource | None = None
    recording: Recording | None = None
    begun: datetime | None = None

    def share(self, first: datetime | None, reached: datetime | None) -> float | None:
        """How much is done."""
        if self.replay is not None:
            return self.replay.share_read
        if first is None or reached is None or self.begun is None or self.begun <= first:
            return None
        return min(1.0, max(0.0, (reached - first) / (self.begun - first)))


class BackTestRun:
    """One back-test, run by `owner`. Whatever happens, its end is on record when this has ended, or its lease runs
    out."""

    def __init__(
        self, back_tests: AsyncBackTests, rules: AsyncDetectionRules, options: LabOptions, of: str, owner: str
    ) -> None:
        self._back_tests = back_tests
        self._rules = rules
        self._options = options
        self._id = of
        self._owner = owner
        self._run: TrialRun | None = None

    async def run(self, stop: asyncio.Event, why: Callable[[], str] = lambda: STOPPED) -> None:
        """Run until it is done, cancelled, or told to stop; `why` says then who told it, in a sentence."""
        state: BackTestState = "failed"
        problem, result = None, None
        try:
            result = await self._until_stopped(stop)
            state = "done" if result is not None else "interrupted"
            problem = None if result is not None else why()
        except _Ended:
            state = "cancelled"
        except (CannotRun, HistoryUnavailable, LabelsUnreadable) as error:
            problem = str(error)
        except Exception as error:  # whoever ordered it must not wait for ever
            _log.exception("Back-test %s failed.", self._id)
            problem = f"It failed ({type(error).__name__}): the log of the backend says why."
        await self._end(state, problem, result)

    async def _until_stopped(self, stop: asyncio.Event) -> BackTestResult | None:
        """What was found; None: it was told to stop. The record is told all along how far it is, whatever it does.

        Raises _Ended, and what `_result` raises.
        """
        finding = asyncio.create_task(self._result(), name="back-test")
        telling = asyncio.create_task(self._tell(), name="tell how far a back-test is")
        stopping = asyncio.create_task(stop.wait(), name="stop a back-test")
        try:
            await asyncio.wait([finding, telling, stopping], return_when=asyncio.FIRST_COMPLETED)
            if finding.done():
                return finding.result()
            if telling.done():
                telling.result()
            return None
        finally:
            for task in (finding, telling, stopping):
                task.cancel()
            await asyncio.gather(finding, telling, stopping, return_exceptions=True)

    async def _result(self) -> BackTestResult:
        """What was found. Raises _Ended, CannotRun, HistoryUnavailable, LabelsUnreadable."""
        back_test = await self._back_tests.back_test(self._id)
        stored = await self._rules.stored_rules()
        self._heed(await self._back_tests.begin(self._id, self._owner, stored.revision))
        compared = await self._version(back_test.rule_id, back_test.compared_with)
        tried = await self._version(back_test.rule_id, back_test.version)
        now = utc_now()
        days = back_test.source.days if isinstance(back_test.source, LiveTelemetry) else None
        counted_from = None if days is None else now - timedelta(days=days)
        async with self._reading(back_test, now) as reading:
            trial = Trial(
                sources=reading.sources,
                rules=trial_book(stored, compared, tried),
                compared_with=back_test.compared_with,
                version=back_test.version,
                lateness=self._options.lateness,
                counted_from=counted_from,
                labelled=reading.labelled,
                share=reading.share,
            )
            run = self._run = TrialRun(trial)
            await _play(run)
            _check(run, reading)
        is_live = reading.replay is None
        opinions = await self._back_tests.opinions_of(run.alert_ids) if is_live else {}
        return await to_thread.run_sync(run.result, opinions, abandon_on_cancel=True)

    async def _tell(self) -> None:
        """Tell the record how far it is, for as long as it lets it go on. Raises _Ended."""
        never = asyncio.Event()
        while True:
            await wait_for(never, REPORT_S)
            progress = NOTHING_READ if self._run is None else self._run.progress()
            try:
                self._heed(await self._back_tests.report(self._id, self._owner, progress))
            except CasebookUnavailable as error:
                # It goes on: when that lasts, the lease runs out, and the next report says so.
                _log.warning("How far back-test %s is was not written: %s", self._id, error)

    async def _version(self, rule_id: str, number: int) -> RuleVersion:
        found = await self._rules.rule(rule_id)
        if found.rule is None and number == 1 and rule_id in DEFAULTS:
            return DEFAULTS[rule_id]
        for version in found.versions:
            if version.version == number:
                try:
                    return understood(rule_id, number, version.content)
                except NotUnderstood as problem:
                    raise CannotRun(f"This release cannot judge by version {number}: {problem}.") from problem
        raise CannotRun(f"Rule '{rule_id}' has no version {number}.")

    @asynccontextmanager
    async def _reading(self, back_test: BackTest, now: datetime) -> AsyncGenerator[_Reading]:
        source = back_test.source
        if not isinstance(source, LiveTelemetry):
            yield await to_thread.run_sync(self._recorded, source.recording, abandon_on_cancel=True)
        elif self._options.hub is not None and self._options.hub_group is not None:
            from backend.lab.hub_history import hub_histories  # its packages take long to import

            since = now - timedelta(days=source.days) - WARM_UP
            hub, group, tolerance = self._options.hub, self._options.hub_group, self._options.future_tolerance
            async with hub_histories(hub, group, since, tolerance) as sources:
                yield _Reading(sources, begun=now)
        elif self._options.live is not None and self._options.stream_url is not None:
            stream = StreamSource(
                self._options.stream_url,
                future_tolerance=self._options.future_tolerance,
                time_unit=self._options.stream_time_unit,
            )
            yield _Reading([StreamHistory(stream, now)], begun=now)
        else:
            raise CannotRun(self._options.live_problem or "There is no live telemetry.")

    def _recorded(self, name: str) -> _Reading:
        recording = recording_named(self._options, name)
        if recording is None:
            raise CannotRun(f"There is no recording '{name}' any more.")
        labels = recording.label_files
        replay = ReplaySource(
            recording.files,
            future_tolerance=self._options.future_tolerance,
            time_unit=self._options.replay_time_unit,
        )
        return _Reading([replay], read_labels(labels) if labels else None, replay, recording)

    def _heed(self, order: str) -> None:
        if order != "go_on":
            raise _Ended

    async def _end(self, state: BackTestState, problem: str | None, result: BackTestResult | None) -> None:
        pauses, never = Pauses(_BACKOFF), asyncio.Event()
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                while True:
                    try:
                        await self._back_tests.end(self._id, self._owner, state, problem=problem, result=result)
                        return
                    except CasebookUnavailable as error:
                        _log.warning("The end of back-test %s was not written: %s", self._id, error)
                        await wait_for(never, pauses.next_s())
        except TimeoutError:
            _log.error("The end of back-test %s is not on record: the casebook does not answer.", self._id)


async def _play(run: TrialRun) -> None:
    """Play it to its end. Raises CannotRun."""
    async with run.service:
        playing = asyncio.create_task(run.service.wait_finished(), name="play")
        try:
            while not playing.done():
                await asyncio.wait([playing], timeout=REPORT_S)
                if run.stopped is not None:
                    raise CannotRun(str(run.stopped))
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)


def _check(run: TrialRun, reading: _Reading) -> None:
    """Raises CannotRun where what was read is not worth comparing."""
    report = run.service.report()
    for source in report.sources:
        if source.error:
            raise CannotRun(source.error.removeprefix(f"{HistoryUnavailable.__name__}: "))
    name = None if reading.recording is None else reading.recording.name
    for fault in [] if reading.replay is None else reading.replay.faults:
        raise CannotRun(f"Recording {name} cannot be read from line {fault.line} on: {fault.reason}.")
    if name is not None and not report.events:
        lines = [line for source in report.sources for line in source.malformed_details]
        why = f": line {lines[0].line}: {lines[0].reason}" if lines else ": from line 1 on there is nothing in it"
        raise CannotRun(f"Recording {name} holds no event{why}.")
