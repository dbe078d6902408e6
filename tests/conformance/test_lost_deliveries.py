"""Work that was out with lost workers is counted, given up, and shown to operators."""

import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import pytest

from local.scheduler.engine import Options
from local.scheduler.main import main, parser
from local.scheduler.store.database import FILE_NAME
from tests.conformance.deliveries import (
    LIMIT,
    activity,
    lose_workers,
    running,
    start_with_activity,
    turn,
    wait_for_lost_deliveries,
)
from tests.conformance.harness import KillableWorker, RunningScheduler, Wire
from tests.conformance.messages import complete, kinds, new_kinds, text

# -- what counts ------------------------------------------------------------------------------------------------------


@pytest.fixture
def to(tmp_path: Path) -> Generator[tuple[RunningScheduler, Wire]]:
    with running(tmp_path) as scheduler:
        wire = Wire(scheduler.address)
        yield scheduler, wire
        wire.close()


def failure_of(item: Any) -> Any:
    event = item.orchestratorRequest.newEvents[-1]
    return getattr(event, event.WhichOneof("eventType")).failureDetails


def test_ten_lost_workers_are_the_default() -> None:
    assert parser().parse_args(["--data", "x"]).max_deliveries == 10
    assert Options(Path("x")).max_deliveries == 10


def test_lost_deliveries_are_counted_across_restarts(to: tuple[RunningScheduler, Wire]) -> None:
    scheduler, wire = to
    start_with_activity(wire)
    for _ in range(LIMIT):
        lose_workers(scheduler, activity)
        wait_for_lost_deliveries(scheduler)
        scheduler.restart()
    failure = failure_of(turn(Wire(scheduler.address).worker("last")))
    assert failure.errorType == "DeliveriesExhausted"
    assert failure.isNonRetriable


def test_drained_workers_use_up_no_deliveries(to: tuple[RunningScheduler, Wire]) -> None:
    scheduler, wire = to
    start_with_activity(wire)
    for number in range(LIMIT + 2):
        worker = wire.worker(f"drained:{number}")
        activity(worker)
        worker.drop()
    worker = wire.worker("last")
    worker.end_activity(activity(worker), "1")
    assert new_kinds(turn(worker))[-1] == "taskCompleted"
    assert scheduler.on_loop(scheduler.engine.dispatcher.gauges)["lost_deliveries_total"] == 0


def test_abandoned_work_uses_up_no_deliveries(to: tuple[RunningScheduler, Wire]) -> None:
    _, wire = to
    start_with_activity(wire)
    worker = wire.worker("w")
    for _ in range(LIMIT + 1):
        token = activity(worker).completionToken
        wire("AbandonTaskActivityWorkItem", pb.AbandonActivityTaskRequest(completionToken=token))
    worker.end_activity(activity(worker), "1")
    assert new_kinds(turn(worker))[-1] == "taskCompleted"


def test_scheduler_restarts_use_up_no_deliveries(to: tuple[RunningScheduler, Wire]) -> None:
    scheduler, wire = to
    start_with_activity(wire)
    for number in range(LIMIT + 1):
        worker = Wire(scheduler.address).worker(f"w{number}")
        activity(worker)
        scheduler.restart()
    worker = Wire(scheduler.address).worker("last")
    worker.end_activity(activity(worker), "1")
    assert new_kinds(turn(worker))[-1] == "taskCompleted"


def test_a_worker_that_reconnects_was_not_lost(tmp_path: Path) -> None:
    grace_s = 600.0
    with running(tmp_path, limit=1, grace=grace_s) as scheduler:
        wire = Wire(scheduler.address)
        start_with_activity(wire)
        doomed = KillableWorker(scheduler.address, "far:1:same")
        activity(doomed.worker)
        doomed.kill()
        scheduler.wait_for_workers(0)
        worker = wire.worker("far:1:same")
        scheduler.wait_for_workers(1)
        scheduler.pass_time(grace_s)
        again = activity(worker)  # it may never have arrived
        worker.end_activity(again, "1")
        assert new_kinds(turn(worker))[-1] == "taskCompleted"
        wire.close()


