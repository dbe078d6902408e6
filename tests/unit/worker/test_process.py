"""`python -m worker` as a process: its exit codes, its waiting, its work, and its end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from durabletask.client import TaskHubGrpcClient
from durabletask.testing import create_test_backend

from casebook.engine import open_engine, upgrade
from casebook.repository import CaseBook
from casebook.transactions import Transactions
from contracts import names
from contracts.converter import PydanticDataConverter
from tests.unit.worker.support.cases import an_alert, an_investigation
from tests.unit.worker.support.tool_server import ToolServer

ROOT = Path(__file__).parents[3]
WAIT_S = 90.0
CASE = an_investigation().case_id
MODEL = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_MODEL": "none"}


class WorkerProcess:
    """A worker in a process of its own, and the lines that it has logged."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "AZURE", "MCP"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "worker"],
            cwd=ROOT,
            env={**clean, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: list[str] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr:
            for line in self._process.stderr:
                with self._said:
                    self._lines.append(line)
                    self._said.notify_all()

    def says(self, text: str) -> str:
        """The first line with `text`, as soon as it is there."""

        def found() -> str | None:
            return next((line for line in self._lines if text in line), None)

        with self._said:
            line = self._said.wait_for(found, WAIT_S)
        assert line, f"never said {text!r}: {self._lines}"
        return line

    @property
    def output(self) -> str:
        return "".join(self._lines)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def exit_code(self) -> int:
        code = self._process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        return code

    def close(self) -> None:
        self._process.kill()
        self.exit_code()


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


def environment(tmp_path: Path, tools_url: str, scheduler_port: int, **more: str) -> dict[str, str]:
    return {
        "CASEBOOK_URL": f"sqlite:///{tmp_path / 'casebook.db'}",
        "MCP_SERVER_URI": tools_url,
        "DTS_ENDPOINT": f"http://127.0.0.1:{scheduler_port}",
        "WORKER_READY_FILE": str(tmp_path / "ready"),
        **(MODEL | more),
    }


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
        ({"CASEBOOK_URL": "nonsense"}, "CASEBOOK_URL 'nonsense' is no database URL"),
    ],
)
def test_a_broken_setting_is_one_sentence_and_exit_code_1(
    start_worker: type[WorkerProcess], tmp_path: Path, changes: dict[str, str], sentence: str
) -> None:
    worker = start_worker(environment(tmp_path, "http://127.0.0.1:9/mcp", 9) | changes)

    assert worker.exit_code() == 1
    assert sentence in worker.output
    assert "Traceback" not in worker.output


def test_a_file_that_is_no_casebook_is_one_sentence_and_left_alone(
    start_worker: type[WorkerProcess], tmp_path: Path
) -> None:
    (tmp_path / "casebook.db").write_text("my diary " * 1_000)

    worker = start_worker(environment(tmp_path, "http://127.0.0.1:9/mcp", 9))

    assert worker.exit_code() == 1
    assert "Traceback" not in worker.output
    assert (tmp_path / "casebook.db").read_text() == "my diary " * 1_000


@pytest.fixture
def slow_model(rules_model: str) -> Iterator[Callable[[float], dict[str, str]]]:
    """The rules model, with a delay before each answer; returns the environment that names it."""

    def delayed(latency_s: float) -> dict[str, str]:
        httpx2.put(f"{rules_model}/control", json={"latency_s": latency_s}).raise_for_status()
        return {"OPENAI_BASE_URL": f"{rules_model}/v1", "OPENAI_MODEL": "casewright-rules-1"}

    yield delayed
    delayed(0)


def test_it_waits_for_what_is_not_up_and_finishes_running_work_before_it_ends(
    start_worker: type[WorkerProcess],
    tmp_path: Path,
    tools: ToolServer,
    free_port: int,
    slow_model: Callable[[float], dict[str, str]],
) -> None:
    model = slow_model(1.5)
    worker = start_worker(environment(tmp_path, tools.url, free_port, MCP_WRITE_TOKEN="write-secret", **model))
    assert "casewright-rules-1 at http://127.0.0.1:" in worker.says("Model:")
    worker.says(f"Waiting for the tool server at {tools.url}")
    tools.start()
    worker.says(f"Waiting for the scheduler at http://127.0.0.1:{free_port}")
    backend = create_test_backend(port=free_port)
    try:
        worker.says("Taking work")
        assert (tmp_path / "ready").exists()
        with open_case(tmp_path, free_port) as casebook:
            assert f"case_id={CASE} " in worker.says("Round 1 begins.")
            wait_for_event(casebook, "specialist_started")

            worker.signal(signal.SIGTERM)

            assert worker.exit_code() == 0, worker.output
            assert "Stopped." in worker.output
            assert not (tmp_path / "ready").exists()
            types = [event.type for event in casebook.case_events(CASE)]
            assert types.count("specialist_started") == types.count("specialist_finished") >= 1
            assert "secret" not in worker.output
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


@contextmanager
def open_case(tmp_path: Path, port: int) -> Generator[CaseBook]:
    """Open and schedule a case as the backend does; the casebook, to look into."""
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    casebook = CaseBook(Transactions(engine))
    casebook.open_case(an_alert())
    with TaskHubGrpcClient(host_address=f"127.0.0.1:{port}", data_converter=PydanticDataConverter()) as client:
        client.schedule_new_orchestration(
            names.INVESTIGATION, input=an_investigation(), instance_id=CASE, version=names.INVESTIGATION_VERSION
        )
        yield casebook
    engine.dispose()


def wait_for_event(casebook: CaseBook, event_type: str) -> None:
    """Return once the case's log holds such an event; the log can only be asked."""
    pause = threading.Event()
    for _ in range(int(WAIT_S / 0.05)):
        if any(event.type == event_type for event in casebook.case_events(CASE)):
            return
        pause.wait(0.05)
    raise AssertionError(f"there never was a {event_type}")
