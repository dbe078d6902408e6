"""The state of the ingest: sources, counts, repairs, dead letters."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.alert import AlertSource
from contracts.base import Contract, UtcDateTime
from contracts.telemetry_dead_letters import DeadLetter, DeadLetterKind


class MalformedLine(Contract):
    """Input that was not evaluated: it could not be parsed, or its time is impossible."""

    file: str
    """Path of the recording, or address of the stream."""
    line: Annotated[int, Field(ge=0)]
    """Line number, counted from 1. Of a stream: the offset after which the line came."""
    reason: str
    kind: DeadLetterKind = "unreadable"
    body: Annotated[bytes, Field(exclude=True, repr=False)] = b""
    """As it came, from its beginning on."""
    size: Annotated[int, Field(exclude=True, ge=0)] = 0
    """How many bytes it had."""
    part: Annotated[int, Field(exclude=True, ge=0)] = 0
    """Which part it is of what was read at that place, counted from 0."""
    parts_before: Annotated[int, Field(exclude=True, ge=0)] = 0
    """How many parts in the beginning of `body` were evaluated, or are apart from this."""


def malformed(letter: DeadLetter, file: str, number: int, part: int) -> MalformedLine:
    """A dead letter of the reader with its place."""
    return MalformedLine(
        file=file,
        line=number,
        kind=letter.kind,
        reason=letter.reason,
        body=letter.body,
        size=letter.size,
        part=part,
    )


class PartitionReport(Contract):
    """How far this process is in one partition of a source."""

    partition: str
    position: int | None
    """Of the last message that was judged; null before the first."""
    saved_position: int | None
    """All up to it is on record; null: nothing is."""
    behind: Annotated[int, Field(ge=0)]
    """Messages that the partition holds behind `position`, as far as is known."""
    newest_at: UtcDateTime | None
    """When the broker took the last one that was judged."""


class ScoresReport(Contract):
    """What this process scores of a source."""

    charges: Annotated[int, Field(ge=0)]
    """Scored, of the partitions that it has now."""
    waiting: Annotated[int, Field(ge=0)]
    """Those that wait for what they turn out to be."""
    model: Annotated[int, Field(ge=0)]
    """The oldest version of the model that one of them is scored by; 0: none yet."""


SourceState = Literal["waiting", "reading", "finished", "failed"]
"""`waiting`: the peer does not answer at the moment. `finished`: there is nothing more, as no live stream ever says."""


class SourceReport(Contract):
    """One source since it was started."""

    name: str
    alert_source: AlertSource
    started_at: UtcDateTime
    state: SourceState
    events: int
    events_per_second: float
    """Mean since the start, until now or until the source finished."""
    malformed: int
    """Lines that could not be read."""
    malformed_details: tuple[MalformedLine, ...]
    """The first 20 lines that were not evaluated."""
    dead_letters: dict[str, int]
    """Dead letters: events that were parsed and not evaluated, because their time is impossible, by kind."""
    mended: dict[str, int]
    """Repairs in evaluated events, by kind."""
    alerts: dict[str, int]
    """Alerts raised that have a case, by rule."""
    opened: dict[str, int] = Field(default_factory=dict[str, int])
    """Of these, alerts whose case this process opened, by rule."""
    refused: int
    """Alerts that can never be opened: `gives_up_on`."""
    waiting_for: str | None
    """The alert that could not be opened yet; the source waits for it."""
    error: str | None
    """Why nothing comes, while it is waiting or when it has failed."""
    partitions: tuple[PartitionReport, ...] = ()
    """Those that this process reads, of a source that processes share."""
    scores: ScoresReport | None = None
    """Null where charges are not scored."""


class IngestReport(Contract):
    """All sources."""

    started_at: UtcDateTime | None
    """Null before the service is entered."""
    finished: bool
    """True when there are sources and none has anything more to give."""
    events: int
    malformed: int
    dead_letters: dict[str, int]
    mended: dict[str, int]
    alerts: dict[str, int]
    opened: dict[str, int] = Field(default_factory=dict[str, int])
    """Of these, alerts whose case this process opened: not those of which another had opened it already, by rule."""
    sources: tuple[SourceReport, ...]
