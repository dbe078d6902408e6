"""Work that kills its worker is not handed out for ever, and nothing else pays for it."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import pytest

from local.scheduler.engine import Options
from local.scheduler.main import main, parser
from local.scheduler.store.database import FILE_NAME
from tests.conformance.harness import KillableWorker, RunningScheduler, Wire, eventually, sdk_client
from tests.conformance.messages import call, complete, kinds, new_kinds, schedule, text

LIMIT = 3


@contextmanager
def running(tmp_path: Path, limit: int = LIMIT, grace: float = 0.3) -> Generator[RunningScheduler]:
    scheduler = RunningScheduler(tmp_path / "data", grace=grace, max_deliveries=limit)
    try:
        yield scheduler
    finally:
        scheduler.stop()


# -- with a worker process that really dies ---------------------------------------------------------------------------


@contextmanager
def revived_worker(address: str, log: Path) -> Generator[None]:
    """A worker process that is started again whenever it dies, as a supervisor does."""
    log.touch()
    stopped = threading.Event()
    processes: list[subprocess.Popen[bytes]] = []

    def keep_alive() -> None:
        while not stopped.is_set():
            process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("poison_worker.py")), address, str(log)]
            )
            processes.append(process)
            process.wait()

    keeper = threading.Thread(target=keep_alive)
    keeper.start()
    try:
        yield
    finally:
        stopped.set()
        for process in processes:
            process.kill()
        while keeper.is_alive():
            processes[-1].kill()
            keeper.join(0.2)


def outcome(scheduler: RunningScheduler, log: Path, orchestrator: str) -> Any:
    with sdk_client(scheduler.address) as client, revived_worker(scheduler.address, log):
        instance_id = client.schedule_new_orchestration(orchestrator)
        state = client.wait_for_orchestration_completion(instance_id, timeout=100)
        assert state is not None
        return state


def test_a_poison_activity_fails_and_the_rest_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(tmp_path) as scheduler:
        state = outcome(scheduler, log, "calls_poison")
    assert json.loads(state.serialized_output) == [
        "DeliveriesExhausted",
        "Activity 'poison' was handed out 3 times and no worker completed it: each was lost with it.",
        2,
    ]
    assert log.read_text().split() == ["activity"] * LIMIT


def test_a_poison_orchestrator_fails(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(tmp_path) as scheduler:
        state = outcome(scheduler, log, "is_poison")
    assert state.failure_details.error_type == "DeliveriesExhausted"
    assert "was handed out 3 times and no worker completed it" in state.failure_details.message
    assert log.read_text().split() == ["turn"] * LIMIT


def test_a_poison_entity_operation_fails_and_the_entity_lives(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(tmp_path) as scheduler:
        state = outcome(scheduler, log, "calls_entity")
    first, message, second = json.loads(state.serialized_output)
    assert (first, second) == (1, 2)
    assert "'poison' of entity '@counter@one' was handed out 3 times" in message
    assert log.read_text().split() == ["operation"] * LIMIT


# -- what counts ------------------------------------------------------------------------------------------------------


@pytest.fixture
def to(tmp_path: Path) -> Generator[tuple[RunningScheduler, Wire]]:
    with running(tmp_path) as scheduler:
        wire = Wire(scheduler.address)
        yield scheduler, wire
        wire.close()


def lose_workers(scheduler: RunningScheduler, take: Callable[[Any], Any], times: int = 1) -> None:
    """Kills as many workers, each with a piece of work."""
    for number in range(times):
        doomed = KillableWorker(scheduler.address, f"far:{number}:mortal")
        take(doomed.worker)
        doomed.kill()


def activity(worker: Any) -> Any:
    return worker.activity(timeout=60)


def turn(worker: Any) -> Any:
    return worker.turn(timeout=60)


def start_with_activity(wire: Wire, instance_id: str = "a") -> None:
    first = wire.worker("first", maxConcurrentActivityWorkItems=1, workItemFilters=ORCHESTRATIONS_ONLY)
    wire.start("x", instance_id)
    first.end_turn(turn(first), schedule(1, "step"))
    first.drop()


ORCHESTRATIONS_ONLY = pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name="x")])


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


def wait_for_lost_deliveries(scheduler: RunningScheduler) -> None:
    """Waits until nobody is out with anything: every loss has been noticed."""
    eventually(lambda: scheduler.on_loop(scheduler.engine.dispatcher.gauges)["leases"] == 0)


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
    with running(tmp_path, limit=1, grace=4.0) as scheduler:
        wire = Wire(scheduler.address)
        start_with_activity(wire)
        doomed = KillableWorker(scheduler.address, "far:1:same")
        activity(doomed.worker)
        doomed.kill()
        worker = wire.worker("far:1:same")
        again = activity(worker)  # it may never have arrived
        worker.end_activity(again, "1")
        assert new_kinds(turn(worker))[-1] == "taskCompleted"
        wire.close()


def test_a_turn_that_was_finished_starts_to_count_anew(to: tuple[RunningScheduler, Wire]) -> None:
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


# -- the innocent -----------------------------------------------------------------------------------------------------


def test_innocent_work_beside_poison_work_is_finished(tmp_path: Path) -> None:
    with running(tmp_path, limit=6) as scheduler:
        wire = Wire(scheduler.address)
        first = wire.worker("first", workItemFilters=ORCHESTRATIONS_ONLY)
        wire.start("x", "a")
        first.end_turn(turn(first), *(schedule(number, f"step{number}") for number in range(1, 5)))
        first.drop()
        poison, finished = "step1", set[str]()
        for number in range(6):
            doomed = KillableWorker(scheduler.address, f"far:{number}:mortal", workItemFilters=ALL_STEPS)
            if number < 3:
                for _ in range(4):
                    activity(doomed.worker)
            else:
                while (item := activity(doomed.worker)).activityRequest.name != poison:
                    doomed.worker.end_activity(item, "1")
                    finished.add(item.activityRequest.name)
            doomed.kill()
            wait_for_lost_deliveries(scheduler)
        assert finished == {"step2", "step3", "step4"}
        results = kinds(turn(wire.worker("last")).orchestratorRequest.newEvents)
        assert sorted(results[1:]) == ["taskCompleted"] * 3 + ["taskFailed"]
        wire.close()


ALL_STEPS = pb.WorkItemFilters(activities=[pb.ActivityFilter(name=f"step{number}") for number in range(1, 5)])


def test_quarantined_work_is_handed_out_alone(tmp_path: Path) -> None:
    with running(tmp_path, limit=6) as scheduler:
        wire = Wire(scheduler.address)
        first = wire.worker("first", workItemFilters=ORCHESTRATIONS_ONLY)
        wire.start("x", "a")
        first.end_turn(turn(first), schedule(1, "step1"), schedule(2, "step2"))
        first.drop()
        lose_workers(scheduler, lambda worker: (activity(worker), activity(worker)), 3)
        one, two = (wire.worker(name, workItemFilters=ALL_STEPS) for name in ("one", "two"))
        kept = activity(one)
        other = activity(two)
        assert kept.activityRequest.name != other.activityRequest.name
        two.drop()
        assert one.nothing(1.0), "it has one already"
        one.end_activity(kept, "1")
        assert activity(one).activityRequest.name == other.activityRequest.name
        wire.close()


def test_only_the_operation_that_kills_is_failed(tmp_path: Path) -> None:
    with running(tmp_path, limit=6) as scheduler:
        wire = Wire(scheduler.address)
        first = wire.worker("first", workItemFilters=ORCHESTRATIONS_ONLY)
        wire.start("x", "a")
        names = ["good", "poison", "fine"]
        first.end_turn(
            turn(first), *(call(number, "@c@1", name, f"r{number}", "a") for number, name in enumerate(names, 1))
        )
        first.drop()
        filters = pb.WorkItemFilters(entities=[pb.EntityFilter(name="c")])
        for number in range(12):
            doomed = KillableWorker(scheduler.address, f"far:{number}:mortal", workItemFilters=filters)
            batch = doomed.worker.batch(timeout=60)
            while operations(batch) != ["good", "poison", "fine"] and operations(batch) != ["poison"]:
                doomed.worker.end_batch(batch, "1")
                if operations(batch) == ["fine"]:
                    break
                batch = doomed.worker.batch(timeout=60)
            doomed.kill()
            if operations(batch) == ["fine"]:
                break
            wait_for_lost_deliveries(scheduler)
        assert scheduler.on_loop(scheduler.engine.dispatcher.gauges)["lost_deliveries_total"] == 6
        last = wire.worker("last", workItemFilters=ORCHESTRATIONS_ONLY)
        seen: list[str] = []
        while len(seen) < 3:
            item = turn(last)
            seen += [kind for kind in new_kinds(item) if kind.startswith("entityOperation")]
            last.end_turn(item)
        assert seen == ["entityOperationCompleted", "entityOperationFailed", "entityOperationCompleted"]
        wire.close()


def operations(batch: Any) -> list[str]:
    return [op.entityOperationCalled.operation for op in batch.entityRequestV2.operationRequests]


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
