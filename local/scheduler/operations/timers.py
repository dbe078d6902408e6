"""What happens when a due time comes."""

from local.scheduler.operations.unit import Unit
from local.scheduler.store.rows import Due, DueKind, EntityOp, OpKind
from local.scheduler.wire import pb, timestamp, to_bytes

BATCH = 256


def fire(unit: Unit) -> int:
    """Does what is due now, up to `BATCH` things; returns how many."""
    rows = unit.store.due(unit.now, BATCH)
    for row in rows:
        match row.kind:
            case DueKind.TIMER:
                _timer(unit, row)
            case DueKind.SIGNAL:
                _signal(unit, row)
            case _:
                _start(unit, row)
    unit.store.take_due(row.key for row in rows)
    return len(rows)


def _timer(unit: Unit, row: Due) -> None:
    if row.event is None or row.generation is None:
        return
    event = pb.HistoryEvent.FromString(row.event)
    event.timestamp.CopyFrom(timestamp(unit.now))
    unit.deliver(row.target, row.generation, event)


def _signal(unit: Unit, row: Due) -> None:
    if row.event is None or unit.store.entity(row.target) is None:
        return
    event = pb.HistoryEvent.FromString(row.event)
    event.timestamp.CopyFrom(timestamp(unit.now))
    request_id = event.entityOperationSignaled.requestId
    op = EntityOp(unit.store.next_key(), OpKind.SIGNAL, request_id, None, None, to_bytes(event))
    unit.store.add_op(row.target, op)
    unit.stir_entity(row.target)


def _start(unit: Unit, row: Due) -> None:
    instance = unit.store.instance(row.target)
    if instance is None or not instance.delayed:
        return
    instance = instance._replace(delayed=0)
    unit.store.save_instance(instance)
    unit.wake(instance)
