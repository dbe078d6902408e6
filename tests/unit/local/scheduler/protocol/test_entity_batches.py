"""Which operations of an entity may run together."""

from local.scheduler.protocol.entity_batches import head_lock, runnable
from local.scheduler.store.rows import EntityOp, OpKind


def op(key: int, kind: OpKind = OpKind.SIGNAL, size: int = 1) -> EntityOp:
    return EntityOp(key, kind, f"r{key}", None, None, b"x" * size)


def test_a_batch_stops_before_a_lock_request() -> None:
    queue = [op(1), op(2, OpKind.CALL), op(3, OpKind.LOCK), op(4)]
    assert runnable(queue, 100) == queue[:2]
    assert head_lock(queue) is None


def test_nothing_runs_behind_a_lock_request() -> None:
    queue = [op(1, OpKind.LOCK), op(2)]
    assert runnable(queue, 100) == []
    assert head_lock(queue) == queue[0]


def test_a_batch_is_bounded_but_never_empty() -> None:
    assert runnable([op(1, size=500), op(2, size=1)], 100) == [op(1, size=500)]
    assert [item.key for item in runnable([op(1, size=60), op(2, size=40), op(3, size=1)], 100)] == [1, 2]


def test_an_empty_queue_has_nothing() -> None:
    assert runnable([], 100) == []
    assert head_lock([]) is None
