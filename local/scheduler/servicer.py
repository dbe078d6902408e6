"""The protocol's RPCs: translation between messages and operations, nothing else."""

import asyncio
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable, Sequence
from uuid import uuid4

import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import BoolValue

from local.scheduler.answers import entity_metadata, orchestration_state
from local.scheduler.core import PURGE_PART, Core
from local.scheduler.dispatch.lanes import Filter
from local.scheduler.dispatch.workers import DEFAULT_CREDITS
from local.scheduler.errors import BadRequest, ExecutionNotFound, SchedulerError
from local.scheduler.operations import activities, entities, instances, turns
from local.scheduler.operations.unit import Unit
from local.scheduler.store.interface import EntityFilter, InstanceFilter, Reader
from local.scheduler.store.rows import Instance, Payload, Status
from local.scheduler.wire import cut_events, micros, optional_text, pb, text

Context = grpc.aio.ServicerContext[object, object]
log = logging.getLogger("casewright.scheduler")

PAGE = 100
MAX_PAGE = 1000
CHUNK_BYTES = 512 * 1024


def _metadata(context: Context, name: str) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == name:
            return value if isinstance(value, str) else value.decode()
    return None


def _token(text_token: str | None) -> tuple[int, int] | None:
    """A paging token as the key of the last row of the page before."""
    if not text_token:
        return None
    try:
        first, _, second = urlsafe_b64decode(text_token.encode()).decode().partition(":")
        return int(first), int(second)
    except ValueError as error:
        raise BadRequest("The continuation token is not one of this scheduler.") from error


def _page_token(after: tuple[int, int] | None) -> str | None:
    return None if after is None else urlsafe_b64encode(f"{after[0]}:{after[1]}".encode()).decode()


def _filters(request: pb.GetWorkItemsRequest) -> tuple[Filter, Filter, Filter]:
    if not request.HasField("workItemFilters"):
        return None, None, None
    wanted = request.workItemFilters
    return (
        _versions((item.name, item.versions) for item in wanted.orchestrations),
        _versions((item.name, item.versions) for item in wanted.activities),
        {item.name.lower(): frozenset() for item in wanted.entities},
    )


def _versions(items: Iterable[tuple[str, Sequence[str]]]) -> dict[str, frozenset[str]]:
    accepted: dict[str, frozenset[str]] = {}
    for name, versions in items:
        accepted[name] = accepted.get(name, frozenset()) | frozenset(versions)
    return accepted


def _key_and_attempt(token: str, prefix: str) -> tuple[int, int] | None:
    key, _, attempt = token.removeprefix(prefix).partition(".")
    if not token.startswith(prefix) or not key.isdigit() or not attempt.isdigit():
        return None
    return int(key), int(attempt)


