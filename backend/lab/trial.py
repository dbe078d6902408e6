"""One back-test from its first event to its result: the ingest's own service, with two versions of one rule."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.detection import RuleBook, Signal
from backend.ingest.report import IngestReport
from backend.ingest.service import IngestService
from backend.ingest.source import TelemetrySource
from backend.lab.comparison import (
    Comparison,
    Findings,
    TooManyAlerts,
    by_customer,
    by_day,
    compare,
    listed,
    quality_by_decisions,
    quality_by_file,
    totals,
)
from backend.lab.episodes import Episodes
from casebook.commands.back_tests import BackTestProgress
from contracts.alert import Alert
from contracts.back_tests import BackTestResult, Quality
from contracts.telemetry import TelemetryEvent

_GAP = timedelta(hours=1)
"""What a source may lack at the beginning without a word: somebody is always asleep."""


@dataclass(frozen=True)
class Trial:
    """What is tried, and on what."""

    sources: Sequence[TelemetrySource]
    rules: RuleBook
    """The version that is compared with as the live one, and the one that is tried as the one in shadow."""
    compared_with: int
    version: int
    lateness: timedelta
    counted_from: datetime | None = None
    labelled: frozenset[str] | None = None
    """Ids of labelled events; None: there are no labels."""
    share: Callable[[datetime | None, datetime | None], float | None] = lambda _first, _newest: None
    """How much is done, by the times of the first and the newest event."""


class TrialRun:
    """Runs one trial. The sources are read by an `IngestService`, as live ones are: the same parsing, order, states and
    rules. Only the cases are not opened."""

    def __init__(self, trial: Trial, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._trial = trial
        self._monotonic = monotonic
        self._started = monotonic()
        self._before = Findings(trial.compared_with, trial.counted_from)
        self._after = Findings(trial.version, trial.counted_from)
        self._episodes = None if trial.labelled is None else Episodes(trial.labelled)
        self._failures: dict[int, tuple[str, int]] = {}
        """By version: what went wrong first, and at how many events something did."""
        self._events = 0
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None
        self.stopped: TooManyAlerts | None = None
        """Why it is not worth going on."""
        self.service = IngestService(
            sources=trial.sources,
            open_alert=_open_nothing,
            on_telemetry=self._note,
            rules=trial.rules,
            on_signal=self._keep,
            lateness=trial.lateness,
        )

    def progress(self) -> BackTestProgress:
        """How far it is."""
        return BackTestProgress(self._events, self._last_at, self._trial.share(self._first_at, self._last_at))

    def comparison(self) -> Comparison:
        """What both versions raised."""
        return compare(self._before, self._after)

    @property
    def alert_ids(self) -> list[str]:
        """Of both versions."""
        return sorted({*self._before.ids, *self._after.ids})

    def quality(self, comparison: Comparison, opinions: dict[str, bool]) -> Quality | None:
        """What labels say: those of the recording, else people's opinions of alerts; None: nothing."""
        if self._episodes is not None:
            return quality_by_file(comparison, self._episodes)
        return quality_by_decisions(comparison, opinions) if opinions else None

    def result(self, opinions: dict[str, bool], notes: Sequence[str] = ()) -> BackTestResult:
        """What was found. `opinions`: of alerts whose cases were decided."""
        comparison = self.comparison()
        report = self.service.report()
        customers, more = by_customer(comparison)
        episodes = self._episodes

        def label_of(alert_id: str, triggers: Sequence[str]) -> bool | None:
            return opinions.get(alert_id) if episodes is None else bool(episodes.hit_by(triggers))

        lists = {
            side: listed(alerts, lambda each: label_of(each.alert_id, each.triggers))
            for side, alerts in comparison.sides.items()
        }
        return BackTestResult(
            events=self._events,
            skipped=_skipped(report),
            first_at=self._first_at,
            last_at=self._last_at,
            counted_from=self._trial.counted_from,
            seconds=round(self._monotonic() - self._started, 3),
            total=totals(comparison),
            moved=comparison.moved,
            days=by_day(comparison),
            customers=customers,
            customers_more=more,
            gained=lists["gained"],
            lost=lists["lost"],
            kept=lists["kept"],
            before_digest=self._before.digest,
            after_digest=self._after.digest,
            quality=self.quality(comparison, opinions),
            notes=(*notes, *self._notes(report)),
        )

    def _notes(self, report: IngestReport) -> list[str]:
        notes: list[str] = []
        asked, first = self._trial.counted_from, self._first_at
        if asked is not None and (first is None or first > asked + _GAP):
            holds = (
                "holds no telemetry" if first is None else f"holds telemetry from {first:%Y-%m-%d %H:%M} UTC on only"
            )
            notes.append(f"The source {holds}: what was before it is not in this result.")
        for version, (reason, events) in sorted(self._failures.items()):
            notes.append(
                f"Version {version} failed at {events:,} events: what it would have found there is missing. {reason}."
            )
        skipped = _skipped(report)
        if skipped:
            first_line = next((line for source in report.sources for line in source.malformed_details), None)
            where = "" if first_line is None else f" First: line {first_line.line}, {first_line.reason}."
            notes.append(f"{skipped:,} pieces of input were skipped, as in live ingestion.{where}")
        if self._episodes is not None and not self._episodes.events:
            notes.append("None of the labelled events is in the recording: check that the labels are of this one.")
        return notes

    def _note(self, event: TelemetryEvent) -> None:
        self._events += 1
        at = event.occurred_at
        self._first_at = at if self._first_at is None else min(self._first_at, at)
        self._last_at = at if self._last_at is None else max(self._last_at, at)
        if self._episodes is not None:
            self._episodes.note(event)

    def _keep(self, signal: Signal) -> None:
        if signal.fate == "failed":
            first, events = self._failures.get(signal.rule_version, (signal.reason, 0))
            self._failures[signal.rule_version] = first, events + 1
            return
        findings = self._after if signal.fate == "shadow" else self._before
        try:
            findings.add(signal.alert)
        except TooManyAlerts as problem:
            self.stopped = problem


def _skipped(report: IngestReport) -> int:
    return report.malformed + sum(report.dead_letters.values())


async def _open_nothing(_: Alert) -> bool:
    """A back-test opens no case."""
    return False
