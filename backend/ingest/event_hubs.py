"""Telemetry from Azure Event Hubs: processes share the partitions of a hub, and each partition is read in order.

Sources: https://learn.microsoft.com/azure/event-hubs/event-processor-balance-partition-load,
https://learn.microsoft.com/azure/event-hubs/event-hubs-features#checkpointing
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.eventhub import EventData
from azure.eventhub.aio import CheckpointStore, EventHubConsumerClient, PartitionContext
from azure.eventhub.exceptions import AuthenticationError, ConnectError, ConnectionLostError, EventHubError
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore
from azure.identity.aio import DefaultAzureCredential

from backend.ingest.event_hubs_options import Start, TelemetryHubOptions
from backend.ingest.hub_partition import HubPartition
from backend.ingest.report import PartitionReport
from backend.ingest.resumed_checkpoints import ResumedCheckpoints
from backend.ingest.source import OpenPartition
from contracts.alert import AlertSource
from contracts.telemetry_reader import TelemetryReader, utc_now
from contracts.telemetry_times import FUTURE_TOLERANCE
from runtime.authorities import believed_file
from runtime.cancellation import end

_log = logging.getLogger(__name__)

TICK_S = 1.0
"""How often a partition in which nothing comes is looked after."""
_CONNECT_TIMEOUT_S = 30.0
_CLOSE_S = 5.0


class EventHubsSource:
    """Reads the partitions of a hub that this process owns, as a member of a consumer group.

    Who owns which is in the blob container of the checkpoints. Ownership moves when a process comes, goes or dies: then
    the next owner reads on at the position that the pipeline of the partition saved, else at its checkpoint, else at
    the configured start. The checkpoint follows what is saved. What is delivered twice is recognised by its position.
    """

    def __init__(
        self,
        options: TelemetryHubOptions,
        *,
        future_tolerance: timedelta = FUTURE_TOLERANCE,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._options = options
        self._tolerance = future_tolerance
        self._now = now
        self._partitions: dict[str, HubPartition] = {}
        self._mended = Counter[str]()
        self._problem: str | None = None
        self._faults: dict[str, str] = {}

    @property
    def name(self) -> str:
        return f"event hub {self._options.address.hub}"

    @property
    def alert_source(self) -> AlertSource:
        return "live"

    @property
    def problem(self) -> str | None:
        return self._problem or next(iter(self._faults.values()), None)

    @property
    def mended(self) -> Counter[str]:
        return sum((partition.reader.mended for partition in self._partitions.values()), Counter(self._mended))

    @property
    def partitions(self) -> Sequence[PartitionReport]:
        """How far this process is in the partitions that it owns, in their order."""
        return [self._partitions[each].report() for each in sorted(self._partitions, key=_in_order)]

    async def run(self, open_partition: OpenPartition) -> None:
        """Reads until cancelled; then all that is saved is checkpointed, and others may own the partitions."""
        async with AsyncExitStack() as stack:
            credential = None
            if self._options.address.connection_string is None or self._options.checkpoints.connection_string is None:
                credential = await stack.enter_async_context(DefaultAzureCredential())
            blobs = await stack.enter_async_context(_blob_store(self._options, credential))
            if self._options.checkpoints.connection_string is not None:
                await _make_container(blobs)
            partitions = _Partitions(self, open_partition, blobs, self._options.start)
            client = _client(self._options, credential, partitions.checkpoints)
            partitions.client = client
            stack.push_async_callback(partitions.close)
            stack.push_async_callback(_close, client)
            reading = asyncio.create_task(
                client.receive_batch(
                    partitions.take,
                    max_batch_size=self._options.batch_events,
                    prefetch=self._options.batch_events,
                    max_wait_time=TICK_S,
                    owner_level=0,
                    track_last_enqueued_event_properties=True,
                    starting_position=partitions.checkpoints.starts,
                    on_error=partitions.note_fault,
                    on_partition_initialize=partitions.begin,
                    on_partition_close=partitions.end,
                ),
                name=f"read the {self.name}",
            )
            try:
                await asyncio.wait([reading])
                reading.result()
            finally:
                await end(reading)

    # What its partitions say

    def opened(self, partition_id: str, partition: HubPartition) -> None:
        """This process owns a partition."""
        self._partitions[partition_id] = partition

    def closed(self, partition_id: str) -> None:
        """It does not any more."""
        partition = self._partitions.pop(partition_id, None)
        if partition is not None:
            self._mended += partition.reader.mended

    def owns(self, partition_ids: set[str]) -> None:
        """The hub and the checkpoints can be reached, and what is wrong with other partitions is others' matter."""
        self._problem = None
        self._faults = {each: fault for each, fault in self._faults.items() if each in partition_ids}

    def failed(self, partition_id: str | None, sentence: str | None) -> None:
        """What is wrong with a partition, or with the hub; None: nothing is any more."""
        before = self.problem
        if partition_id is None:
            self._problem = sentence
        elif sentence is None:
            self._faults.pop(partition_id, None)
        else:
            self._faults[partition_id] = sentence
        if before is None and self.problem is not None:
            _log.warning("Waiting for telemetry of the %s: %s Trying again until it comes.", self.name, self.problem)

    def new_reader(self) -> TelemetryReader:
        return TelemetryReader(now=self._now, tolerance=self._tolerance, time_unit=self._options.time_unit)


