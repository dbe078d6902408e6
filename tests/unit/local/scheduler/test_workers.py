"""Which leases survive a broken stream."""

import os
import socket
import subprocess
import sys

from local.scheduler.dispatch.workers import Kind, Lease, Worker, is_alive, local_pid
from local.scheduler.operations.unit import Ready


def lease(worker: Worker, order: int, sent_at: float, kind: Kind = Kind.ACTIVITY) -> Lease:
    made = Lease(kind, Ready(1, order, "a"), f"t{order}", 1, worker, order=order, sent_at=sent_at)
    worker.hold(made)
    return made


def test_what_was_sent_long_ago_or_before_something_finished_is_kept_on_return() -> None:
    worker = Worker("w", 1, None)
    old = lease(worker, 1, sent_at=10.0)
    proven = lease(worker, 2, sent_at=99.5)
    finished = lease(worker, 3, sent_at=99.6)
    recent = lease(worker, 4, sent_at=99.7)
    worker.drop(finished, done=True)
    worker.break_off(100.0, grace=30.0, turn_grace=3.0)
    assert [item.deadline for item in (old, proven, recent)] == [130.0, 130.0, 130.0]
    worker.come_back(110.0, grace=30.0)
    assert [item.deadline for item in (old, proven, recent)] == [200.0, 200.0, 130.0]


def test_what_is_sent_after_the_return_has_no_deadline() -> None:
    worker = Worker("w", 1, None)
    worker.break_off(100.0, grace=30.0, turn_grace=3.0)
    fresh = lease(worker, 1, sent_at=101.0)
    worker.come_back(102.0, grace=30.0)
    assert fresh.deadline is None


def test_turns_are_sent_again_soon_even_if_the_worker_returns() -> None:
    worker = Worker("w", 1, None)
    turn = lease(worker, 1, sent_at=10.0, kind=Kind.ORCHESTRATION)
    worker.break_off(100.0, grace=30.0, turn_grace=3.0)
    worker.come_back(101.0, grace=30.0)
    assert turn.deadline == 103.0


def test_credits_count_what_is_out() -> None:
    worker = Worker("w", 1, None, credits=[1, 2, 3])
    assert worker.free(Kind.ACTIVITY) == 0, "not connected"
    made = lease(worker, 1, sent_at=0.0)
    assert worker.busy[Kind.ACTIVITY] == 1
    worker.drop(made, done=True)
    worker.drop(made, done=True)
    assert worker.busy[Kind.ACTIVITY] == 0


def test_a_process_is_alive_until_it_has_ended_even_if_nobody_collects_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(process.pid)
    assert local_pid(f"{socket.gethostname()}:{process.pid}:uuid") == process.pid
    assert process.stdin is not None
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(process.pid)
    process.wait()
    process.stdin.close()
    assert not is_alive(process.pid)


def test_worker_ids_of_other_machines_say_nothing_about_processes() -> None:
    assert local_pid(f"elsewhere.invalid:{os.getpid()}:uuid") is None
    assert local_pid("anonymous") is None
