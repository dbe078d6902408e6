"""`python -m worker` as a process: its exit codes, its waiting, its work, and its end."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
from durabletask.testing import create_test_backend

from runtime.signatures import PrivateKey
from tests.unit.worker.support.mcp_peer import McpPeers
from tests.unit.worker.support.process import (
    CASE,
    ROOT,
    WAIT_S,
    WorkerProcess,
    environment,
    mark_hub,
    open_case,
    wait_for_event,
)
from tests.unit.worker.support.tool_server import ToolServer

pytestmark = pytest.mark.integration


@pytest.fixture
def start_worker() -> Iterator[type[WorkerProcess]]:
    started: list[WorkerProcess] = []

    class Tracked(WorkerProcess):
        def __init__(self, environment: Mapping[str, str]) -> None:
            super().__init__(environment)
            started.append(self)

    yield Tracked
    for worker in started:
        worker.close()


@pytest.fixture
def tools() -> Iterator[ToolServer]:
    server = ToolServer()
    yield server
    server.stop()


def test_help_names_every_setting() -> None:
    from worker.settings import WorkerSettings

    shown = subprocess.run(
        [sys.executable, "-m", "worker", "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=WAIT_S
    ).stdout

    assert [name for name in WorkerSettings.model_fields if name.upper() not in " ".join(shown.split())] == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"OPENAI_MODEL": ""}, "worker: OPENAI_MODEL is not set: name the model"),
        ({"OPENAI_BASE_URL": "", "OPENAI_MODEL": ""}, "worker: No language model is configured:"),
        ({"MAX_REVIEW_ATTEMPTS": "none"}, "worker: MAX_REVIEW_ATTEMPTS is wrong ("),
        ({"CASEBOOK_URL": "nonsense"}, "CASEBOOK_URL is no database URL"),
    ],
)
def test_invalid_setting_is_one_sentence_and_exit_code_1(
    start_worker: type[WorkerProcess], tmp_path: Path, changes: dict[str, str], sentence: str
) -> None:
    worker = start_worker(environment(tmp_path, "http://127.0.0.1:9/mcp", 9) | changes)

    assert worker.exit_code() == 1
    assert sentence in worker.output
    assert "Traceback" not in worker.output


def test_foreign_file_is_one_sentence_and_left_alone(start_worker: type[WorkerProcess], tmp_path: Path) -> None:
    (tmp_path / "casebook.db").write_text("my diary " * 1_000)

    worker = start_worker(environment(tmp_path, "http://127.0.0.1:9/mcp", 9))

    assert worker.exit_code() == 1
    assert "Traceback" not in worker.output
    assert (tmp_path / "casebook.db").read_text() == "my diary " * 1_000


def test_unknown_tool_server_version_is_one_sentence_without_secrets(
    start_worker: type[WorkerProcess], tmp_path: Path
) -> None:
    with McpPeers() as peers, peers.peer() as peer:
        peer.version = "2099-01-01"
        worker = start_worker(environment(tmp_path, peer.url.replace("http://", "http://me:hunter2@"), 9))
        assert worker.exit_code() == 1

    assert f"worker: The tool server at {peer.url} speaks version 2099-01-01 of MCP and this worker" in worker.output
    assert "hunter2" not in worker.output
    assert "Traceback" not in worker.output


WITH_PASSWORDS = {
    "MCP_SERVER_URI": "http://ana:hunter2@127.0.0.1:9/mcp?key=hunter2",
    "DTS_ENDPOINT": "http://ana:hunter2@127.0.0.1:9",
    "OPENAI_BASE_URL": "http://ana:hunter2@127.0.0.1:9/v1?key=hunter2",
    "OPENAI_API_KEY": "hunter2",
}


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({}, "Waiting for the tool server at http://127.0.0.1:9/mcp?…"),
        (
            {"CASEBOOK_URL": "postgresql://ana:hunter2@127.0.0.1:1/cases?application_name=hunter2"},
            "Waiting for the casebook at postgresql+psycopg://127.0.0.1:1/cases?…",
        ),
    ],
)
def test_a_password_in_an_address_is_shown_nowhere(
    start_worker: type[WorkerProcess], tmp_path: Path, changes: Mapping[str, str], waits: str
) -> None:
    worker = start_worker({**environment(tmp_path, "", 9), **WITH_PASSWORDS, **changes})
    worker.says(waits)
    worker.close()

    assert "hunter2" not in worker.output
    assert "ana" not in worker.output.replace("managed", "")


@pytest.fixture
def slow_model(rules_model: str) -> Iterator[Callable[[float], dict[str, str]]]:
    """The rules model, with a delay before each answer; returns the environment that names it."""

    def delayed(latency_s: float) -> dict[str, str]:
        httpx2.put(f"{rules_model}/control", json={"latency_s": latency_s}, timeout=60).raise_for_status()
        return {"OPENAI_BASE_URL": f"{rules_model}/v1", "OPENAI_MODEL": "casewright-rules-1"}

    yield delayed
    delayed(0)


def test_it_waits_at_start_and_finishes_running_work(
    start_worker: type[WorkerProcess],
    tmp_path: Path,
    tools: ToolServer,
    free_port: int,
    slow_model: Callable[[float], dict[str, str]],
) -> None:
    model = slow_model(1.5)
    more = {"MCP_CALLER_KEY": PrivateKey.new().pem, "WORKER_DRAIN_SECONDS": "240", **model}
    worker = start_worker(environment(tmp_path, tools.url, free_port, **more))
    assert "casewright-rules-1 at http://127.0.0.1:" in worker.says("Model:")
    worker.says(f"Waiting for the tool server at {tools.url}")
    tools.start()
    worker.says(f"Waiting for the scheduler at http://127.0.0.1:{free_port}")
    backend = create_test_backend(port=free_port)
    try:
        assert "no backend has marked it for its casebook yet" in worker.says("Waiting for the task hub at default of")
        mark_hub(tmp_path, free_port)
        worker.says("Taking work")
        assert (tmp_path / "ready").exists()
        # This tool server has but two of the tools that write.
        refused = worker.says("does not let this worker call")
        assert "call record_refund_reversal or unlock_account: give the worker a key that" in refused
        with open_case(tmp_path, free_port) as casebook:
            assert f"case_id={CASE} " in worker.says("Round 1 begins.")
            wait_for_event(casebook, "specialist_started")

            worker.signal(signal.SIGTERM)

            assert worker.exit_code() == 0, worker.output
            assert "Stopped." in worker.output
            assert not (tmp_path / "ready").exists()
            types = [event.type for event in casebook.case_events(CASE)]
            assert types.count("specialist_started") == types.count("specialist_finished") >= 1
            assert "PRIVATE" not in worker.output
    finally:
        backend.stop()


def test_it_does_not_wait_for_running_work_without_end(
    start_worker: type[WorkerProcess],
    tmp_path: Path,
    tools: ToolServer,
    free_port: int,
    slow_model: Callable[[float], dict[str, str]],
) -> None:
    tools.start()
    backend = create_test_backend(port=free_port)
    try:
        mark_hub(tmp_path, free_port)
        model = slow_model(60)
        worker = start_worker(environment(tmp_path, tools.url, free_port, WORKER_DRAIN_SECONDS="0.5", **model))
        worker.says("Taking work")
        with open_case(tmp_path, free_port) as casebook:
            wait_for_event(casebook, "specialist_started")

            worker.signal(signal.SIGTERM)

            assert worker.exit_code() == 0, worker.output
            assert "Work is still running after 0.5 seconds" in worker.output
            assert "specialist_finished" not in [event.type for event in casebook.case_events(CASE)]
            assert not (tmp_path / "ready").exists()
    finally:
        backend.stop()


def test_a_stop_while_it_waits_is_a_clean_end(start_worker: type[WorkerProcess], tmp_path: Path) -> None:
    worker = start_worker(environment(tmp_path, "http://127.0.0.1:9/mcp", 9))
    worker.says("Waiting for the tool server")

    worker.signal(signal.SIGINT)

    assert worker.exit_code() == 0
