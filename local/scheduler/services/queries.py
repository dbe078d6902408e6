"""RPCs of clients about many orchestrations, and histories."""

import asyncio

from google.protobuf.wrappers_pb2 import BoolValue

from local.scheduler.engine import PURGE_PART
from local.scheduler.errors import ExecutionNotFound
from local.scheduler.operations import entities, instances
from local.scheduler.operations.context import OperationContext
from local.scheduler.protocol.wire import micros, optional_text, pb, split_events, text, to_bytes
from local.scheduler.services.calls import Call
from local.scheduler.services.responses import orchestration_state
from local.scheduler.services.service import Service, after_token, how_many_fit, page_size, page_token
from local.scheduler.store.interface import InstanceFilter, Reader
from local.scheduler.store.rows import Status

CHUNK_BYTES = 512 * 1024


class Queries(Service):
    """What clients do with many orchestrations, and histories."""

    async def QueryInstances(self, request: pb.QueryInstancesRequest, call: Call) -> pb.QueryInstancesResponse:  # noqa: N802
        hub = await self._hub(call)
        query = request.query
        where = InstanceFilter(
            hub,
            tuple(dict.fromkeys(query.runtimeStatus)),
            micros(query.createdTimeFrom) if query.HasField("createdTimeFrom") else None,
            micros(query.createdTimeTo) if query.HasField("createdTimeTo") else None,
            optional_text(query, "instanceIdPrefix"),
        )
        after = after_token(optional_text(query, "continuationToken"))
        limit = page_size(query.maxInstanceCount)
        payloads = query.fetchInputsAndOutputs
        page = await self._engine.read(lambda reader: reader.query_instances(where, after, limit, payloads))
        states = [orchestration_state(row, payload, payloads=payloads) for row, payload in page.items]
        fitting = how_many_fit(states)
        last = page.items[fitting - 1][0] if fitting < len(states) else None
        after = page.next if last is None else (last.created_at, last.key)
        return pb.QueryInstancesResponse(orchestrationState=states[:fitting], continuationToken=text(page_token(after)))

    async def ListInstanceIds(self, request: pb.ListInstanceIdsRequest, call: Call) -> pb.ListInstanceIdsResponse:  # noqa: N802
        hub = await self._hub(call)
        ended_from = micros(request.completedTimeFrom) if request.HasField("completedTimeFrom") else None
        ended_to = micros(request.completedTimeTo) if request.HasField("completedTimeTo") else None
        after = after_token(optional_text(request, "lastInstanceKey"))
        limit = page_size(request.pageSize)
        statuses = tuple(request.runtimeStatus)
        page = await self._engine.read(
            lambda reader: reader.ended_instances(hub, statuses, ended_from, ended_to, after, limit)
        )
        return pb.ListInstanceIdsResponse(instanceIds=page.ids, lastInstanceKey=text(page_token(page.next)))

    async def PurgeInstances(self, request: pb.PurgeInstancesRequest, call: Call) -> pb.PurgeInstancesResponse:  # noqa: N802
        hub = await self._hub(call)
        if request.HasField("purgeInstanceFilter"):
            return await self._purge_filter(hub, request.purgeInstanceFilter, recursive=request.recursive)
        ids = list(request.instanceBatch.instanceIds) if request.HasField("instanceBatch") else [request.instanceId]

        def act(context: OperationContext) -> int:
            count = 0
            for instance_id in ids:
                if instance_id.startswith("@"):
                    count += entities.purge_entity(context, hub, instance_id)
                    continue
                row = context.store.find_instance(hub, instance_id)
                if row is not None:
                    count += instances.purge(context, row, recursive=request.recursive)
            return count

        count = await self._engine.perform(act)
        return pb.PurgeInstancesResponse(deletedInstanceCount=count, isComplete=BoolValue(value=True))

    async def _purge_filter(
        self, hub: int, wanted: pb.PurgeInstanceFilter, *, recursive: bool
    ) -> pb.PurgeInstancesResponse:
        ended = (Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.TERMINATED)
        where = InstanceFilter(
            hub,
            tuple(status for status in dict.fromkeys(wanted.runtimeStatus or ended) if status in ended),
            micros(wanted.createdTimeFrom) if wanted.HasField("createdTimeFrom") else None,
            micros(wanted.createdTimeTo) if wanted.HasField("createdTimeTo") else None,
        )
        loop = asyncio.get_running_loop()
        # Not as a timedelta, which holds less than the message may.
        until = (
            loop.time() + wanted.timeout.seconds + wanted.timeout.nanos / 1e9 if wanted.HasField("timeout") else None
        )
        count = 0
        after: tuple[int, int] | None = None
        complete = bool(where.statuses)

        def next_page(reader: Reader, last: tuple[int, int] | None) -> tuple[list[int], tuple[int, int] | None]:
            page = reader.query_instances(where, last, PURGE_PART, payloads=False)
            return [row.key for row, _ in page.items], page.next

        while where.statuses:
            last = after
            keys, after = await self._engine.read(lambda reader, last=last: next_page(reader, last))
            count += await self._engine.purge_keys(keys, recursive=recursive)
            if after is None:
                break
            if until is not None and loop.time() > until:
                complete = False
                break
        return pb.PurgeInstancesResponse(
            deletedInstanceCount=count, isComplete=BoolValue(value=complete or not where.statuses)
        )

    async def StreamInstanceHistory(  # noqa: N802
        self, request: pb.StreamInstanceHistoryRequest, call: Call
    ) -> None:
        hub = await self._hub(call)
        row = await self._engine.lookup(lambda context: instances.require(context, hub, request.instanceId))
        wanted = optional_text(request, "executionId")
        if wanted and wanted != row.execution_id:
            raise ExecutionNotFound(row.id, wanted)
        parts = await self._engine.read(lambda reader: reader.history_parts(row.key))
        chunk = pb.HistoryChunk()
        size = 0
        for part in parts:
            for events, length in _pieces(part):
                if size and size + length > CHUNK_BYTES:
                    await call.send(to_bytes(chunk))
                    chunk, size = pb.HistoryChunk(), 0
                chunk.events.extend(events)
                size += length
        if size:
            await call.send(to_bytes(chunk))


def _pieces(part: bytes) -> list[tuple[list[pb.HistoryEvent], int]]:
    """A turn's events with their size: together, or one by one when they are more than a message should have."""
    events = split_events(part)
    if len(part) <= CHUNK_BYTES:
        return [(events, len(part))]
    return [([event], event.ByteSize()) for event in events]
