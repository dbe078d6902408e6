"""`python -m worker` as a process of its own, and a case for it to work on."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from durabletask.client import TaskHubGrpcClient

from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.relay_api import RelayApi
from contracts import names
from contracts.hub import HubOwner
from runtime.data_converter import PydanticDataConverter
from tests.support.casebooks import CaseBook
from tests.unit.worker.support.cases import an_alert, an_investigation

ROOT = Path(__file__).parents[4]
WAIT_S = 300.0
"""For what hangs: a worker on a busy machine may take a minute to start."""
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


def environment(tmp_path: Path, tools_url: str, scheduler_port: int, **more: str) -> dict[str, str]:
    return {
        "CASEBOOK_URL": f"sqlite:///{tmp_path / 'casebook.db'}",
        "MCP_SERVER_URI": tools_url,
        "DTS_ENDPOINT": f"http://127.0.0.1:{scheduler_port}",
        "WORKER_READY_FILE": str(tmp_path / "ready"),
        **(MODEL | more),
    }


def mark_hub(tmp_path: Path, port: int) -> None:
    """Mark the task hub for this casebook as the backend does."""
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    owner = HubOwner(casebook_id=RelayApi(Transactions(engine)).identity())
    engine.dispose()
    with TaskHubGrpcClient(host_address=f"127.0.0.1:{port}", data_converter=PydanticDataConverter()) as client:
        client.schedule_new_orchestration(
            names.HUB_OWNER, input=owner, instance_id=names.HUB_OWNER_INSTANCE, version=names.HUB_OWNER_VERSION
        )


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
