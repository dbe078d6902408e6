"""The rule lab on a real backend: a back-test finds what live ingestion of the recording found, and can be ended."""

import gzip
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.detection.detector import RULE_IDS
from contracts.telemetry import TelemetryEvent
from tests.support.stack import ROOT, STOP_TIMEOUT_S, free_ports
from tests.support.week import week_of_events, write_recording

pytestmark = pytest.mark.xdist_group("rule-lab")  # one process of pytest, so one set of recordings

PATIENCE_S = 300.0
TRIED = {*RULE_IDS} - {"learned_score"}
"""Rules that can be tried on the past."""
WEEK = "week.jsonl.gz"


@dataclass
class Backend:
    """One backend process, as the manager Maria sees it."""

    process: subprocess.Popen[bytes]
    http: httpx.Client

    def get(self, path: str, **params: str) -> Any:
        return self.http.get(f"/api{path}", params=params).raise_for_status().json()

    def order(self, rule_id: str, recording: str = WEEK, version: int = 1) -> httpx.Response:
        source = {"kind": "recording", "recording": recording}
        body = {"version": version, "source": source, "reason": "Would it be better?"}
        return self.http.post(f"/api/detection/rules/{rule_id}/back-tests", json=body)

    def back_test(self, rule_id: str, recording: str = WEEK, version: int = 1) -> str:
        answer = self.order(rule_id, recording, version)
        assert answer.status_code == 202, answer.text
        return answer.json()["back_test_id"]

    def wait_for(self, back_test_id: str, reached: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = self.get(f"/detection/back-tests/{back_test_id}")
            if reached(found):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.1)  # another process does it

    def ended(self, back_test_id: str) -> Any:
        return self.wait_for(back_test_id, lambda found: found["state"] not in ("queued", "running"))

    def live_alerts(self) -> dict[str, set[str]]:
        """What live ingestion raised, by rule."""
        found: dict[str, set[str]] = defaultdict(set)
        cursor: dict[str, str] = {}
        while True:
            page = self.get("/alerts", limit="200", **cursor)
            for each in page["items"]:
                found[each["alert"]["rule_id"]].add(each["alert"]["alert_id"])
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def pids_of_lab(self) -> list[int]:
        """The processes of back-tests that this backend started and that are alive."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for file in children for pid in _text_of(file).split()]


@contextmanager
def backend(folder: Path, **settings: str) -> Generator[Backend]:
    (port,) = free_ports(1)
    env = {
        **os.environ,
        "BACKEND_PORT": str(port),
        "DTS_ENDPOINT": "http://127.0.0.1:9",
        "CASEBOOK_URL": f"sqlite:///{folder / 'casebook.db'}",
        "LAB_RECORDINGS": str(folder / "recordings"),
        "EVENT_PRODUCER_ENABLED": "false",
        **settings,
    }
    process = subprocess.Popen([sys.executable, "-m", "backend"], cwd=ROOT, env=env)
    http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = http.post("/api/session/token", json={"persona": "maria"}).raise_for_status()
                break
            except httpx.HTTPError:
                assert time.monotonic() < deadline, "The backend does not answer."
                time.sleep(0.1)  # another process comes up
        http.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield Backend(process, http)
    finally:
        http.close()
        process.terminate()
        process.wait(STOP_TIMEOUT_S)


def write_week(folder: Path, customers: int) -> list[TelemetryEvent]:
    """A recording of a week with its labels, each 50th event; the events."""
    events = week_of_events(customers)
    write_recording(folder / WEEK, events)
    (folder / "week.labels.txt").write_text("".join(f"{event.event_id}\n" for event in events[::50]))
    return events


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week, one that takes half a minute to read, and two that are broken."""
    folder = tmp_path_factory.mktemp("lab") / "recordings"
    folder.mkdir()
    events = write_week(folder, customers=15)
    long = write_recording(folder / "long.jsonl", events)
    long.write_bytes(long.read_bytes() * 32)
    week = (folder / WEEK).read_bytes()
    (folder / "cut-off.jsonl.gz").write_bytes(week[: len(week) // 2])
    (folder / "zeros.jsonl.gz").write_bytes(gzip.compress(bytes(3_000_000)))
    (folder / "nonsense.jsonl").write_bytes(b"This is a letter.\n" * 3)
    return folder


@pytest.mark.parametrize("customers", [15, pytest.param(60, marks=pytest.mark.long)])
def test_back_test_finds_what_live_ingestion_found(tmp_path: Path, customers: int) -> None:
    write_week(tmp_path, customers)
    with backend(tmp_path, REPLAY_FILES=str(tmp_path / WEEK), LAB_RECORDINGS=str(tmp_path / "none")) as desk:
        deadline = time.monotonic() + PATIENCE_S
        while not all(source["state"] == "finished" for source in desk.get("/ingest")["sources"]):
            assert time.monotonic() < deadline
            time.sleep(0.1)  # another process reads it
        live = desk.live_alerts()
        assert set(live) == TRIED
        (offered,) = desk.get("/detection/back-tests/sources")["recordings"]
        assert (offered["recording"], offered["has_labels"]) == (WEEK, True)
        for rule_id in sorted(TRIED):
            found = desk.ended(desk.back_test(rule_id))
            assert found["state"] == "done", found["problem"]
            result = found["result"]
            kept = result["kept"]
            assert kept["more"] == 0
            assert {each["alert_id"] for each in kept["items"]} == live[rule_id]
            assert (result["total"]["gained"], result["total"]["lost"]) == (0, 0)
            assert result["before_digest"] == result["after_digest"]
            assert (found["share"], found["compared_with"]) == (1.0, 1)
            assert result["quality"]["labels"] == "file"


def test_draft_gains_and_loses_alerts_by_day(tmp_path: Path, recordings: Path) -> None:
    with backend(tmp_path, LAB_RECORDINGS=str(recordings)) as desk:
        draft = {"revision": 0, "reason": "Try.", "based_on": 1, "content": {"parameters": {"min_failures": 5}}}
        drafted = desk.http.post("/api/detection/rules/auth_failures/versions", json=draft)
        assert drafted.status_code == 201, drafted.text
        found = desk.ended(desk.back_test("auth_failures", version=2))
        assert found["state"] == "done", found["problem"]
        total, days = found["result"]["total"], found["result"]["days"]
        assert total["gained"] > 0
        assert {key: sum(day[key] for day in days) for key in total} == total
        assert all(each["description"] for each in found["result"]["gained"]["items"])


def test_two_managers_order_at_once(tmp_path: Path, recordings: Path) -> None:
    with backend(tmp_path, LAB_RECORDINGS=str(recordings)) as desk:
        first = desk.back_test("api_burst", "long.jsonl")
        again = desk.order("api_burst", "long.jsonl")
        assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "back-test-exists")
        second = desk.back_test("auth_failures", "long.jsonl")
        desk.wait_for(first, lambda found: found["events"] > 0)
        assert desk.get(f"/detection/back-tests/{second}")["state"] == "queued"
        for each in (second, first):
            desk.http.post(f"/api/detection/back-tests/{each}/cancel").raise_for_status()
        assert [desk.ended(each)["state"] for each in (first, second)] == ["cancelled", "cancelled"]


def test_cancelled_one_ends_soon_and_leaves_no_process(tmp_path: Path, recordings: Path) -> None:
    with backend(tmp_path, LAB_RECORDINGS=str(recordings)) as desk:
        running = desk.back_test("spending_spike", "long.jsonl")
        found = desk.wait_for(running, lambda found: found["events"] > 0)
        assert 0 < found["share"] < 1
        desk.http.post(f"/api/detection/back-tests/{running}/cancel").raise_for_status()
        ended = desk.ended(running)
        assert (ended["state"], ended["cancelled_by"], ended["result"]) == ("cancelled", "maria", None)
        desk.wait_for(running, lambda _: not desk.pids_of_lab())


def test_process_that_hangs_is_killed_and_the_next_runs(tmp_path: Path, recordings: Path) -> None:
    with backend(tmp_path, LAB_RECORDINGS=str(recordings)) as desk:
        running, next_one = desk.back_test("spending_spike", "long.jsonl"), desk.back_test("api_burst")
        desk.wait_for(running, lambda found: found["events"] > 0)
        (pid,) = desk.pids_of_lab()
        os.kill(pid, signal.SIGSTOP)
        desk.http.post(f"/api/detection/back-tests/{running}/cancel").raise_for_status()
        ended = desk.ended(running)
        assert (ended["state"], ended["problem"]) == ("cancelled", None)
        assert desk.ended(next_one)["state"] == "done"


def test_killed_backend_leaves_no_process_and_says_so(tmp_path: Path, recordings: Path) -> None:
    with backend(tmp_path, LAB_RECORDINGS=str(recordings)) as desk:
        running = desk.back_test("spending_spike", "long.jsonl")
        desk.wait_for(running, lambda found: found["events"] > 0)
        (pid,) = desk.pids_of_lab()
        desk.process.kill()
        desk.process.wait(STOP_TIMEOUT_S)
    deadline = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists() and "Z" not in _state(pid):
        assert time.monotonic() < deadline, "The process lives on."
        time.sleep(0.1)  # nobody tells of its end
    with backend(tmp_path, LAB_RECORDINGS=str(recordings)) as desk:
        ended = desk.ended(running)
        assert ended["state"] == "interrupted"
        assert ended["problem"] == "The backend that ran it stopped: order it again."
        assert desk.ended(desk.back_test("api_burst"))["state"] == "done"


ENDED_BY = {signal.SIGTERM: "Its process was told to end", signal.SIGKILL: "Its process was ended by signal 9"}


def test_ended_process_is_interrupted_at_once(tmp_path: Path, recordings: Path) -> None:
    with backend(tmp_path, LAB_RECORDINGS=str(recordings)) as desk:
        for number, how in ENDED_BY.items():
            running = desk.back_test("spending_spike", "long.jsonl")
            desk.wait_for(running, lambda found: found["events"] > 0)
            (pid,) = desk.pids_of_lab()
            os.kill(pid, number)
            ended = desk.ended(running)
            assert ended["state"] == "interrupted"
            assert ended["problem"] == f"{how} before it was done: order it again."


BROKEN = {
    "cut-off.jsonl.gz": "Recording cut-off.jsonl.gz cannot be read from line ",
    "nonsense.jsonl": "Recording nonsense.jsonl holds no event: line 1: ",
    "zeros.jsonl.gz": "Recording zeros.jsonl.gz holds no event: from line 1 on there is nothing in it.",
}


def test_broken_recording_is_named_in_one_sentence(tmp_path: Path, recordings: Path) -> None:
    with backend(tmp_path, LAB_RECORDINGS=str(recordings)) as desk:
        for recording, problem in BROKEN.items():
            ended = desk.ended(desk.back_test("spending_spike", recording))
            assert ended["state"] == "failed"
            assert ended["problem"].startswith(problem)


def _state(pid: int) -> str:
    return _text_of(Path(f"/proc/{pid}/stat")).rpartition(")")[2] or "Z"


def _text_of(file: Path) -> str:
    """Of a file about a process or a thread; nothing when that has ended meanwhile."""
    try:
        return file.read_text()
    except OSError:
        return ""
