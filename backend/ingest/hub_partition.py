"""One partition of an event hub while this process owns it."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from anyio import to_thread
from azure.core.exceptions import AzureError
from azure.eventhub import EventData
from azure.eventhub.aio import PartitionContext
from azure.eventhub.amqp import AmqpMessageBodyType

from backend.ingest.event_bodies import BadPart, events_in
from backend.ingest.report import KEPT_BYTES, PartitionReport
from backend.ingest.source import OpenPartition, PartitionPipeline, Poison, Received
from contracts.telemetry_reader import TelemetryReader

_log = logging.getLogger(__name__)

CHECKPOINT_EVERY_S = 1.0
"""A checkpoint costs a request: between two of a partition there is so much time, but for the last."""

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
            if fresh:
                readings = await to_thread.run_sync(readings_in, fresh, self.reader)
                await self._pipeline.take(readings)
                self._taken(fresh)
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

    def _taken(self, events: Sequence[EventData]) -> None:
        for event in events:
            self._unsaved.append((event.sequence_number or 0, str(event.offset)))
        last = events[-1]
        self.reached, self._newest_at = last.sequence_number, last.enqueued_time

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


def readings_in(events: Sequence[EventData], reader: TelemetryReader) -> list[Received | Poison]:
    """What messages hold, in their order."""
    found: list[Received | Poison] = []
    for event in events:
        position, arrived_at = event.sequence_number, event.enqueued_time
        assert position is not None
        assert arrived_at is not None
        for reading in events_in(_body_of(event), _encoding_of(event), reader):
            if isinstance(reading, BadPart):
                letter = reading.letter
                found.append(Poison(position, arrived_at, letter.kind, letter.reason, reading.body, reading.size))
            else:
                found.append(Received(reading, position, arrived_at))
    return found


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


def _encoding_of(event: EventData) -> str | None:
    properties: Any = event.raw_amqp_message.properties
    encoding = None if properties is None else properties.content_encoding
    return encoding.decode(errors="replace") if isinstance(encoding, bytes) else encoding
