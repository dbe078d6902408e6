"""Entities: their queues, their batches, and the results of a batch."""

import json
from uuid import uuid4

from local.scheduler.errors import BadRequest
from local.scheduler.operations.completion import remove_instance
from local.scheduler.operations.context import OperationContext, ReadyWork, log
from local.scheduler.operations.limits import batch_limit_failure, check_id, size_failure, trim_failure
from local.scheduler.operations.locks import (
    ensure_entity,
    entity_name,
    is_entity_id,
    release,
    request_locks,
    settle_queue,
)
from local.scheduler.protocol import events
from local.scheduler.protocol.entity_batches import runnable
from local.scheduler.protocol.wire import micros, optional_text, pb, text, timestamp, to_bytes
from local.scheduler.store.rows import DueKind, Entity, EntityOp, Instance, OpKind


def signal_entity(context: OperationContext, hub: int, request: pb.SignalEntityRequest) -> None:
    """A client's signal; raises BadRequest for an id that is none."""
    if not is_entity_id(request.instanceId):
        raise BadRequest(f"'{request.instanceId}' is no entity id: it has the form '@name@key'.")
    if context.store.find_entity(hub, request.instanceId) is None:
        check_id(request.instanceId)
    at = micros(request.scheduledTime) if request.HasField("scheduledTime") else None
    request_id = request.requestId or str(uuid4())
    event = events.signal(context.now, request_id, request.name, optional_text(request, "input"), request.instanceId)
    send_signal(context, hub, request.instanceId, request_id, event, at)


def send_signal(
    context: OperationContext, hub: int, entity_id: str, request_id: str, event: pb.HistoryEvent, at: int | None
) -> None:
    """Queues a one-way operation, or keeps it until `at`."""
    entity = ensure_entity(context, hub, entity_id)
    if at is not None and at > context.now:
        context.add_due(at, DueKind.SIGNAL, entity.key, event=event)
        return
    op = EntityOp(context.store.next_key(), OpKind.SIGNAL, request_id, None, None, to_bytes(event))
    context.store.add_op(entity.key, op)
    _ready(context, entity)


def _ready(context: OperationContext, entity: Entity) -> None:
    # An idle, unlocked entity can run at once; anything else is for the lock rules to decide.
    if entity.lock_instance is None and entity.batch is None:
        settle_queue(context, entity.key)


def receive_message(context: OperationContext, row: Instance, message: pb.SendEntityMessageAction) -> None:
    """What an orchestration sends to entities."""
    match message.WhichOneof("EntityMessageType"):
        case "entityOperationSignaled":
            _signalled(context, row, message.entityOperationSignaled)
        case "entityOperationCalled":
            _called(context, row, message.entityOperationCalled)
        case "entityLockRequested":
            request_locks(context, row, message.entityLockRequested)
        case "entityUnlockSent":
            release(context, row, message.entityUnlockSent)
        case _:
            pass


def _signalled(context: OperationContext, row: Instance, signalled: pb.EntityOperationSignaledEvent) -> None:
    target = signalled.targetInstanceId.value
    if not is_entity_id(target):
        log.warning("Instance '%s' signalled '%s', which is no entity id.", row.id, target)
        return
    event = pb.HistoryEvent(eventId=-1, timestamp=timestamp(context.now), entityOperationSignaled=signalled)
    at = micros(signalled.scheduledTime) if signalled.HasField("scheduledTime") else None
    send_signal(context, row.hub, target, signalled.requestId, event, at)


def _called(context: OperationContext, row: Instance, called: pb.EntityOperationCalledEvent) -> None:
    target = called.targetInstanceId.value
    if not is_entity_id(target):
        failure = events.failure_details("InvalidEntityId", f"'{target}' is no entity id: it has the form '@name@key'.")
        context.post(row, events.operation_failed(context.now, called.requestId, failure), generation=row.generation)
        return
    failure = size_failure(context, f"The input of '{called.operation}' for '{target}'", optional_text(called, "input"))
    if failure is not None:
        context.post(row, events.operation_failed(context.now, called.requestId, failure), generation=row.generation)
        return
    entity = ensure_entity(context, row.hub, target)
    event = pb.HistoryEvent(eventId=-1, timestamp=timestamp(context.now), entityOperationCalled=called)
    event.entityOperationCalled.parentInstanceId.value = row.id
    event.entityOperationCalled.parentExecutionId.value = row.execution_id
    op = EntityOp(context.store.next_key(), OpKind.CALL, called.requestId, row.key, row.generation, to_bytes(event))
    context.store.add_op(entity.key, op)
    if entity.batch is None:
        settle_queue(context, entity.key)


def lease_batch(context: OperationContext, key: int, worker: int, *, single: bool = False) -> tuple[int, bytes] | None:
    """Gives the next batch of an entity to a worker: (attempt, serialized EntityRequest); None when nothing can run.

    `single` gives one operation only.
    """
    entity = context.store.entity(key)
    if entity is None or entity.batch is not None:
        return None
    ops = _next_ops(context, entity)[: 1 if single else None]
    if not ops:
        return None
    room = context.limits.request - len((entity.state or "").encode())
    if sum(len(op.event) for op in ops) > room:
        ops = _only_fitting(context, entity, ops, room)
        if not ops:
            settle_queue(context, key)
            return None
    request = pb.EntityRequest(
        instanceId=entity.id,
        executionId=str(entity.key),
        entityState=text(entity.state),
        operationRequests=[pb.HistoryEvent.FromString(op.event) for op in ops],
    )
    leased = entity._replace(
        attempt=entity.attempt + 1, batch=json.dumps([op.key for op in ops]), worker=worker, leased_at=context.now
    )
    context.store.save_entity(leased)
    return leased.attempt, to_bytes(request)


