"""Entity locks: requested in the order of the lock set, exclusive, always released.

A lock request is an operation in the queue of the first entity of its (sorted) set. When it gets to the head of an
idle, unlocked queue, the entity is locked and the request moves on to the next entity; at the last one the
orchestration gets the lock. Sorted order rules out deadlock.
"""

from local.scheduler.operations.context import OperationContext, ReadyWork
from local.scheduler.protocol import events
from local.scheduler.protocol.entity_batches import head_lock, runnable
from local.scheduler.protocol.wire import pb, to_bytes
from local.scheduler.store.rows import Entity, EntityOp, Instance, OpKind


def entity_name(entity_id: str) -> str:
    """The type of an entity: `counter` for `@counter@key`."""
    return entity_id[1:].partition("@")[0]


def is_entity_id(entity_id: str) -> bool:
    """Whether this is `@name@key`."""
    name, at, key = entity_id[1:].partition("@")
    return entity_id.startswith("@") and bool(name and at and key)


def ensure_entity(context: OperationContext, hub: int, entity_id: str) -> Entity:
    """The entity with this id, created when it is new."""
    return context.store.find_entity(hub, entity_id) or context.store.insert_entity(hub, entity_id, context.now)


def request_locks(context: OperationContext, row: Instance, request: pb.EntityLockRequestedEvent) -> None:
    """Queues an orchestration's lock request at the first entity of its set."""
    wanted = list(dict.fromkeys(request.lockSet))
    if not wanted:
        context.post(row, events.lock_granted(context.now, request.criticalSectionId), generation=row.generation)
        return
    _request_lock(context, row.hub, row.key, row.generation, request.criticalSectionId, wanted, 0)


def _request_lock(
    context: OperationContext, hub: int, caller: int, generation: int, section: str, wanted: list[str], position: int
) -> None:
    entity = ensure_entity(context, hub, wanted[position])
    event = pb.HistoryEvent(
        eventId=-1,
        entityLockRequested=pb.EntityLockRequestedEvent(criticalSectionId=section, lockSet=wanted, position=position),
    )
    op = EntityOp(context.store.next_key(), OpKind.LOCK, section, caller, generation, to_bytes(event))
    context.store.add_op(entity.key, op)
    settle_queue(context, entity.key)


def release(context: OperationContext, row: Instance, sent: pb.EntityUnlockSentEvent) -> None:
    """Gives back one lock of a critical section, or withdraws its request when it still waits."""
    entity = context.store.find_entity(row.hub, sent.targetInstanceId.value)
    if entity is not None and entity.lock_section == sent.criticalSectionId and entity.lock_instance == row.key:
        unlock(context, entity)
    for op, entity_key, section in context.store.lock_requests_of(row.key):
        if section == sent.criticalSectionId:
            context.store.delete_ops((op,))
            settle_queue(context, entity_key)


def unlock(context: OperationContext, entity: Entity) -> None:
    """Takes an entity's lock away and lets the next in line have it."""
    context.store.save_entity(
        entity._replace(lock_section=None, lock_instance=None, lock_generation=None, lock_owner=None)
    )
    settle_queue(context, entity.key)


def settle_queue(context: OperationContext, key: int) -> None:
    """Grants what can be granted at an entity; makes it ready when operations can run."""
    entity = context.store.entity(key)
    if entity is None or entity.batch is not None:
        return
    if entity.lock_instance is not None and entity.lock_generation is not None:
        if context.store.ops_of(key, entity.lock_instance, entity.lock_generation, 1):
            _line_up(context, entity)
        return
    queue = context.store.ops(key, 2)
    lock = head_lock(queue)
    if lock is not None:
        _grant(context, entity, lock)
    elif runnable(queue, context.limits.entity_batch):
        _line_up(context, entity)


def _line_up(context: OperationContext, entity: Entity) -> None:
    context.effects.entities.append(ReadyWork(entity.hub, entity.key, entity_name(entity.id)))


def _grant(context: OperationContext, entity: Entity, lock: EntityOp) -> None:
    context.store.delete_ops((lock.key,))
    caller = context.store.instance(lock.caller) if lock.caller is not None else None
    if caller is None or caller.ended or caller.generation != lock.generation:
        settle_queue(context, entity.key)
        return
    context.store.save_entity(
        entity._replace(
            lock_section=lock.request_id,
            lock_instance=caller.key,
            lock_generation=caller.generation,
            lock_owner=caller.id,
        )
    )
    request = pb.HistoryEvent.FromString(lock.event).entityLockRequested
    position = request.position + 1
    if position < len(request.lockSet):
        _request_lock(
            context, entity.hub, caller.key, caller.generation, lock.request_id, list(request.lockSet), position
        )
    else:
        event = events.lock_granted(context.now, lock.request_id)
        context.post(caller, event, generation=caller.generation)
