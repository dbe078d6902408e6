"""One partition of an event hub while this process owns it."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from anyio import to_thread
from azure.core.exceptions import AzureError
from azure.eventhub import EventData
from azure.eventhub.aio import PartitionContext
from azure.eventhub.amqp import AmqpMessageBodyType

from backend.ingest.event_bodies import BadPart, events_in
from backend.ingest.report import PartitionReport
from backend.ingest.source import Flood, HubReading, OpenPartition, PartitionPipeline, Poison, Received
from contracts.telemetry_dead_letters import KEPT_BYTES, DeadLetterKind
from contracts.telemetry_reader import TelemetryReader

_log = logging.getLogger(__name__)

CHECKPOINT_EVERY_S = 1.0
"""A checkpoint costs a request: between two of a partition there is so much time, but for the last."""

MAX_LETTERS = 100
"""Of what a message holds and is not evaluated, so many parts are kept; the others are counted."""
_FULL_READINGS, _FULL_LETTERS = 5_000, 500
"""Messages of a batch are judged together until they hold so much: with one more message, that is all in memory."""

UpdateCheckpoint = Callable[[dict[str, Any]], Awaitable[None]]


class HubPartition:
    """Hands what is read to the pipeline, and lets the checkpoint follow what that has saved. One batch at a time."""

    def __init__(
        self,
        partition_id: str,
        reader: TelemetryReader,
        update_checkpoint: UpdateCheckpoint,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.partition_id = partition_id
        self.reader = reader
        self.is_read = False
        """Whether the SDK has begun to read it: then it says when that ends."""
        self.reached: int | None = None
        """The position of the last message that was judged; what is at or below it is not judged again."""
        self._pipeline: PartitionPipeline
        self._stack = AsyncExitStack()
        self._update_checkpoint = update_checkpoint
        self._monotonic = monotonic
        self._unsaved: deque[tuple[int, str]] = deque()
        """Position and offset of what was judged and is not checkpointed, oldest first."""
        self._due: tuple[int, str] | None = None
        """What is saved and not checkpointed."""
        self._next_checkpoint = float("-inf")
        self._place: dict[str, Any] = {}
        self._newest = -1
        self._newest_at: datetime | None = None
        self._batch: asyncio.Task[None] | None = None

    async def open(self, open_partition: OpenPartition, newest: int) -> None:
        """Open the pipeline; `newest` is the position of the last message that the partition holds."""
        self._newest = newest
        self._pipeline = await self._stack.enter_async_context(open_partition(self.partition_id))
        saved = self._pipeline.saved_position
        if saved is not None and saved > newest:
            _log.error(
                "Partition %s ends at %d, and all up to %d is on record: it is another hub than before, and read from "
                "its start.",
                self.partition_id,
                newest,
                saved,
            )
            return
        self.reached = saved

    def follows(self, checkpoint: int) -> bool:
        """Whether reading begins behind this checkpoint: it is in the partition, and nothing is saved."""
        if self.reached is not None or self._pipeline.saved_position is not None or checkpoint > self._newest:
            return False
        self.reached = checkpoint
        return True

    async def take(self, context: PartitionContext, events: Sequence[EventData]) -> None:
        """Judge a batch; without one, only look what has been saved."""
        task = asyncio.current_task()
        assert task is not None
        self._batch = task
        try:
            self._place = {
                "fully_qualified_namespace": context.fully_qualified_namespace,
                "eventhub_name": context.eventhub_name,
                "consumer_group": context.consumer_group,
                "partition_id": self.partition_id,
            }
            self._newest = _newest_in(context, self._newest)
            fresh = self._fresh(events)
            left = iter(fresh)
            while readings := await to_thread.run_sync(readings_in, left, self.reader):
                await self._pipeline.take(readings)
                self._taken(fresh, readings[-1].position)
                del readings  # or it would be in memory beside the next
            await self._checkpoint()
        finally:
            self._batch = None

    async def close(self) -> None:
        """End the batch that is being judged, if there is one, and checkpoint what is saved."""
        batch = self._batch
        if batch is not None and batch is not asyncio.current_task():
            batch.cancel()
            await asyncio.wait([batch])
        await self._stack.aclose()
        await self._checkpoint(is_last=True)

    def report(self) -> PartitionReport:
        """How far it is."""
        return PartitionReport(
            partition=self.partition_id,
            position=self.reached,
            saved_position=self._pipeline.saved_position,
            behind=0 if self.reached is None else max(0, self._newest - self.reached),
            newest_at=self._newest_at,
        )

    def _fresh(self, events: Sequence[EventData]) -> list[EventData]:
        """Those that have not been judged: after a broken connection some come again."""
        fresh: list[EventData] = []
        last = -1 if self.reached is None else self.reached
        for event in events:
            number = event.sequence_number
            assert number is not None, "every event that a hub delivers has one"
            if number > last:
                fresh.append(event)
                last = number
        if fresh and self.reached is not None and (gap := (fresh[0].sequence_number or 0) - self.reached - 1):
            _log.error("Partition %s no longer held %d events that were not yet read.", self.partition_id, gap)
        return fresh

    def _taken(self, events: Sequence[EventData], position: int) -> None:
        """Those of the batch up to that position were judged."""
        reached = -1 if self.reached is None else self.reached
        for event in events:
            number = event.sequence_number or 0
            if reached < number <= position:
                self._unsaved.append((number, str(event.offset)))
                self.reached, self._newest_at = number, event.enqueued_time

    async def _checkpoint(self, *, is_last: bool = False) -> None:
        saved = self._pipeline.saved_position
        while saved is not None and self._unsaved and self._unsaved[0][0] <= saved:
            self._due = self._unsaved.popleft()
        if self._due is None or (self._monotonic() < self._next_checkpoint and not is_last):
            return
        self._next_checkpoint = self._monotonic() + CHECKPOINT_EVERY_S
        sequence_number, offset = self._due
        try:
            await self._update_checkpoint({**self._place, "sequence_number": sequence_number, "offset": offset})
        except AzureError as error:
            # What is saved is on record all the same: it is tried with the next.
            _log.warning("The checkpoint of partition %s was not written: %s", self.partition_id, type(error).__name__)
            return
        if self._due == (sequence_number, offset):
            self._due = None


def readings_in(events: Iterator[EventData], reader: TelemetryReader) -> list[HubReading]:
    """What the next messages hold, in their order: whole messages, until it is enough for one time. None: no more."""
    found: list[HubReading] = []
    letters = 0
    for event in events:
        held = _held(event, reader)
        found += held
        letters += sum(not isinstance(each, Received) for each in held)
        if len(found) >= _FULL_READINGS or letters >= _FULL_LETTERS:
            break
    return found


def _held(event: EventData, reader: TelemetryReader) -> list[HubReading]:
    """What a message holds: at least one."""
    position, arrived_at = event.sequence_number, event.enqueued_time
    assert position is not None
    assert arrived_at is not None
    found: list[HubReading] = []
    letters, beyond = 0, Counter[DeadLetterKind]()
    for reading in events_in(_body_of(event), reader):
        if not isinstance(reading, BadPart):
            found.append(Received(reading, position, arrived_at))
        elif letters == MAX_LETTERS and not reading.is_whole_body:
            beyond[reading.letter.kind] += 1
        else:
            letters += 1
            found.append(_poison(reading, position, arrived_at))
    if beyond:
        found.append(Flood(position, beyond))
    return found


def _poison(bad: BadPart, position: int, arrived_at: datetime) -> Poison:
    return Poison(
        position,
        arrived_at,
        bad.letter.kind,
        bad.letter.reason,
        bad.letter.body,
        bad.letter.size,
        part=bad.number,
        parts_before=bad.number if bad.is_whole_body else 0,
    )


def _newest_in(context: PartitionContext, known: int) -> int:
    """The position of the last message that the partition holds, as far as the last delivery told."""
    told: Any = (context.last_enqueued_event_properties or {}).get("sequence_number")
    return known if told is None else max(known, told)


def _body_of(event: EventData) -> bytes:
    body: Any = event.body
    match event.body_type:
        case AmqpMessageBodyType.DATA:
            return b"".join(body)
        case _:
            # What is no data is shown as it is: the reader says that it is no event, unless it is a text of one.
            text: str | bytes = body if isinstance(body, str | bytes) else repr(body)[:KEPT_BYTES]
            return text.encode() if isinstance(text, str) else text
