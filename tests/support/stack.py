"""Runs the real local stack for a test, on free ports and in a folder of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any, Self, TypedDict

import httpx
from websockets.sync.client import connect

from contracts.fraud_case import FraudCaseView
from local.parts import DEFAULT_PORTS
from local.stack import running_parts
from tests.support.ports import free_ports
from tests.support.tool_access import Keys

ROOT = Path(__file__).resolve().parent.parent.parent
READY_TIMEOUT_S = 180.0
CASE_TIMEOUT_S = 180.0
"""For what hangs: on a busy machine a process takes half a minute to start, and a case waits for two that died."""
STOP_TIMEOUT_S = 150.0
"""The stack stops its parts one after the other, and kills each that takes longer than a quarter of a minute."""
ALONE = {"ALERT_JOIN_HOURS": "0", "DECISION_HOLD_SECONDS": "0"}
"""Most tests want a case of their own of a customer that others have used before, and what is decided done at once."""


class Profile(TypedDict):
    """One line of the profiles that the tool server exports for the simulator; only what tests read."""

    customer_id: int
    name: str
    home_country: str
    story: dict[str, Any] | None


FAST = {"QUALITY_CHECK_SHARE": "0", "REQUESTS_PER_MINUTE": "0"}
"""No case goes to people by chance, and a test may ask as fast as it can."""


class LocalStack:
    """`python -m local.stack` as a context manager: ready on entry, stopped on exit."""

    def __init__(self, data: Path, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self.data = data
        ports = dict(zip(DEFAULT_PORTS, map(str, free_ports(len(DEFAULT_PORTS))), strict=True))
        self.env = {**os.environ, **ports, "PYTHONPATH": str(ROOT), **FAST, **ALONE, **(env or {})}
        self.url = f"http://127.0.0.1:{self.env['BACKEND_PORT']}"
        self.mcp_url = f"http://127.0.0.1:{self.env['MCP_PORT']}/mcp"
        self.model_url = f"http://127.0.0.1:{self.env['MODEL_PORT']}"
        self.command: tuple[str, ...] = (sys.executable, "-m", "local.stack", "--data", str(data), *arguments)
        self.lines: list[str] = []
        self._unread: Queue[str | None] = Queue()
        self._process: subprocess.Popen[str] | None = None
        self.http = self._client(self.url)
        """The backend as `ana` sees it."""
        self._model = self._client(self.model_url)
        self._others: dict[str, httpx.Client] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self.command, cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.wait_for_line("Casewright is ready: ", READY_TIMEOUT_S)
            self._sign_in(self.http, "ana")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if kind is not None:
            sys.stdout.write("\n".join(self.lines[-200:]) + "\n")  # pytest shows it with the failure

    def stop(self) -> int:
        """Stops the stack as Ctrl-C would and returns its exit code."""
        for client in (self.http, self._model, *self._others.values()):
            client.close()
        process = self._process
        assert process is not None
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(STOP_TIMEOUT_S)
        finally:
            process.kill()
            if process.stdout:
                process.wait()

    def as_person(self, persona: str) -> httpx.Client:
        """The backend as another persona sees it; closed with the stack."""
        if persona not in self._others:
            self._others[persona] = self._client(self.url)
            self._sign_in(self._others[persona], persona)
        return self._others[persona]

    def _sign_in(self, client: httpx.Client, persona: str) -> None:
        answer = client.post("/api/session/token", json={"persona": persona}).raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def _client(self, url: str) -> httpx.Client:
        return httpx.Client(base_url=url, timeout=CASE_TIMEOUT_S, trust_env=False)

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip())
            self._unread.put(line.rstrip())
        self._process.stdout.close()
        self._unread.put(None)

    def wait_for_line(self, text: str, timeout: float = CASE_TIMEOUT_S) -> str:
        """Returns the next line of the stack's output that contains `text`; fails when it stops or takes too long."""
        while True:
            try:
                line = self._unread.get(timeout=timeout)
            except Empty:
                line = None
            if line is None:
                raise AssertionError(f"No line with {text!r} in the stack's output:\n" + "\n".join(self.lines[-100:]))
            if text in line:
                return line

    @property
    def keys(self) -> Keys:
        """The keys of the tool server's callers."""
        return Keys(self.data / "keys")

    def pid(self, part: str) -> int:
        """The process id of a part."""
        pid = running_parts(self.data)[part]["pid"]
        assert pid is not None, f"The {part} does not run."
        return pid

    def pids(self) -> list[int]:
        """The process ids of all parts."""
        return [self.pid(part) for part in running_parts(self.data)]

    def kill(self, part: str) -> None:
        """`kill -9` of one part; returns once the stack has noticed."""
        os.kill(self.pid(part), signal.SIGKILL)
        self.wait_for_line("stopped with signal SIGKILL")

    def wait_until_backend_answers(self) -> None:
        """Returns once the backend accepts requests again."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                if self.http.get("/ready").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)  # another process comes up without telling us
        raise AssertionError("The backend did not come back.")

    def profiles(self) -> list[Profile]:
        """What the simulator knows about the customers, stories included."""
        return [json.loads(line) for line in (self.data / "profiles.jsonl").read_text().splitlines()]

    def customer(self, story: str | None, index: int = 0) -> Profile:
        """A customer in whose records this kind of story is planted; None for an ordinary one."""
        found = [p for p in self.profiles() if (p["story"]["kind"] if p["story"] else None) == story]
        return found[index]

    def wait_for_replay(self) -> dict[str, Any]:
        """Returns the ingest report once every recording has been played."""
        deadline = time.monotonic() + CASE_TIMEOUT_S
        while time.monotonic() < deadline:
            report: dict[str, Any] = self.http.get("/api/ingest").json()
            if report["sources"] and all(source["state"] == "finished" for source in report["sources"]):
                return report
            time.sleep(0.05)  # the end of a replay is no event of any case
        raise AssertionError("The replay did not end.")

    def model_stats(self) -> dict[str, int]:
        """What the local model has been asked so far, and what it is being asked."""
        return self._model.get("/control/stats").json()

    def model_calls_by_agent(self) -> dict[str, int]:
        """How often each agent has asked the local model so far."""
        return self._model.get("/control/stats").json()["agents"]

    @contextlib.contextmanager
    def slow_model(self, latency_s: float, agent: str | None = None) -> Generator[None]:
        """The local model thinks this long about each answer, or about each of one agent."""
        self._model.put("/control", json={"latency_s": latency_s, "agent": agent}).raise_for_status()
        try:
            yield
        finally:
            self._model.put("/control", json={"latency_s": 0}).raise_for_status()

    def wait_for_model_calls_in_flight(self, at_least: int) -> int:
        """Returns how many calls the local model is thinking about, once there are enough of them."""
        deadline = time.monotonic() + CASE_TIMEOUT_S
        while time.monotonic() < deadline:
            if (in_flight := self.model_stats()["in_flight"]) >= at_least:
                return in_flight
            time.sleep(0.02)  # the model tells nobody that it has begun to think
        raise AssertionError(f"The model never had {at_least} calls at once.")

    def wait_until_nothing_is_investigated(self) -> None:
        """Returns once no case of an earlier test makes model calls any more."""
        deadline = time.monotonic() + CASE_TIMEOUT_S
        while time.monotonic() < deadline:
            page = self.http.get("/api/cases", params={"state": "investigating"}).json()
            if not page["items"] and not self.model_stats()["in_flight"]:
                return
            time.sleep(0.05)  # the end of all of several cases is no event of one
        raise AssertionError("A case of an earlier test is still being investigated.")

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Returns once something is so that no stream tells of."""
        deadline = time.monotonic() + CASE_TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, f"In {CASE_TIMEOUT_S:.0f} s: {what} did not come."
            time.sleep(0.05)  # another process does it

    def start_case(self, alert: Mapping[str, Any]) -> str:
        """Opens a case by hand and returns its id."""
        answer = self.http.post("/api/workflow/start", json=alert)
        assert answer.status_code in (200, 202), answer.text
        return answer.json()["instance_id"]

    def case(self, case_id: str) -> FraudCaseView:
        """The case as the case page gets it."""
        answer = self.http.get(f"/api/cases/{case_id}")
        assert answer.status_code == 200, answer.text
        return FraudCaseView.model_validate_json(answer.content)

    def wait_for_case(self, case_id: str, condition: Callable[[FraudCaseView], bool]) -> FraudCaseView:
        """Follows the case on its WebSocket until it meets the condition."""
        socket_url = f"{self.url.replace('http', 'ws')}/api/workflow/ws/{case_id}"
        signed_in = {"Authorization": self.http.headers["Authorization"]}
        with connect(socket_url, open_timeout=CASE_TIMEOUT_S, proxy=None, additional_headers=signed_in) as pushes:
            while True:
                view = self.case(case_id)
                if condition(view):
                    return view
                assert view.state != "closed", f"The case closed as {view.outcome} before the condition was met."
                pushes.recv(timeout=CASE_TIMEOUT_S)

    def decide(self, view: FraudCaseView, verdict: str, *, persona: str | None = None, **more: str) -> httpx.Response:
        """Answers the open review of the case as it is shown, as `ana` or as somebody else."""
        assert view.review is not None
        body = {"review_id": view.review.review_id, "assessment_hash": view.review.assessment_hash, "verdict": verdict}
        if verdict == "approve":
            # Needed where the action is not the recommended one.
            body["comment"] = "I looked at it."
        client = self.http if persona is None else self.as_person(persona)
        return client.post("/api/workflow/decision", json={**body, **more})


def run_to_exit(
    command: Sequence[str], env: Mapping[str, str], timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Runs a command that is expected to end by itself."""
    return subprocess.run(
        command, cwd=ROOT, env=dict(env), capture_output=True, text=True, timeout=timeout, check=False
    )
