"""Work that kills its worker process is not handed out for ever."""

import json
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conformance.deliveries import (
    LIMIT,
    running,
)
from tests.conformance.harness import RunningScheduler, sdk_client


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
        state = client.wait_for_orchestration_completion(instance_id, timeout=400)
        assert state is not None
        return state


def test_a_poison_activity_fails_and_the_rest_continues(tmp_path: Path) -> None:
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
