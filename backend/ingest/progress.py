"""The counters of one source, and what they report."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from backend.ingest.dead_letters import DeadLetterBook, new_letter
from backend.ingest.pipeline import Pipeline
from backend.ingest.report import MalformedLine, ScoresReport, SourceReport, SourceState
from backend.ingest.source import Flood, PartitionedSource, Poison, TelemetrySource
from contracts.telemetry_dead_letters import DeadLetterKind
from contracts.telemetry_reader import utc_now

_log = logging.getLogger("backend.ingest.service")

_MAX_DETAILS = 20


@dataclass(slots=True)
class Progress:
    """The counters of one source."""

    source: TelemetrySource | PartitionedSource
    started_at: datetime
    started: float
    book: DeadLetterBook | None = None
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
    pipelines: dict[str, Pipeline] = field(default_factory=dict[str, Pipeline])
    """What judges it: of each partition one, or one without a name."""

    @property
    def state(self) -> SourceState:
        if self.error:
            return "failed"
        if self.finished:
            return "finished"
        return "waiting" if self.source.problem else "reading"

    def skip(self, line: MalformedLine, partition_id: str | None = None, at: datetime | None = None) -> None:
        """Counts lines that are not evaluated, and has them put on record; the first few are kept and logged."""
        if self.book is not None:
            self.book.add(new_letter(line, self.source, partition_id, at or utc_now()))
        self._count(line.kind, 1)
        if len(self.details) < _MAX_DETAILS:
            self.details.append(line)
            _log.warning("Skipped %s, line %d: %s", line.file, line.line, line.reason)

    def skip_poison(self, poison: Poison, partition_id: str) -> None:
        """The same for what came in a partition."""
        file = f"{self.source.name}, partition {partition_id}"
        line = MalformedLine(
            file=file,
            line=poison.position,
            kind=poison.kind,
            reason=poison.reason,
            body=poison.body,
            size=poison.size,
            part=poison.part,
            parts_before=poison.parts_before,
        )
        self.skip(line, partition_id, poison.arrived_at)

    def skip_flood(self, flood: Flood) -> None:
        """Counts what is not evaluated, and of which nothing is kept."""
        for kind, number in flood.counts.items():
            self._count(kind, number)
            if self.book is not None:
                self.book.count((self.source.name, kind), number)

    def _count(self, kind: DeadLetterKind, number: int) -> None:
        if kind == "unreadable":
            self.malformed += number
        else:
            self.dead_letters[kind] += number

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
            partitions=tuple(self.source.partitions) if isinstance(self.source, PartitionedSource) else (),
            scores=self._scores(),
        )

    def _scores(self) -> ScoresReport | None:
        scorers = [each.scorer for each in self.pipelines.values() if each.scorer is not None]
        if not scorers:
            return None
        return ScoresReport(
            charges=sum(each.scored for each in scorers),
            waiting=sum(each.waiting for each in scorers),
            model=min(each.model for each in scorers),
        )
