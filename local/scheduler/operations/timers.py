"""What happens when a timer is due."""

from local.scheduler.operations.context import OperationContext
from local.scheduler.operations.locks import settle_queue
from local.scheduler.protocol.wire import pb, timestamp, to_bytes
from local.scheduler.store.rows import Due, DueKind, EntityOp, OpKind

BATCH = 256


def fire(context: OperationContext) -> int:
    """Does what is due now, up to `BATCH` things; returns how many."""
    rows = context.store.due(context.now, BATCH)
    for row in rows:
        match row.kind:
            case DueKind.TIMER:
                _timer(context, row)
            case DueKind.SIGNAL:
                _signal(context, row)
            case _:
                _start(context, row)
    context.store.take_due(row.key for row in rows)
    return len(rows)


def _timer(context: OperationContext, row: Due) -> None:
    if row.event is None or row.generation is None:
        return
    event = pb.HistoryEvent.FromString(row.event)
    event.timestamp.CopyFrom(timestamp(context.now))
    context.deliver(row.target, row.generation, event)


def _signal(context: OperationContext, row: Due) -> None:
    if row.event is None or context.store.entity(row.target) is None:
        return
    event = pb.HistoryEvent.FromString(row.event)
    event.timestamp.CopyFrom(timestamp(context.now))
    request_id = event.entityOperationSignaled.requestId
    op = EntityOp(context.store.next_key(), OpKind.SIGNAL, request_id, None, None, to_bytes(event))
    context.store.add_op(row.target, op)
    settle_queue(context, row.target)


def _start(context: OperationContext, row: Due) -> None:
    instance = context.store.instance(row.target)
    if instance is None or not instance.delayed:
        return
    instance = instance._replace(delayed=0)
    context.store.save_instance(instance)
    context.wake(instance)
