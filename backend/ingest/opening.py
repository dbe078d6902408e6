"""Opens the sources that the settings name, and reads them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from uuid import uuid4

from backend.background_jobs import jobs_running
from backend.ingest.dead_letters import DeadLetterBook
from backend.ingest.retries import LetterRetries
from backend.ingest.rule_refresh import RuleRefresh
from backend.ingest.score_feed import ScoreFeed
from backend.ingest.score_learning import ScoreLearning
from backend.ingest.selection import choose_sources
from backend.ingest.service import IngestService
from backend.ingest.settings import TelemetrySettings
from backend.ingest.signal_counts import SignalCounts
from backend.ingest.source import PartitionedSource, TelemetrySource
from backend.ingest.status import ingest_status
from backend.services.errors import AlertIdTaken
from backend.services.installation import IngestStatus
from casebook.async_api import AsyncDeadLetters, AsyncDetectionRules, AsyncDetectorStates, AsyncRiskScore
from casebook.errors import CasebookUnavailable, CasePurged
from contracts.alert import Alert
from contracts.telemetry import TelemetryEvent

_log = logging.getLogger(__name__)

_LAST_LETTERS_S = 5.0
"""How long dead letters may take to be written when the process stops."""

GIVEN_UP = (AlertIdTaken, CasePurged)
"""What says that an alert can never be opened."""


def sources_of(settings: TelemetrySettings) -> list[TelemetrySource | PartitionedSource]:
    """The sources of telemetry, as this process reads them. Nothing is read yet."""
    return choose_sources(
        replay_files=settings.replay_files,
        replay_pace=settings.replay_pace,
        producer_enabled=settings.event_producer_enabled,
        telemetry_url=settings.telemetry_url,
        hub=settings.telemetry_hub,
        future_tolerance=timedelta(minutes=settings.telemetry_future_tolerance_minutes),
        replay_time_unit=settings.replay_time_unit,
        stream_time_unit=settings.telemetry_time_unit,
    )


@dataclass(frozen=True, slots=True)
class Ingest:
    """What reads telemetry, and what it says of itself."""

    service: IngestService
    counts: SignalCounts

    @property
    def status(self) -> IngestStatus:
        """What was done up to this moment."""
        return ingest_status(self.service.report(), self.counts.failures)


@asynccontextmanager
async def ingesting(
    sources: Sequence[TelemetrySource | PartitionedSource],
    open_alert: Callable[[Alert], Awaitable[object]],
    on_telemetry: Callable[[TelemetryEvent], object],
    letters: AsyncDeadLetters,
    states: AsyncDetectorStates,
    rules: AsyncDetectionRules,
    scores: AsyncRiskScore,
    lateness: timedelta,
    on_failure: Callable[[], None],
) -> AsyncGenerator[Ingest]:
    """Reads all sources while the context is open, keeps what is not evaluated, and tries it again when asked to."""
    if sources:
        # Here, and not at the first charge, where everything else would wait for it.
        await asyncio.to_thread(import_module, "backend.scoring.regression")
    book, counts, refresh = DeadLetterBook(letters.keep), SignalCounts(rules.count_signals), RuleRefresh(rules)
    service = IngestService(
        sources=sources,
        open_alert=open_alert,
        on_telemetry=on_telemetry,
        gives_up_on=GIVEN_UP,
        dead_letters=book,
        rules=await refresh.read_first() if sources else refresh.rules,
        on_signal=counts.add,
        lateness=lateness,
        states=states,
        scores=ScoreFeed(scores),
    )
    owner = f"ingest-{uuid4().hex}"
    retries = LetterRetries(letters, service.judge_again, lambda: service.open_partitions, owner)

    async def follow_rules() -> None:
        await refresh.run(service.use)

    score_jobs = (service.follow_scores, ScoreLearning(scores).run)
    jobs = (book.run, retries.run, counts.run, follow_rules, *score_jobs) if sources else ()
    async with jobs_running(*jobs, on_failure=on_failure), service:
        yield Ingest(service, counts)
    try:
        async with asyncio.timeout(_LAST_LETTERS_S):
            await book.settle()
            await counts.write()
    except (TimeoutError, CasebookUnavailable):
        _log.warning("The last dead letters and counts were not written: the casebook does not answer.")
