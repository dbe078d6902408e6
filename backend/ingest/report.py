"""What ingest has done so far, as the operations pages show it."""

from contracts.alert import AlertSource
from contracts.model import Contract, UtcDateTime


class MalformedLine(Contract):
    """Input that could not be read and was skipped."""

    where: str
    """`{file}:{line}`, or `{url} after offset {n}`."""
    reason: str


class SourceReport(Contract):
    """One source since it was started."""

    name: str
    alert_source: AlertSource
    started_at: UtcDateTime
    finished: bool
    """True when the source has nothing more to give. A live stream never finishes."""
    events: int
    events_per_second: float
    """Mean since the start, until now or until the source finished."""
    malformed: int
    malformed_details: tuple[MalformedLine, ...]
    """The first 20."""
    alerts: dict[str, int]
    """Alerts opened, by rule."""
    waiting_for: str | None
    """The alert that could not be opened yet; the source waits for it."""
    error: str | None
    """Why the source stopped before its end, if it did."""


class IngestReport(Contract):
    """All sources."""

    started_at: UtcDateTime | None
    """Null before the service is entered."""
    finished: bool
    """True when there are sources and none has anything more to give."""
    events: int
    malformed: int
    alerts: dict[str, int]
    sources: tuple[SourceReport, ...]