def _next_ops(context: OperationContext, entity: Entity) -> list[EntityOp]:
    if entity.lock_instance is not None and entity.lock_generation is not None:
        return context.store.ops_of(
            entity.key, entity.lock_instance, entity.lock_generation, context.limits.entity_operations
        )
    return runnable(context.store.ops(entity.key, context.limits.entity_operations), context.limits.entity_batch)


def _only_fitting(context: OperationContext, entity: Entity, ops: list[EntityOp], room: int) -> list[EntityOp]:
    """The first operation if it fits; otherwise it fails, because no worker could ever receive it."""
    first = ops[0]
    if len(first.event) <= room:
        return ops[:1]
    failure = events.failure_details(
        "MessageTooLarge",
        f"Entity '{entity.id}' with its state and this operation is larger than a worker can receive "
        f"({context.limits.message:,} bytes).",
    )
    log.error("%s", failure.errorMessage)
    _answer(context, first, pb.OperationResult(failure=pb.OperationResultFailure(failureDetails=failure)))
    context.store.delete_ops((first.key,))
    return []


def requeue_batch(context: OperationContext, key: int, attempt: int) -> None:
    """Reclaims a batch that its worker will not finish."""
    entity = context.store.entity(key)
    if entity is None or entity.attempt != attempt or entity.batch is None:
        return
    context.store.save_entity(entity._replace(batch=None, worker=None, leased_at=None))
    settle_queue(context, key)


def complete_batch(context: OperationContext, key: int, attempt: int, result: pb.EntityBatchResult) -> bool:
    """Stores a batch's result with everything that follows from it; False for a stale token."""
    entity = context.store.entity(key)
    if entity is None or entity.attempt != attempt or entity.batch is None:
        return False
    ops = context.store.ops_by_key(json.loads(entity.batch))
    failure = batch_limit_failure(context, entity.hub, result)
    if failure is not None:
        log.error("What entity '%s' answered is not taken: %s", entity.id, failure.errorMessage)
        result = pb.EntityBatchResult(failureDetails=failure)
    results = list(result.results)
    if result.HasField("failureDetails"):
        failed = pb.OperationResult(failure=pb.OperationResultFailure(failureDetails=result.failureDetails))
        results += [failed] * (len(ops) - len(results))
    done = ops[: len(results)]
    for op, answer in zip(done, results, strict=False):
        _answer(context, op, answer)
    context.store.delete_ops(op.key for op in done)
    state = optional_text(result, "entityState") or None
    if result.HasField("failureDetails") and not result.results:
        state = entity.state
    entity = entity._replace(state=state, modified_at=context.now, batch=None, worker=None, leased_at=None)
    context.store.save_entity(entity)
    for action in result.actions:
        _act(context, entity.hub, action)
    settle_queue(context, key)
    _forget_if_empty(context, key)
    return True


def _answer(context: OperationContext, op: EntityOp, result: pb.OperationResult) -> None:
    if op.kind != OpKind.CALL or op.caller is None or op.generation is None:
        return
    output = optional_text(result.success, "result")
    failure = size_failure(context, "The result of the operation", output)
    if result.HasField("failure"):
        failure = trim_failure(result.failure.failureDetails, context.limits.payload)
    if failure is not None:
        event = events.operation_failed(context.now, op.request_id, failure)
    else:
        event = events.operation_completed(context.now, op.request_id, output)
    context.deliver(op.caller, op.generation, event)


def _act(context: OperationContext, hub: int, action: pb.OperationAction) -> None:
    if action.HasField("sendSignal"):
        sent = action.sendSignal
        if not is_entity_id(sent.instanceId):
            log.warning("An entity signalled '%s', which is no entity id.", sent.instanceId)
            return
        request_id = str(uuid4())
        event = events.signal(context.now, request_id, sent.name, optional_text(sent, "input"), sent.instanceId)
        at = micros(sent.scheduledTime) if sent.HasField("scheduledTime") else None
        send_signal(context, hub, sent.instanceId, request_id, event, at)
    elif action.HasField("startNewOrchestration"):
        _start(context, hub, action.startNewOrchestration)


def _start(context: OperationContext, hub: int, start: pb.StartNewOrchestrationAction) -> None:
    instance_id = start.instanceId or uuid4().hex
    existing = context.store.find_instance(hub, instance_id)
    if existing is not None:
        if not existing.ended:
            log.warning("An entity started '%s', which already runs: the start is ignored.", instance_id)
            return
        remove_instance(context, existing)
    context.create_instance(
        hub=hub,
        instance_id=instance_id,
        name=start.name,
        version=optional_text(start, "version"),
        input=optional_text(start, "input"),
        trace=start.parentTraceContext if start.HasField("parentTraceContext") else None,
        start_at=micros(start.scheduledTime) if start.HasField("scheduledTime") else None,
    )


def _forget_if_empty(context: OperationContext, key: int) -> None:
    """An entity without state, lock and work leaves nothing behind."""
    entity = context.store.entity(key)
    if entity is None or entity.state is not None or entity.lock_instance is not None:
        return
    if not context.store.has_ops(key) and not context.store.has_due(key):
        context.store.delete_entity(key)


def purge_entity(context: OperationContext, hub: int, entity_id: str) -> int:
    """Deletes an idle entity with its state; returns how many were deleted."""
    entity = context.store.find_entity(hub, entity_id)
    if entity is None or entity.batch is not None or entity.lock_instance is not None:
        return 0
    context.store.delete_entity(entity.key)
    return 1


def ready_entity(hub: int, key: int, entity_id: str) -> ReadyWork:
    """An entity as the dispatcher sees it."""
    return ReadyWork(hub, key, entity_name(entity_id))
