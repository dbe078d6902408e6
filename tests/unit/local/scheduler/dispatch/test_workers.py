"""Which leases survive a broken stream."""

import pytest

from local.scheduler.dispatch.workers import Kind, Lease, Worker
from local.scheduler.operations.context import ReadyWork


def lease(worker: Worker, order: int, sent_at: float, kind: Kind = Kind.ACTIVITY) -> Lease:
    made = Lease(kind, ReadyWork(1, order, "a"), f"t{order}", 1, worker, order=order, sent_at=sent_at)
    worker.hold(made)
    return made


def test_a_reconnected_worker_keeps_what_surely_arrived() -> None:
    worker = Worker("w", 1, None)
    old = lease(worker, 1, sent_at=10.0)
    proven = lease(worker, 2, sent_at=99.5)
    finished = lease(worker, 3, sent_at=99.6)
    recent = lease(worker, 4, sent_at=99.7)
    worker.drop(finished, done=True)
    worker.disconnected(100.0, grace=30.0)
    assert [item.deadline for item in (old, proven, recent)] == [130.0, 130.0, 130.0]
    worker.reconnected(110.0, grace=30.0)
    assert [item.deadline for item in (old, proven, recent)] == [200.0, 200.0, 130.0]


def test_work_sent_after_a_reconnect_has_no_deadline() -> None:
    worker = Worker("w", 1, None)
    worker.disconnected(100.0, grace=30.0)
    fresh = lease(worker, 1, sent_at=101.0)
    worker.reconnected(102.0, grace=30.0)
    assert fresh.deadline is None


@pytest.mark.parametrize("kind", [Kind.ORCHESTRATION, Kind.ENTITY])
def test_turns_and_batches_are_redelivered_after_a_reconnect(kind: Kind) -> None:
    worker = Worker("w", 1, None)
    work = lease(worker, 1, sent_at=10.0, kind=kind)
    worker.disconnected(100.0, grace=30.0)
    worker.reconnected(101.0, grace=30.0)
    assert work.deadline == 103.0


def test_a_grace_period_that_is_shorter_holds_for_everything() -> None:
    worker = Worker("w", 1, None)
    work = [lease(worker, number, sent_at=10.0, kind=kind) for number, kind in enumerate(Kind)]
    worker.disconnected(100.0, grace=0.5)
    assert [item.deadline for item in work] == [100.5] * 3


def test_credits_count_what_is_out() -> None:
    worker = Worker("w", 1, None, credits=[1, 2, 3])
    assert worker.free(Kind.ACTIVITY) == 0, "not connected"
    made = lease(worker, 1, sent_at=0.0)
    assert worker.busy[Kind.ACTIVITY] == 1
    worker.drop(made, done=True)
    worker.drop(made, done=True)
    assert worker.busy[Kind.ACTIVITY] == 0
