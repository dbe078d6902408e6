"""Schedulers that give work up soon, and workers that are lost with it."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb

from tests.conformance.harness import KillableWorker, RunningScheduler, Wire, eventually
from tests.conformance.messages import schedule

LIMIT = 3
ORCHESTRATIONS_ONLY = pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name="x")])


@contextmanager
def running(tmp_path: Path, limit: int = LIMIT, grace: float = 0.3) -> Generator[RunningScheduler]:
    scheduler = RunningScheduler(tmp_path / "data", grace=grace, max_deliveries=limit)
    try:
        yield scheduler
    finally:
        scheduler.stop()


def lose_workers(scheduler: RunningScheduler, take: Callable[[Any], Any], times: int = 1) -> None:
    """Kills as many workers, each with a piece of work."""
    for number in range(times):
        doomed = KillableWorker(scheduler.address, f"far:{number}:mortal")
        take(doomed.worker)
        doomed.kill()


def activity(worker: Any) -> Any:
    return worker.activity()


def turn(worker: Any) -> Any:
    return worker.turn()


def start_with_activity(wire: Wire, instance_id: str = "a") -> None:
    first = wire.worker("first", maxConcurrentActivityWorkItems=1, workItemFilters=ORCHESTRATIONS_ONLY)
    wire.start("x", instance_id)
    first.end_turn(turn(first), schedule(1, "step"))
    first.drop()


def wait_for_lost_deliveries(scheduler: RunningScheduler) -> None:
    """Waits until nobody is out with anything: every loss has been noticed."""
    eventually(lambda: scheduler.on_loop(scheduler.engine.dispatcher.gauges)["leases"] == 0)
