"""Entity locks: requested in the order of the lock set, enforced against everyone else, never left behind.

A lock request is an operation in the queue of the first entity of its (sorted) set. When it gets to the head of an
idle, unlocked queue, the entity is locked and the request moves on to the next entity; at the last one the
orchestration is told. Sorted order rules out deadlock.
"""

from local.scheduler.operations.unit import Ready, Unit
from local.scheduler.runtime import events
from local.scheduler.runtime.queueing import head_lock, runnable
from local.scheduler.store.rows import Entity, EntityOp, Instance, OpKind
from local.scheduler.wire import pb, to_bytes


def entity_name(entity_id: str) -> str:
    """The type of an entity: `counter` for `@counter@key`."""
    return entity_id[1:].partition("@")[0]


def is_entity_id(entity_id: str) -> bool:
    """Whether this is `@name@key`."""
    name, at, key = entity_id[1:].partition("@")
    return entity_id.startswith("@") and bool(name and at and key)


def ensure_entity(unit: Unit, hub: int, entity_id: str) -> Entity:
    """The entity with this id, created when it is new."""
    return unit.store.find_entity(hub, entity_id) or unit.store.insert_entity(hub, entity_id, unit.now)


def request_locks(unit: Unit, row: Instance, request: pb.EntityLockRequestedEvent) -> None:
    """Puts an orchestration's lock request in line at the first entity of its set."""
    wanted = list(dict.fromkeys(request.lockSet))
    if not wanted:
        unit.post(row, events.lock_granted(unit.now, request.criticalSectionId), generation=row.generation)
        return
    _ask(unit, row.hub, row.key, row.generation, request.criticalSectionId, wanted, 0)


def _ask(unit: Unit, hub: int, caller: int, generation: int, section: str, wanted: list[str], position: int) -> None:
    entity = ensure_entity(unit, hub, wanted[position])
    event = pb.HistoryEvent(
        eventId=-1,
        entityLockRequested=pb.EntityLockRequestedEvent(criticalSectionId=section, lockSet=wanted, position=position),
    )
    op = EntityOp(unit.store.next_key(), OpKind.LOCK, section, caller, generation, to_bytes(event))
    unit.store.add_op(entity.key, op)
    stir(unit, entity.key)


def release(unit: Unit, row: Instance, unlock: pb.EntityUnlockSentEvent) -> None:
    """Gives back one lock of a critical section, or withdraws its request when it still waits."""
    entity = unit.store.find_entity(row.hub, unlock.targetInstanceId.value)
    if entity is not None and entity.lock_section == unlock.criticalSectionId and entity.lock_instance == row.key:
        unit.unlock(entity)
    for op, entity_key, section in unit.store.lock_requests_of(row.key):
        if section == unlock.criticalSectionId:
            unit.store.delete_ops((op,))
            stir(unit, entity_key)


def stir(unit: Unit, key: int) -> None:
    """Grants what can be granted at an entity; puts it in line when operations can run."""
    entity = unit.store.entity(key)
    if entity is None or entity.batch is not None:
        return
    if entity.lock_instance is not None and entity.lock_generation is not None:
        if unit.store.ops_of(key, entity.lock_instance, entity.lock_generation, 1):
            _line_up(unit, entity)
        return
    queue = unit.store.ops(key, 2)
    lock = head_lock(queue)
    if lock is not None:
        _grant(unit, entity, lock)
    elif runnable(queue, unit.limits.entity_batch):
        _line_up(unit, entity)


def _line_up(unit: Unit, entity: Entity) -> None:
    unit.changes.entities.append(Ready(entity.hub, entity.key, entity_name(entity.id)))


def _grant(unit: Unit, entity: Entity, lock: EntityOp) -> None:
    unit.store.delete_ops((lock.key,))
    caller = unit.store.instance(lock.caller) if lock.caller is not None else None
    if caller is None or caller.ended or caller.generation != lock.generation:
        stir(unit, entity.key)
        return
    unit.store.save_entity(
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
        _ask(unit, entity.hub, caller.key, caller.generation, lock.request_id, list(request.lockSet), position)
    else:
        event = events.lock_granted(unit.now, lock.request_id)
        unit.post(caller, event, generation=caller.generation)
