"""Where partitions are read on: what their pipelines saved goes before the checkpoints in the blob container."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any

from azure.eventhub.aio import CheckpointStore

from backend.ingest.event_hubs_options import Start
from backend.ingest.hub_partition import HubPartition

_STARTS = {"earliest": "-1", "latest": "@latest"}


class ResumedCheckpoints(CheckpointStore):
    """The checkpoints of a container, as the SDK asks for them before it reads partitions that it has just claimed.

    Then their pipelines are opened with `open_partition`. Where one has saved a position, or goes on in this process,
    `starts` says so, and no checkpoint does. `settle` is told which partitions this process owns.
    """

    def __init__(
        self,
        blobs: CheckpointStore,
        open_partition: Callable[[str], Awaitable[HubPartition]],
        settle: Callable[[set[str]], Awaitable[None]],
        start: Start | datetime,
    ) -> None:
        self.starts: dict[str, Any] = {}
        """Where to begin, by partition: the SDK looks here when there is no checkpoint."""
        self._blobs = blobs
        self._open_partition = open_partition
        self._settle = settle
        self._start = start if isinstance(start, datetime) else _STARTS[start]
        self._claimed: set[str] = set()

    async def list_ownership(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **kwargs: Any
    ) -> Iterable[dict[str, Any]]:
        return await self._blobs.list_ownership(fully_qualified_namespace, eventhub_name, consumer_group, **kwargs)

    async def claim_ownership(
        self, ownership_list: Iterable[dict[str, Any]], **kwargs: Any
    ) -> Iterable[dict[str, Any]]:
        wanted = list(ownership_list)
        claimed = list(await self._blobs.claim_ownership(wanted, **kwargs))
        if all(each["owner_id"] for each in wanted):  # else it lets one go
            self._claimed = {each["partition_id"] for each in claimed}
            await self._settle(self._claimed)
        return claimed

    async def list_checkpoints(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **kwargs: Any
    ) -> Iterable[dict[str, Any]]:
        found = await self._blobs.list_checkpoints(fully_qualified_namespace, eventhub_name, consumer_group, **kwargs)
        checkpoints = {each["partition_id"]: each for each in found}
        opened = await asyncio.gather(*map(self._open_partition, self._claimed))
        for partition in opened:
            reached = partition.reached
            self.starts[partition.partition_id] = self._start if reached is None else reached
            checkpoint = checkpoints.get(partition.partition_id)
            if checkpoint is not None and partition.follows(int(checkpoint["sequence_number"])):
                continue
            checkpoints.pop(partition.partition_id, None)
        return checkpoints.values()

    async def update_checkpoint(self, checkpoint: dict[str, Any], **kwargs: Any) -> None:
        await self._blobs.update_checkpoint(checkpoint, **kwargs)
