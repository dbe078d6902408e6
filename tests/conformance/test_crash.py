"""Nothing is lost when anything is killed, and what was answered survives a power cut."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import durabletask.internal.orchestrator_service_pb2 as pb
import pytest
from durabletask.client import OrchestrationStatus

from local.scheduler.store.database import FILE_NAME
from tests.conformance.chaos import run_chaos
from tests.conformance.harness import RunningScheduler, Wire, sdk_client, sdk_worker
from tests.conformance.messages import complete, schedule


@pytest.mark.integration
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.long)])
def test_kills_lose_nothing(tmp_path: Path, kills: int) -> None:
    report = run_chaos(tmp_path, kills=kills, seed=7)
    assert report.wrong == []
    assert report.kills >= kills


def copy_what_was_forced(running: RunningScheduler, target: Path, forced: int) -> None:
    """The files as a power cut leaves them: the log only as far as it was forced to disk.

    Copied by another process: a process that closes a file it has open twice loses its locks on it.
    """
    target.mkdir()
    source = running.engine.database.path
    subprocess.run(["cp", str(source), str(target / FILE_NAME)], check=True)
    subprocess.run(
        [
            "dd",
            f"if={source}-wal",
            f"of={target / FILE_NAME}-wal",
            f"count={forced}",
            "iflag=count_bytes",
            "status=none",
        ],
        check=True,
    )


def test_what_was_answered_survives_a_power_cut(tmp_path: Path) -> None:
    running = RunningScheduler(tmp_path / "data")
    forced: list[int] = []
    database = running.engine.database
    flush = database.flush

    def watched_flush() -> None:
        size = database.log_bytes()
        flush()
        forced.append(size)

    database.flush = watched_flush  # type: ignore[method-assign]
    try:
        wire = Wire(running.address)
        worker = wire.worker("w")
        for number in range(6):
            wire.start("chain", f"i{number}", "1")
            worker.end_turn(worker.turn(), schedule(1, "step"))
            item = worker.activity()
            wire.raise_event(f"i{number}", "early")
            worker.end_turn(worker.turn())
            worker.end_activity(item, '"result"')
            worker.turn()
            copy_what_was_forced(running, tmp_path / f"cut{number}", forced[-1])
        wire.close()
    finally:
        running.stop()
    for number in range(6):
        again = RunningScheduler(tmp_path / f"cut{number}", grace=0.2)
        try:
            wire = Wire(again.address)
            worker = wire.worker("new")
            for known in range(number + 1):
                item = worker.turn()
                history = [*item.orchestratorRequest.pastEvents, *item.orchestratorRequest.newEvents]
                found = {event.WhichOneof("eventType") for event in history}
                assert {"executionStarted", "eventRaised", "taskScheduled", "taskCompleted"} <= found
                worker.end_turn(item, complete(2, "1"))
                assert wire.status(item.orchestratorRequest.instanceId) == "COMPLETED"
                assert known < number + 1
            wire.close()
        finally:
            again.stop()


def test_a_log_cut_anywhere_still_opens(tmp_path: Path) -> None:
    running = RunningScheduler(tmp_path / "data")
    wire = Wire(running.address)
    for number in range(30):
        wire.start("chain", f"i{number}", "1")
    size = running.engine.database.log_bytes()
    cuts = range(0, size, max(1, size // 7))
    for cut in cuts:
        copy_what_was_forced(running, tmp_path / f"cut{cut}", cut)
    wire.close()
    running.stop()
    seen: list[int] = []
    for cut in cuts:
        again = RunningScheduler(tmp_path / f"cut{cut}")
        wire = Wire(again.address)
        known = sum(wire.state(f"i{number}") is not None for number in range(30))
        assert all(wire.state(f"i{number}") is not None for number in range(known)), "a gap"
        wire.start("chain", "after", "1")
        seen.append(known)
        wire.close()
        again.stop()
    assert seen == sorted(seen)


def test_a_worker_that_survives_the_scheduler_finishes_its_activity(tmp_path: Path) -> None:
    running = RunningScheduler(tmp_path / "data", grace=600.0)
    wire = Wire(running.address)
    worker = wire.worker("host:1:steady")
    wire.start("chain", "a")
    worker.end_turn(worker.turn(), schedule(1, "slow"))
    item = worker.activity()
    running.restart()
    back = wire.worker("host:1:steady")
    back.end_activity(item, '"kept"')
    turn = back.turn()
    assert turn.orchestratorRequest.newEvents[-1].taskCompleted.result.value == '"kept"'
    assert back.nothing(0.3)
    wire.close()
    running.stop()


def test_an_entity_batch_is_redelivered_before_the_grace_period(tmp_path: Path) -> None:
    running = RunningScheduler(tmp_path / "data", grace=600.0)
    wire = Wire(running.address)
    worker = wire.worker("host:1:steady")
    wire("SignalEntity", pb.SignalEntityRequest(instanceId="@counter@a", name="add", requestId="r1"))
    held = worker.batch()
    running.restart()
    back = wire.worker("host:1:steady")
    again = back.batch()
    assert again.completionToken != held.completionToken
    back.end_batch(held, "stale")
    back.end_batch(again, "fresh")
    found = wire("GetEntity", pb.GetEntityRequest(instanceId="@counter@a", includeState=True)).entity
    assert (found.serializedState.value, found.backlogQueueSize) == ("fresh", 0)
    wire.close()
    running.stop()


def test_a_dead_local_process_loses_its_leases(tmp_path: Path) -> None:
    running = RunningScheduler(tmp_path / "data", grace=600.0)
    log = tmp_path / "log"
    log.touch()
    worker_file = Path(__file__).with_name("chaos_worker.py")
    process = subprocess.Popen([sys.executable, str(worker_file), running.address, "/dev/full"])
    try:
        with sdk_client(running.address) as client:
            instance_id = client.schedule_new_orchestration("listen")
            client.wait_for_orchestration_start(instance_id, timeout=120)
            os.kill(process.pid, 19)  # SIGSTOP: what is sent now is never finished
            client.raise_orchestration_event(instance_id, "go", data=1)
            process.kill()
            process.wait()
            from tests.conformance.chaos_worker import listen, step

            with sdk_worker(running.address, listen, step):
                state = client.wait_for_orchestration_completion(instance_id, timeout=120)
                assert state is not None
                assert state.runtime_status == OrchestrationStatus.COMPLETED
    finally:
        process.kill()
        process.wait()
        running.stop()
        shutil.rmtree(tmp_path / "data")