def test_a_completed_turn_resets_its_lost_deliveries(to: tuple[RunningScheduler, Wire]) -> None:
    scheduler, wire = to
    wire.start("x", "a")
    for number in range(LIMIT):
        lose_workers(scheduler, turn, LIMIT - 1)
        worker = wire.worker(f"steady{number}")
        worker.end_turn(turn(worker))
        worker.drop()
        wire.raise_event("a", "go")
    worker = wire.worker("last")
    worker.end_turn(turn(worker), complete(1, "1"))
    assert wire.status("a") == "COMPLETED"


def test_without_a_limit_work_is_handed_out_for_ever(tmp_path: Path) -> None:
    with running(tmp_path, limit=0) as scheduler:
        wire = Wire(scheduler.address)
        start_with_activity(wire)
        lose_workers(scheduler, activity, 5)
        worker = wire.worker("last")
        worker.end_activity(activity(worker), "1")
        assert new_kinds(turn(worker))[-1] == "taskCompleted"
        wire.close()


def test_an_instance_given_up_can_be_rewound(to: tuple[RunningScheduler, Wire]) -> None:
    scheduler, wire = to
    wire.start("x", "a", '"in"')
    lose_workers(scheduler, turn, LIMIT)
    worker = wire.worker("mended")
    wait_for_lost_deliveries(scheduler)
    assert wire.status("a") == "FAILED"
    assert kinds(wire.history("a")) == ["orchestratorStarted", "executionStarted", "executionCompleted"]
    wire("RewindInstance", pb.RewindInstanceRequest(instanceId="a"))
    item = turn(worker)
    request = item.orchestratorRequest
    kept = [event for event in request.pastEvents if not event.HasField("executionCompleted")]
    action = pb.RewindOrchestrationAction(newHistory=[*kept, *request.newEvents])
    worker.end_turn(item, pb.OrchestratorAction(id=-1, rewindOrchestration=action))
    worker.drop()
    lose_workers(scheduler, turn, LIMIT - 1)
    worker = wire.worker("again")
    worker.end_turn(turn(worker), complete(1, "1"))
    assert wire.status("a") == "COMPLETED"


# -- what operators see -----------------------------------------------------------------------------------------------


def test_status_lists_lost_deliveries(
    to: tuple[RunningScheduler, Wire], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scheduler, wire = to
    start_with_activity(wire)
    lose_workers(scheduler, activity)
    wait_for_lost_deliveries(scheduler)
    assert main(["status", "--data", str(tmp_path / "data")]) == 0
    shown = capsys.readouterr().out
    assert "lost with their workers: 1\n  activity 'step' of 'a': 1 times, last at 2" in shown
    assert "with worker 'far:0:mortal@" in shown
    assert shown.endswith("given up: 0\n")
    lose_workers(scheduler, activity, LIMIT - 1)
    wait_for_lost_deliveries(scheduler)
    wire.start("x", "b", version=text("1"))
    main(["status", "--data", str(tmp_path / "data")])
    shown = capsys.readouterr().out
    assert "lost with their workers: 0\ngiven up: 1\n  activity 'step' of 'a': 3 times" in shown
    wire("TerminateInstance", pb.TerminateRequest(instanceId="a"))
    worker = wire.worker("last")
    item = turn(worker)
    while item.orchestratorRequest.instanceId != "a":
        item = turn(worker)
    worker.end_turn(item, complete(2, None, pb.ORCHESTRATION_STATUS_TERMINATED))
    wire("PurgeInstances", pb.PurgeInstancesRequest(instanceId="a"))
    main(["status", "--data", str(tmp_path / "data")])
    assert "given up: 0" in capsys.readouterr().out, "it went with its instance"


def test_a_database_from_before_is_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path) as scheduler:
        wire = Wire(scheduler.address)
        wire.start("x", "a")
        wire.close()
    with sqlite3.connect(tmp_path / "data" / FILE_NAME) as connection:
        connection.execute("DROP TABLE lost_delivery")
    connection.close()
    assert main(["status", "--data", str(tmp_path / "data")]) == 0
    assert "given up" not in capsys.readouterr().out
    with running(tmp_path) as scheduler:
        lose_workers(scheduler, turn, LIMIT)
        wire = Wire(scheduler.address)
        wait_for_lost_deliveries(scheduler)
        assert wire.status("a") == "FAILED"
        wire.close()


def test_status_takes_the_folder_of_the_stack_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RunningScheduler(tmp_path / "scheduler").stop()
    assert main(["status", "--data", str(tmp_path)]) == 0
    assert "no task hubs yet" in capsys.readouterr().out
