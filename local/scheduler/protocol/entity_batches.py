"""Which of the operations in an entity's queue may run next. Pure.

An entity's queue holds calls, signals and lock requests in order of arrival. A lock request waits for everything
before it, and everything behind it waits for the unlock. While an entity is locked, only calls by the holder run.
"""

from collections.abc import Sequence

from local.scheduler.store.rows import EntityOp, OpKind


def runnable(queue: Sequence[EntityOp], limit_bytes: int) -> list[EntityOp]:
    """The operations at the head of an unlocked entity's queue that may run as one batch.

    Empty when a lock request is at the head. Stops before a lock request and before `limit_bytes` of operations, but
    takes at least one.
    """
    batch: list[EntityOp] = []
    size = 0
    for op in queue:
        if op.kind == OpKind.LOCK:
            break
        size += len(op.event)
        if batch and size > limit_bytes:
            break
        batch.append(op)
    return batch


def head_lock(queue: Sequence[EntityOp]) -> EntityOp | None:
    """The lock request at the head of the queue, if one is there."""
    return queue[0] if queue and queue[0].kind == OpKind.LOCK else None
