"""RPCs of workers: get work, complete it, abandon it."""

import logging
from collections.abc import Iterable, Sequence
from uuid import uuid4

from local.scheduler.dispatch.ready_queues import Filter
from local.scheduler.dispatch.workers import DEFAULT_CREDITS
from local.scheduler.operations import activities, entities, turns
from local.scheduler.operations.context import OperationContext
from local.scheduler.protocol.wire import pb
from local.scheduler.services.calls import Call
from local.scheduler.services.service import Service

log = logging.getLogger("casewright.scheduler")


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


class Workers(Service):
    """What workers do: take work, report it, give it back."""

    async def GetWorkItems(self, request: pb.GetWorkItemsRequest, call: Call) -> None:  # noqa: N802 -- the protocol's names
        hub = await self._hub(call)
        worker_id = call.header("workerid") or request.worker_instance_id or f"anonymous:{uuid4().hex}"
        limits = (
            request.maxConcurrentOrchestrationWorkItems or DEFAULT_CREDITS,
            request.maxConcurrentActivityWorkItems or DEFAULT_CREDITS,
            request.maxConcurrentEntityWorkItems or DEFAULT_CREDITS,
        )
        dispatcher = self._engine.dispatcher
        await call.open()
        stream = dispatcher.connect(hub, worker_id, limits, _filters(request))
        log.info("Worker '%s' is connected.", worker_id)
        try:
            while item := await stream.next():
                await call.send(item)
        finally:
            dispatcher.disconnect(stream, lost=not call.is_connected())
            log.info("Worker '%s' is gone.", worker_id)

    async def CompleteActivityTask(self, request: pb.ActivityResponse, call: Call) -> pb.CompleteTaskResponse:  # noqa: N802
        del call
        found = _key_and_attempt(request.completionToken, "a")
        if found is not None:
            key, attempt = found
            await self._engine.persist(
                lambda context: activities.complete(context, key, attempt, request), request.completionToken
            )
        return pb.CompleteTaskResponse()

    async def CompleteOrchestratorTask(  # noqa: N802
        self, request: pb.OrchestratorResponse, call: Call
    ) -> pb.CompleteTaskResponse:
        del call
        token = request.completionToken
        lease = self._engine.dispatcher.turn_lease(token)
        if lease is None or lease.turn is None:
            return pb.CompleteTaskResponse()
        actions = [*lease.partial, *request.actions]
        if request.isPartial:
            lease.partial = actions
            return pb.CompleteTaskResponse()
        turn = lease.turn
        dispatcher = self._engine.dispatcher

        def act(context: OperationContext) -> bool:
            # Looked at again when the operation has to be repeated: the turn may be out anew by then.
            return dispatcher.turn_lease(token) is lease and turns.complete(context, turn, request, actions)

        await self._engine.persist(act, token)
        return pb.CompleteTaskResponse()

    async def CompleteEntityTask(self, request: pb.EntityBatchResult, call: Call) -> pb.CompleteTaskResponse:  # noqa: N802
        del call
        found = _key_and_attempt(request.completionToken, "e")
        if found is not None:
            key, attempt = found
            await self._engine.persist(
                lambda context: entities.complete_batch(context, key, attempt, request), request.completionToken
            )
        return pb.CompleteTaskResponse()

    async def AbandonTaskActivityWorkItem(  # noqa: N802
        self, request: pb.AbandonActivityTaskRequest, call: Call
    ) -> pb.AbandonActivityTaskResponse:
        del call
        self._engine.dispatcher.abandon(request.completionToken)
        return pb.AbandonActivityTaskResponse()

    async def AbandonTaskOrchestratorWorkItem(  # noqa: N802
        self, request: pb.AbandonOrchestrationTaskRequest, call: Call
    ) -> pb.AbandonOrchestrationTaskResponse:
        del call
        self._engine.dispatcher.abandon(request.completionToken)
        return pb.AbandonOrchestrationTaskResponse()

    async def AbandonTaskEntityWorkItem(  # noqa: N802
        self, request: pb.AbandonEntityTaskRequest, call: Call
    ) -> pb.AbandonEntityTaskResponse:
        del call
        self._engine.dispatcher.abandon(request.completionToken)
        return pb.AbandonEntityTaskResponse()