class _Partitions:
    """The partitions of one run: opened before they are read, closed when they are lost."""

    def __init__(
        self,
        source: EventHubsSource,
        open_partition: OpenPartition,
        blobs: CheckpointStore,
        start: Start | datetime,
    ) -> None:
        self.client: EventHubConsumerClient
        self.checkpoints = ResumedCheckpoints(blobs, self._open, self._settle, start)
        self._source = source
        self._open_partition = open_partition
        self._open_ones: dict[str, HubPartition] = {}

    async def _open(self, partition_id: str) -> HubPartition:
        partition = self._open_ones.get(partition_id)
        if partition is None:
            partition = HubPartition(partition_id, self._source.new_reader(), self.checkpoints.update_checkpoint)
            newest = await self.client.get_partition_properties(partition_id)
            await partition.open(self._open_partition, newest["last_enqueued_sequence_number"])
            self._open_ones[partition_id] = partition
            self._source.opened(partition_id, partition)
        return partition

    async def _settle(self, claimed: set[str]) -> None:
        """Which partitions this process owns now: what was opened and never read, and is another's, is closed."""
        self._source.owns(claimed)
        for partition_id, partition in list(self._open_ones.items()):
            if partition_id not in claimed and not partition.is_read:
                await self._close(partition_id)

    async def _close(self, partition_id: str) -> None:
        partition = self._open_ones.pop(partition_id, None)
        self._source.closed(partition_id)
        if partition is not None:
            await partition.close()

    async def begin(self, context: PartitionContext) -> None:
        _log.info("Reading partition %s of the %s.", context.partition_id, self._source.name)
        self._source.failed(context.partition_id, None)
        if partition := self._open_ones.get(context.partition_id):
            partition.is_read = True

    async def take(self, context: PartitionContext, events: list[EventData]) -> None:
        self._source.failed(context.partition_id, None)
        if partition := self._open_ones.get(context.partition_id):
            await partition.take(context, events)

    async def end(self, context: PartitionContext, reason: Any) -> None:
        _log.info("Partition %s of the %s is read no longer: %s.", context.partition_id, self._source.name, reason)
        await self._close(context.partition_id)

    async def note_fault(self, context: PartitionContext | None, error: Exception) -> None:
        # Another process has taken the partition: that is no fault.
        if isinstance(error, ConnectionLostError) and context is not None and "link:stolen" in str(error):
            return
        self._source.failed(None if context is None else context.partition_id, sentence_of(error))
        if not isinstance(error, (EventHubError, AzureError, OSError)):
            _log.error("A partition of the %s stopped.", self._source.name, exc_info=error)

    async def close(self) -> None:
        for partition_id in list(self._open_ones):
            await self._close(partition_id)


def _blob_store(options: TelemetryHubOptions, credential: DefaultAzureCredential | None) -> BlobCheckpointStore:
    checkpoints = options.checkpoints
    if checkpoints.connection_string is not None:
        return BlobCheckpointStore.from_connection_string(checkpoints.connection_string, checkpoints.container)
    assert checkpoints.url is not None
    return BlobCheckpointStore(checkpoints.url, checkpoints.container, credential=credential)


async def _make_container(blobs: BlobCheckpointStore) -> None:
    """The container of a stand-in, which nobody else makes."""
    container: Any = getattr(blobs, "_container_client")  # noqa: B009 # the store's own client has no public name
    with suppress(AzureError):
        await container.create_container()


def _client(
    options: TelemetryHubOptions, credential: DefaultAzureCredential | None, checkpoints: CheckpointStore
) -> EventHubConsumerClient:
    """A client that connects when it is used."""
    address = options.address
    shared: dict[str, Any] = {
        "checkpoint_store": checkpoints,
        "load_balancing_interval": options.balance_s,
        "partition_ownership_expiration_interval": options.lease_s,
        "auth_timeout": _CONNECT_TIMEOUT_S,
        "connection_verify": believed_file(),
    }
    if address.connection_string is not None:
        return EventHubConsumerClient.from_connection_string(
            address.connection_string, options.consumer_group, eventhub_name=address.hub, **shared
        )
    assert address.namespace is not None
    assert credential is not None
    return EventHubConsumerClient(address.namespace, address.hub, options.consumer_group, credential, **shared)


async def _close(client: EventHubConsumerClient) -> None:
    """Close a client; a partition that goes on reading is told again to end."""
    closing = asyncio.create_task(client.close())
    done, _ = await asyncio.wait([closing], timeout=_CLOSE_S)
    if not done:
        await end(closing)
        await client.close()


def _in_order(partition_id: str) -> tuple[int, str]:
    return (int(partition_id) if partition_id.isdigit() else -1, partition_id)


def sentence_of(error: Exception) -> str:
    """What went wrong, in words in which no address, key or token stands."""
    match error:
        case AuthenticationError():
            return "Event Hubs did not let this process in: check its identity and its role."
        case ClientAuthenticationError():
            return "The blob container of the checkpoints did not let this process in: check its identity and its role."
        case EventHubError() if isinstance(error, ConnectError | ConnectionLostError):
            return "Event Hubs cannot be reached."
        case EventHubError():
            return f"Event Hubs gave no events ({type(error).__name__})."
        case AzureError():
            return f"The checkpoints cannot be read or written ({type(error).__name__})."
        case OSError() | asyncio.TimeoutError():
            return "Event Hubs cannot be reached."
        case _:
            return f"A batch could not be judged ({type(error).__name__})."
