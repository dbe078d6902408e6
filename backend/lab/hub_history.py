"""What an event hub holds, read once more: beside the ingest, which goes on undisturbed.

Partitions are read without an owner level and by a consumer group of their own: of one group, whoever reads without a
level is refused while an owner reads. Nothing is checkpointed.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any

from anyio import to_thread
from azure.core.exceptions import AzureError
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext
from azure.eventhub.exceptions import EventHubError
from azure.identity.aio import DefaultAzureCredential

from backend.ingest.event_hubs import sentence_of
from backend.ingest.event_hubs_options import TelemetryHubOptions
from backend.ingest.hub_partition import readings_in
from backend.ingest.report import MalformedLine
from backend.ingest.source import Flood, Poison, Received, TelemetrySource
from backend.lab.history import HistoryUnavailable
from contracts.alert import AlertSource
from contracts.telemetry import TelemetryEvent
from contracts.telemetry_reader import TelemetryReader
from runtime.cancellation import end

IDLE_S = 5.0
"""A partition that gives nothing for so long has given what it had."""
_WAITING = 2
"""Batches of a partition that wait to be judged, at most."""
_CONNECT_TIMEOUT_S = 30.0


@asynccontextmanager
async def hub_histories(
    options: TelemetryHubOptions, group: str, since: datetime, future_tolerance: timedelta
) -> AsyncGenerator[list[TelemetrySource]]:
    """One source for each partition that holds anything: from `since` to what is the newest now.

    Raises HistoryUnavailable when the hub cannot be reached.
    """
    async with AsyncExitStack() as stack:
        client = await _client(options, group, stack)
        stack.push_async_callback(client.close)
        sources: list[TelemetrySource] = []
        try:
            for partition_id in await client.get_partition_ids():
                told = await client.get_partition_properties(partition_id)
                if not told["is_empty"]:
                    reader = TelemetryReader(tolerance=future_tolerance, time_unit=options.time_unit)
                    last = told["last_enqueued_sequence_number"]
                    sources.append(PartitionHistory(client, partition_id, since, last, reader, options.batch_events))
        except (EventHubError, AzureError, OSError) as error:
            raise HistoryUnavailable(sentence_of(error)) from error
        yield sources


async def _client(options: TelemetryHubOptions, group: str, stack: AsyncExitStack) -> EventHubConsumerClient:
    address = options.address
    if address.connection_string is not None:
        return EventHubConsumerClient.from_connection_string(
            address.connection_string, group, eventhub_name=address.hub, auth_timeout=_CONNECT_TIMEOUT_S
        )
    assert address.namespace is not None
    credential = await stack.enter_async_context(DefaultAzureCredential())
    return EventHubConsumerClient(address.namespace, address.hub, group, credential, auth_timeout=_CONNECT_TIMEOUT_S)


class PartitionHistory:
    """What one partition holds, to the message that is the newest now. Judged by when the hub took each message."""

    def __init__(
        self,
        client: EventHubConsumerClient,
        partition_id: str,
        since: datetime,
        last: int,
        reader: TelemetryReader,
        batch_events: int,
    ) -> None:
        self._client = client
        self._partition_id = partition_id
        self._since = since
        self._last = last
        self._reader = reader
        self._batch_events = batch_events

    @property
    def name(self) -> str:
        return f"history of partition {self._partition_id}"

    @property
    def alert_source(self) -> AlertSource:
        return "replay"

    @property
    def problem(self) -> str | None:
        return None

    @property
    def mended(self) -> Counter[str]:
        return self._reader.mended

    def new_reader(self) -> TelemetryReader:
        return self._reader

    async def read(self) -> AsyncGenerator[TelemetryEvent | Received | MalformedLine]:
        """Raises HistoryUnavailable when the hub gives no events."""
        batches: asyncio.Queue[list[EventData] | Exception] = asyncio.Queue(_WAITING)

        async def take(_: PartitionContext, events: list[EventData]) -> None:
            await batches.put(events)

        async def fail(_: PartitionContext | None, error: Exception) -> None:
            await batches.put(error)

        receiving: Any = self._client.receive_batch(
            take,
            partition_id=self._partition_id,
            starting_position=self._since,
            starting_position_inclusive=True,
            max_batch_size=self._batch_events,
            prefetch=self._batch_events,
            max_wait_time=IDLE_S,
            on_error=fail,
        )
        task = asyncio.create_task(receiving, name=f"read {self.name}")
        try:
            while events := await self._next(batches):
                fresh = [event for event in events if (event.sequence_number or 0) <= self._last]
                left = iter(fresh)
                while readings := await to_thread.run_sync(readings_in, left, self._reader):
                    for reading in readings:
                        if isinstance(reading, Received):
                            yield reading
                        else:
                            for line in self._malformed(reading):
                                yield line
                if (events[-1].sequence_number or 0) >= self._last:
                    return
        finally:
            await end(task)

    async def _next(self, batches: "asyncio.Queue[list[EventData] | Exception]") -> Sequence[EventData]:
        """The next messages; none: there are no more."""
        batch = await batches.get()
        if isinstance(batch, Exception):
            raise HistoryUnavailable(sentence_of(batch)) from batch
        return batch

    def _malformed(self, reading: Poison | Flood) -> Iterator[MalformedLine]:
        """Each part once: nothing of them is kept."""
        file, line = f"partition {self._partition_id}", reading.position
        if isinstance(reading, Poison):
            yield MalformedLine(file=file, line=line, kind=reading.kind, reason=reading.reason)
        else:
            for kind, number in reading.counts.items():
                one = MalformedLine(file=file, line=line, kind=kind, reason="it is one of many")
                yield from repeat(one, number)
