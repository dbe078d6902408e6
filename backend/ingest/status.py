"""The report of the ingest as an API response."""

from collections.abc import Sequence
from pathlib import PurePath

from backend.ingest import IngestReport, SourceReport
from backend.services.installation import (
    IngestPartition,
    IngestScores,
    IngestSource,
    IngestStatus,
    MalformedInput,
    MalformedInputs,
    RuleFailure,
)

MALFORMED_SHOWN = 20


def ingest_status(report: IngestReport, failures: Sequence[RuleFailure] = ()) -> IngestStatus:
    """The report of the ingest as the API says it, with the versions of rules that failed."""
    details = [
        MalformedInput(
            # The folders of this server are nobody's business.
            file=line.file if "://" in line.file else PurePath(line.file).name,
            line=line.line,
            reason=line.reason,
            kind=line.kind,
        )
        for source in report.sources
        for line in source.malformed_details
    ]
    return IngestStatus(
        started_at=report.started_at,
        events_read=report.events,
        alerts_by_rule=report.alerts,
        cases_opened_by_rule=report.opened,
        malformed=MalformedInputs(count=report.malformed, first=tuple(details[:MALFORMED_SHOWN])),
        dead_letters=report.dead_letters,
        mended=report.mended,
        rule_failures=tuple(failures),
        sources=tuple(_ingest_source(source) for source in report.sources),
    )


def _ingest_source(source: SourceReport) -> IngestSource:
    return IngestSource(
        name=source.name,
        source=source.alert_source,
        state=source.state,
        events_read=source.events,
        events_per_second=source.events_per_second,
        unreadable=source.malformed,
        dead_letters=source.dead_letters,
        mended=source.mended,
        alerts_refused=source.refused,
        waiting_for=source.waiting_for,
        error=source.error,
        partitions=tuple(IngestPartition(**dict(each)) for each in source.partitions),
        scores=None if source.scores is None else IngestScores(**dict(source.scores)),
    )
