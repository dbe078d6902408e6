"""The end of an instance: its result, and the release of everything that belonged to it."""

from local.scheduler.operations.context import OperationContext
from local.scheduler.operations.locks import settle_queue, unlock
from local.scheduler.protocol import events
from local.scheduler.protocol.wire import pb, to_bytes
from local.scheduler.store.rows import Instance, Status, Uses


def finish(
    context: OperationContext, row: Instance, status: int, output: str | None, failure: pb.TaskFailureDetails | None
) -> Instance:
    """Ends an instance: stores the result, releases locks and timers, notifies parent and waiting clients.

    The caller saves the returned row.
    """
    context.store.save_result(row.key, output, None if failure is None else to_bytes(failure))
    forget(context, row)
    if status != Status.FAILED:
        context.store.clear_inbox(row.key)
    if row.parent_key is not None and row.parent_generation is not None and row.parent_task is not None:
        event = events.child_ended(context.now, row.parent_task, status, output, failure)
        context.deliver(row.parent_key, row.parent_generation, event)
    context.effects.status_changes.append((row.hub, row.id))
    return row._replace(status=status, completed_at=context.now, updated_at=context.now, delayed=0, rewinding=0)


def forget(context: OperationContext, row: Instance) -> None:
    """Drops what belongs to an execution that is over: timers, locks, lock requests."""
    if row.uses & Uses.TIMERS:
        context.store.clear_due(row.key)
    if not row.uses & Uses.LOCKS:
        return
    for entity in context.store.locked_by(row.key):
        unlock(context, entity)
    for op, entity_key, _ in context.store.lock_requests_of(row.key):
        context.store.delete_ops((op,))
        settle_queue(context, entity_key)


def remove_instance(context: OperationContext, row: Instance) -> None:
    """Deletes an instance with everything that belongs to it."""
    forget(context, row)
    context.store.delete_instance(row.key)
    context.effects.status_changes.append((row.hub, row.id))