class Servicer:
    """One method per RPC. Raises SchedulerError; `server.py` turns that into a gRPC status."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def _hub(self, context: Context) -> int:
        return await self._core.hub(_metadata(context, "taskhub") or "default")

    # -- clients: orchestrations ------------------------------------------------------------------------------------

    async def Hello(self, request: Empty, context: Context) -> Empty:  # noqa: N802 -- the protocol's names
        del context
        return request

    async def StartInstance(self, request: pb.CreateInstanceRequest, context: Context) -> pb.CreateInstanceResponse:  # noqa: N802
        hub = await self._hub(context)
        row = await self._core.perform(lambda unit: instances.start(unit, hub, request))
        return pb.CreateInstanceResponse(instanceId=row.id)

    async def GetInstance(self, request: pb.GetInstanceRequest, context: Context) -> pb.GetInstanceResponse:  # noqa: N802
        hub = await self._hub(context)
        return await self._core.see(lambda unit: self._look(unit, hub, request)[0])

    def _look(
        self, unit: Unit, hub: int, request: pb.GetInstanceRequest
    ) -> tuple[pb.GetInstanceResponse, Instance | None]:
        row = unit.store.find_instance(hub, request.instanceId)
        if row is None:
            return pb.GetInstanceResponse(exists=False), None
        payload = unit.store.payload(row.key) if request.getInputsAndOutputs or row.ended else Payload(None, None, None)
        state = orchestration_state(row, payload, payloads=request.getInputsAndOutputs)
        return pb.GetInstanceResponse(exists=True, orchestrationState=state), row

    async def WaitForInstanceStart(self, request: pb.GetInstanceRequest, context: Context) -> pb.GetInstanceResponse:  # noqa: N802
        return await self._wait(request, context, until_ended=False)

    async def WaitForInstanceCompletion(  # noqa: N802
        self, request: pb.GetInstanceRequest, context: Context
    ) -> pb.GetInstanceResponse:
        return await self._wait(request, context, until_ended=True)

    async def _wait(
        self, request: pb.GetInstanceRequest, context: Context, *, until_ended: bool
    ) -> pb.GetInstanceResponse:
        hub = await self._hub(context)
        waiters = self._core.dispatcher.waiters
        while True:
            changed = waiters.add(hub, request.instanceId)
            try:
                answer, row = await self._core.see(lambda unit: self._look(unit, hub, request))
                if row is None or row.ended or (not until_ended and row.status != Status.PENDING):
                    return answer
                await changed
            finally:
                waiters.remove(hub, request.instanceId, changed)

    async def RaiseEvent(self, request: pb.RaiseEventRequest, context: Context) -> pb.RaiseEventResponse:  # noqa: N802
        hub = await self._hub(context)

        def act(unit: Unit) -> None:
            payload = optional_text(request, "input")
            instances.check_size(unit, f"The event '{request.name}'", payload)
            row = instances.require(unit, hub, request.instanceId)
            instances.raise_event(unit, row, request.name, payload)

        await self._core.perform(act)
        return pb.RaiseEventResponse()

    async def SuspendInstance(self, request: pb.SuspendRequest, context: Context) -> pb.SuspendResponse:  # noqa: N802
        hub = await self._hub(context)
        reason = optional_text(request, "reason")
        await self._core.perform(
            lambda unit: instances.suspend(unit, instances.require(unit, hub, request.instanceId), reason)
        )
        return pb.SuspendResponse()

    async def ResumeInstance(self, request: pb.ResumeRequest, context: Context) -> pb.ResumeResponse:  # noqa: N802
        hub = await self._hub(context)
        reason = optional_text(request, "reason")
        await self._core.perform(
            lambda unit: instances.resume(unit, instances.require(unit, hub, request.instanceId), reason)
        )
        return pb.ResumeResponse()

    async def TerminateInstance(self, request: pb.TerminateRequest, context: Context) -> pb.TerminateResponse:  # noqa: N802
        hub = await self._hub(context)

        def act(unit: Unit) -> None:
            output = optional_text(request, "output")
            instances.check_size(unit, "The output", output)
            row = instances.require(unit, hub, request.instanceId)
            instances.terminate(unit, row, output, recursive=request.recursive)

        await self._core.perform(act)
        return pb.TerminateResponse()

    async def SkipGracefulOrchestrationTerminations(  # noqa: N802
        self, request: pb.SkipGracefulOrchestrationTerminationsRequest, context: Context
    ) -> pb.SkipGracefulOrchestrationTerminationsResponse:
        hub = await self._hub(context)
        reason = optional_text(request, "reason")

        def act(unit: Unit) -> list[str]:
            left: list[str] = []
            for instance_id in request.instanceBatch.instanceIds:
                row = unit.store.find_instance(hub, instance_id)
                if row is None or row.ended:
                    left.append(instance_id)
                else:
                    instances.end_now(unit, row, reason)
            return left

        left = await self._core.perform(act)
        return pb.SkipGracefulOrchestrationTerminationsResponse(unterminatedInstanceIds=left)

    async def RewindInstance(self, request: pb.RewindInstanceRequest, context: Context) -> pb.RewindInstanceResponse:  # noqa: N802
        hub = await self._hub(context)
        reason = optional_text(request, "reason")
        await self._core.perform(
            lambda unit: instances.rewind(unit, instances.require(unit, hub, request.instanceId), reason)
        )
        return pb.RewindInstanceResponse()

    async def RestartInstance(self, request: pb.RestartInstanceRequest, context: Context) -> pb.RestartInstanceResponse:  # noqa: N802
        hub = await self._hub(context)
        new_id = request.restartWithNewInstanceId
        started = await self._core.perform(lambda unit: instances.restart(unit, hub, request.instanceId, new_id=new_id))
        return pb.RestartInstanceResponse(instanceId=started)

    async def QueryInstances(self, request: pb.QueryInstancesRequest, context: Context) -> pb.QueryInstancesResponse:  # noqa: N802
        hub = await self._hub(context)
        query = request.query
        where = InstanceFilter(
            hub,
            tuple(dict.fromkeys(query.runtimeStatus)),
            micros(query.createdTimeFrom) if query.HasField("createdTimeFrom") else None,
            micros(query.createdTimeTo) if query.HasField("createdTimeTo") else None,
            optional_text(query, "instanceIdPrefix"),
        )
        after = _token(optional_text(query, "continuationToken"))
        limit = min(query.maxInstanceCount, MAX_PAGE) if query.maxInstanceCount > 0 else PAGE
        payloads = query.fetchInputsAndOutputs
        page = await self._core.read(lambda reader: reader.query_instances(where, after, limit, payloads))
        return pb.QueryInstancesResponse(
            orchestrationState=[orchestration_state(row, payload, payloads=payloads) for row, payload in page.items],
            continuationToken=text(_page_token(page.next)),
        )

    async def ListInstanceIds(self, request: pb.ListInstanceIdsRequest, context: Context) -> pb.ListInstanceIdsResponse:  # noqa: N802
        hub = await self._hub(context)
        ended_from = micros(request.completedTimeFrom) if request.HasField("completedTimeFrom") else None
        ended_to = micros(request.completedTimeTo) if request.HasField("completedTimeTo") else None
        after = _token(optional_text(request, "lastInstanceKey"))
        limit = min(request.pageSize, MAX_PAGE) if request.pageSize > 0 else PAGE
        statuses = tuple(request.runtimeStatus)
        page = await self._core.read(
            lambda reader: reader.ended_instances(hub, statuses, ended_from, ended_to, after, limit)
        )
        return pb.ListInstanceIdsResponse(instanceIds=page.ids, lastInstanceKey=text(_page_token(page.next)))

    async def PurgeInstances(self, request: pb.PurgeInstancesRequest, context: Context) -> pb.PurgeInstancesResponse:  # noqa: N802
        hub = await self._hub(context)
        if request.HasField("purgeInstanceFilter"):
            return await self._purge_filter(hub, request.purgeInstanceFilter, recursive=request.recursive)
        ids = list(request.instanceBatch.instanceIds) if request.HasField("instanceBatch") else [request.instanceId]

        def act(unit: Unit) -> int:
            count = 0
            for instance_id in ids:
                if instance_id.startswith("@"):
                    count += entities.purge_entity(unit, hub, instance_id)
                    continue
                row = unit.store.find_instance(hub, instance_id)
                if row is not None:
                    count += instances.purge(unit, row, recursive=request.recursive)
            return count

        count = await self._core.perform(act)
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
        until = loop.time() + wanted.timeout.ToTimedelta().total_seconds() if wanted.HasField("timeout") else None
        count = 0
        after: tuple[int, int] | None = None
        complete = bool(where.statuses)

        def next_page(reader: Reader, last: tuple[int, int] | None) -> tuple[list[int], tuple[int, int] | None]:
            page = reader.query_instances(where, last, PURGE_PART, payloads=False)
            return [row.key for row, _ in page.items], page.next

        while where.statuses:
            last = after
            keys, after = await self._core.read(lambda reader, last=last: next_page(reader, last))
            count += await self._core.purge_keys(keys, recursive=recursive)
            if after is None:
                break
            if until is not None and loop.time() > until:
                complete = False
                break
        return pb.PurgeInstancesResponse(
            deletedInstanceCount=count, isComplete=BoolValue(value=complete or not where.statuses)
        )

    async def StreamInstanceHistory(  # noqa: N802
        self, request: pb.StreamInstanceHistoryRequest, context: Context
    ) -> AsyncIterator[pb.HistoryChunk]:
        hub = await self._hub(context)
        row = await self._core.see(lambda unit: instances.require(unit, hub, request.instanceId))
        wanted = optional_text(request, "executionId")
        if wanted and wanted != row.execution_id:
            raise ExecutionNotFound(row.id, wanted)
        parts = await self._core.read(lambda reader: reader.history_parts(row.key))
        chunk = pb.HistoryChunk()
        size = 0
        for part in parts:
            if size and size + len(part) > CHUNK_BYTES:
                yield chunk
                chunk, size = pb.HistoryChunk(), 0
            chunk.events.extend(cut_events(part))
            size += len(part)
        if size:
            yield chunk

    # -- clients: entities and hubs ---------------------------------------------------------------------------------

    async def SignalEntity(self, request: pb.SignalEntityRequest, context: Context) -> pb.SignalEntityResponse:  # noqa: N802
        hub = await self._hub(context)

        def act(unit: Unit) -> None:
            instances.check_size(unit, f"The signal '{request.name}'", optional_text(request, "input"))
            entities.signal_entity(unit, hub, request)

        await self._core.perform(act)
        return pb.SignalEntityResponse()

    async def GetEntity(self, request: pb.GetEntityRequest, context: Context) -> pb.GetEntityResponse:  # noqa: N802
        hub = await self._hub(context)

        def look(unit: Unit) -> pb.GetEntityResponse:
            entity = unit.store.find_entity(hub, request.instanceId)
            if entity is None:
                return pb.GetEntityResponse(exists=False)
            backlog = unit.store.count_ops(entity.key)
            metadata = entity_metadata(entity, backlog, state=request.includeState)
            return pb.GetEntityResponse(exists=True, entity=metadata)

        return await self._core.see(look)

    async def QueryEntities(self, request: pb.QueryEntitiesRequest, context: Context) -> pb.QueryEntitiesResponse:  # noqa: N802
        hub = await self._hub(context)
        query = request.query
        where = EntityFilter(
            hub,
            optional_text(query, "instanceIdStartsWith"),
            micros(query.lastModifiedFrom) if query.HasField("lastModifiedFrom") else None,
            micros(query.lastModifiedTo) if query.HasField("lastModifiedTo") else None,
            query.includeTransient,
        )
        limit = min(query.pageSize.value, MAX_PAGE) if query.HasField("pageSize") and query.pageSize.value > 0 else PAGE
        after = optional_text(query, "continuationToken") or None
        page = await self._core.read(lambda reader: reader.query_entities(where, after, limit))
        return pb.QueryEntitiesResponse(
            entities=[entity_metadata(entity, backlog, state=query.includeState) for entity, backlog in page.items],
            continuationToken=text(page.next),
        )

    async def CleanEntityStorage(  # noqa: N802
        self, request: pb.CleanEntityStorageRequest, context: Context
    ) -> pb.CleanEntityStorageResponse:
        # Empty entities vanish by themselves and no lock outlives its holder: there is never anything to clean.
        del request, context
        return pb.CleanEntityStorageResponse()

    async def CreateTaskHub(self, request: pb.CreateTaskHubRequest, context: Context) -> pb.CreateTaskHubResponse:  # noqa: N802
        name = _metadata(context, "taskhub") or "default"
        if request.recreateIfExists:
            await self._core.create_hub(name)
            await self._core.delete_hub(name)
        await self._core.create_hub(name)
        return pb.CreateTaskHubResponse()

    async def DeleteTaskHub(self, request: pb.DeleteTaskHubRequest, context: Context) -> pb.DeleteTaskHubResponse:  # noqa: N802
        del request
        await self._core.delete_hub(_metadata(context, "taskhub") or "default")
        return pb.DeleteTaskHubResponse()

    # -- workers ----------------------------------------------------------------------------------------------------

    async def GetWorkItems(self, request: pb.GetWorkItemsRequest, context: Context) -> AsyncIterator[bytes]:  # noqa: N802
        hub = await self._hub(context)
        worker_id = _metadata(context, "workerid") or request.worker_instance_id or f"anonymous:{uuid4().hex}"
        limits = (
            request.maxConcurrentOrchestrationWorkItems or DEFAULT_CREDITS,
            request.maxConcurrentActivityWorkItems or DEFAULT_CREDITS,
            request.maxConcurrentEntityWorkItems or DEFAULT_CREDITS,
        )
        dispatcher = self._core.dispatcher
        stream = dispatcher.connect(hub, worker_id, limits, _filters(request))
        log.info("Worker '%s' is connected.", worker_id)
        try:
            async for item in stream.items():
                yield item
        finally:
            dispatcher.disconnect(stream)
            log.info("Worker '%s' is gone.", worker_id)

    async def CompleteActivityTask(self, request: pb.ActivityResponse, context: Context) -> pb.CompleteTaskResponse:  # noqa: N802
        del context
        found = _key_and_attempt(request.completionToken, "a")
        if found is not None:
            key, attempt = found
            await self._core.persist(
                lambda unit: activities.complete(unit, key, attempt, request), request.completionToken
            )
        return pb.CompleteTaskResponse()

    async def CompleteOrchestratorTask(  # noqa: N802
        self, request: pb.OrchestratorResponse, context: Context
    ) -> pb.CompleteTaskResponse:
        del context
        token = request.completionToken
        lease = self._core.dispatcher.turn_of(token)
        if lease is None or lease.turn is None:
            return pb.CompleteTaskResponse()
        actions = [*lease.partial, *request.actions]
        if request.isPartial:
            lease.partial = actions
            return pb.CompleteTaskResponse()
        turn = lease.turn
        dispatcher = self._core.dispatcher

        def act(unit: Unit) -> bool:
            # Looked at again when the operation has to be repeated: the turn may be out anew by then.
            return dispatcher.turn_of(token) is lease and turns.complete(unit, turn, request, actions)

        await self._core.persist(act, token)
        return pb.CompleteTaskResponse()

    async def CompleteEntityTask(self, request: pb.EntityBatchResult, context: Context) -> pb.CompleteTaskResponse:  # noqa: N802
        del context
        found = _key_and_attempt(request.completionToken, "e")
        if found is not None:
            key, attempt = found
            await self._core.persist(
                lambda unit: entities.complete_batch(unit, key, attempt, request), request.completionToken
            )
        return pb.CompleteTaskResponse()

    async def AbandonTaskActivityWorkItem(  # noqa: N802
        self, request: pb.AbandonActivityTaskRequest, context: Context
    ) -> pb.AbandonActivityTaskResponse:
        del context
        self._core.dispatcher.abandon(request.completionToken)
        return pb.AbandonActivityTaskResponse()

    async def AbandonTaskOrchestratorWorkItem(  # noqa: N802
        self, request: pb.AbandonOrchestrationTaskRequest, context: Context
    ) -> pb.AbandonOrchestrationTaskResponse:
        del context
        self._core.dispatcher.abandon(request.completionToken)
        return pb.AbandonOrchestrationTaskResponse()

    async def AbandonTaskEntityWorkItem(  # noqa: N802
        self, request: pb.AbandonEntityTaskRequest, context: Context
    ) -> pb.AbandonEntityTaskResponse:
        del context
        self._core.dispatcher.abandon(request.completionToken)
        return pb.AbandonEntityTaskResponse()


__all__ = ["SchedulerError", "Servicer"]
