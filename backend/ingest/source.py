"""The protocols of telemetry sources, and of what judges what they read."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias, runtime_checkable

from backend.ingest.report import MalformedLine, PartitionReport
from contracts.alert import AlertSource
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_dead_letters import DeadLetterKind
from contracts.telemetry_reader import TelemetryReader


@dataclass(frozen=True, slots=True)
class Received:
    """One event of a partition, with its place."""

    event: TelemetryEvent
    position: int
    """Grows within a partition; several events that came in one message share it."""
    arrived_at: datetime
    """When the broker took it."""


@dataclass(frozen=True, slots=True)
class Poison:
    """What came in a partition and is not evaluated, with its place."""

    position: int
    arrived_at: datetime
    kind: DeadLetterKind
    reason: str
    """One phrase."""
    body: bytes
    """As it came, from its beginning on."""
    size: int
    """How many bytes it had."""
    part: int = 0
    """Which part of its message it is, counted from 0."""
    parts_before: int = 0
    """How many parts in the beginning of `body` were evaluated, or are apart from this."""


@dataclass(frozen=True, slots=True)
class Flood:
    """Further parts of a message that are not evaluated, and of which nothing is kept."""

    position: int
    counts: Mapping[DeadLetterKind, int]


HubReading: TypeAlias = Received | Poison | Flood


class PartitionPipeline(Protocol):
    """Judges what one partition holds, one batch after the other."""

    async def take(self, readings: Sequence[HubReading]) -> None:
        """Returns when all are judged and the cases of their alerts are open. Whole messages, in order.

        May be cancelled; then the batch comes again, from `saved_position` on, here or in another process.
        """
        ...

    @property
    def saved_position(self) -> int | None:
        """All up to it is on record, so that the source need not keep it. None: nothing is.

        What is opened reads on behind it. It never runs backwards while the pipeline is open.
        """
        ...


OpenPartition: TypeAlias = Callable[[str], AbstractAsyncContextManager[PartitionPipeline]]
"""Opens the pipeline of a partition by its id. Only the last that was opened, in any process, counts."""


class Source(Protocol):
    """Something that telemetry comes from."""

    @property
    def name(self) -> str:
        """What the report and the log call it."""
        ...

    @property
    def alert_source(self) -> AlertSource:
        """What its alerts name as their source."""
        ...

    @property
    def problem(self) -> str | None:
        """Why the source delivers nothing now, in one sentence; None while it does."""
        ...

    @property
    def mended(self) -> Mapping[str, int]:
        """Repairs in its events, by kind."""
        ...

    def new_reader(self) -> TelemetryReader:
        """A reader as it reads its events with, for a piece that is read apart."""
        ...


class TelemetrySource(Source, Protocol):
    """A source that is one sequence."""

    def read(self) -> AsyncGenerator[TelemetryEvent | Received | MalformedLine]:
        """Events in the order of evaluation, and lines that are not evaluated. Times of events are plausible.

        Events of a broker come with the times at which they arrived.

        Ends when there is nothing more. Never raises for bad input or an absent peer: it reports the one
        and waits for the other. What is not asked for is not read ahead by more than one batch.
        """
        ...


@runtime_checkable
class PartitionedSource(Source, Protocol):
    """A source of several sequences, which processes share between them."""

    @property
    def partitions(self) -> Sequence[PartitionReport]:
        """How far this process is in those that it reads."""
        ...

    async def run(self, open_partition: OpenPartition) -> None:
        """Reads until cancelled, and waits for an absent peer. A partition is not read on while a batch is judged."""
        ...
