"""A worker heeds SIGTERM whatever the machine is doing and whichever thread takes the signal."""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from durabletask.testing import create_test_backend

from tests.unit.worker.support.process import WorkerProcess, environment, mark_hub, open_case, wait_for_event
from tests.unit.worker.support.tool_server import ToolServer

STOPS = 200
BURNERS = 4


@contextmanager
def busy_cores() -> Generator[None]:
    """Keep the machine busy: more runnable processes than most test machines have cores."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BURNERS)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def stop_at_work(tmp_path: Path, tools: ToolServer, port: int, model: str) -> int:
    """The exit code of a worker that gets a signal to stop while its specialists wait for the model."""
    with ExitStack() as stack:
        backend = create_test_backend(port=port)
        stack.callback(backend.stop)
        mark_hub(tmp_path, port)
        more = {"OPENAI_BASE_URL": f"{model}/v1", "OPENAI_MODEL": "casewright-rules-1", "WORKER_DRAIN_SECONDS": "0.1"}
        worker = WorkerProcess(environment(tmp_path, tools.url, port, **more))
        stack.callback(worker.close)
        worker.says("Taking work")
        with open_case(tmp_path, port) as casebook:
            wait_for_event(casebook, "specialist_started")
            worker.signal(signal.SIGTERM)
            return worker.exit_code()


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_worker_heeds_every_stop_on_a_busy_machine(tmp_path: Path, free_port: int, rules_model: str) -> None:
    httpx2.put(f"{rules_model}/control", json={"latency_s": 60}).raise_for_status()
    tools = ToolServer()
    tools.start()
    try:
        with busy_cores():
            codes = [stop_at_work(_made(tmp_path / str(n)), tools, free_port, rules_model) for n in range(STOPS)]
    finally:
        tools.stop()
    assert codes == [0] * STOPS


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
