"""Pipelines as a casebook keeps them: a state per partition that is saved with its position, by its last owner only."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backend.ingest import Flood, HubReading, PartitionPipeline, Poison

EVENTS_PER_ALERT = 5


@dataclass
class Record:
    """What outlives processes. Every fifth event of a customer raises an alert."""

    save_every: int = 1
    """Events between two savings of a partition."""
    alerts: Counter[str] = field(default_factory=Counter[str])
    """How often each was raised; a casebook opens each once."""
    judged: Counter[str] = field(default_factory=Counter[str])
    """How often each event was judged, by its id."""
    poison: list[Poison] = field(default_factory=list[Poison])
    flood: Counter[str] = field(default_factory=Counter[str])
    """What is not evaluated and of which nothing is kept, by kind."""
    saved: dict[str, tuple[int, Counter[int]]] = field(default_factory=dict[str, tuple[int, Counter[int]]])
    owners: dict[str, object] = field(default_factory=dict[str, object])

    def resumed(self, partition_id: str) -> tuple[int | None, Counter[int]]:
        nothing: tuple[int | None, Counter[int]] = (None, Counter[int]())
        position, counts = self.saved.get(partition_id, nothing)
        return position, counts.copy()


@dataclass
class Process:
    """One process that judges what it is given."""

    record: Record
    open_ones: set[str] = field(default_factory=set[str])
    positions: list[int] = field(default_factory=list[int])
    """Of all that it took."""
    may_judge: asyncio.Event = field(default_factory=asyncio.Event)
    is_judging: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_judge.set()

    @asynccontextmanager
    async def open(self, partition_id: str) -> AsyncGenerator[PartitionPipeline]:
        pipeline = _Pipeline(partition_id, self)
        self.record.owners[partition_id] = pipeline
        self.open_ones.add(partition_id)
        try:
            yield pipeline
        finally:
            pipeline.save()
            self.open_ones.discard(partition_id)


class _Pipeline:
    def __init__(self, partition_id: str, process: Process) -> None:
        self._partition_id = partition_id
        self._process = process
        self._record = process.record
        self._saved, self._counts = self._record.resumed(partition_id)
        self._reached: int | None = self._saved
        self._unsaved = 0

    @property
    def saved_position(self) -> int | None:
        return self._saved

    async def take(self, readings: Sequence[HubReading]) -> None:
        for number, reading in enumerate(readings):
            self._process.is_judging.set()
            await self._process.may_judge.wait()
            self._judge(reading)
            is_last = number + 1 == len(readings) or readings[number + 1].position > reading.position
            if is_last:
                self._reached = reading.position
                if self._unsaved >= self._record.save_every:
                    self.save()

    def _judge(self, reading: HubReading) -> None:
        self._process.positions.append(reading.position)
        self._unsaved += 1
        if isinstance(reading, Poison):
            self._record.poison.append(reading)
            return
        if isinstance(reading, Flood):
            self._record.flood.update(reading.counts)
            return
        customer = reading.event.customer_id
        self._record.judged[reading.event.event_id] += 1
        self._counts[customer] += 1
        if self._counts[customer] % EVENTS_PER_ALERT == 0:
            self._record.alerts[f"{customer}-{self._counts[customer]}"] += 1

    def save(self) -> None:
        """State and position in one step, unless another has opened the partition since."""
        if self._record.owners[self._partition_id] is self and self._reached is not None:
            self._record.saved[self._partition_id] = (self._reached, self._counts.copy())
            self._saved, self._unsaved = self._reached, 0
