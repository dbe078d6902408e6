"""The backend as a process: how it starts, refuses and stops."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from runtime.signatures import PrivateKey
from tests.support.stack import free_ports

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


def environment(folder: Path, port: int, **settings: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "BACKEND_PORT": str(port),
        # Nothing listens there: the discard port.
        "DTS_ENDPOINT": "http://127.0.0.1:9",
        "CASEBOOK_URL": f"sqlite:///{folder / 'casebook.db'}",
        "EVENT_PRODUCER_ENABLED": "false",
        **settings,
    }


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backend", *arguments],
        cwd=ROOT,
        env=env or {},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def taken_port() -> Generator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_one_sentence(tmp_path: Path, taken_port: int) -> None:
    refused = run(env=environment(tmp_path, taken_port))
    assert refused.returncode == 1
    assert refused.stderr == (
        f"backend: Cannot listen on 127.0.0.1 port {taken_port} (Address already in use): "
        "stop what uses it, or set BACKEND_PORT to a free port.\n"
    )


def test_a_casebook_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "casebook.db").write_bytes(b"something else entirely" * 100)
    refused = run(env=environment(tmp_path, *free_ports(1)))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"backend: '{tmp_path / 'casebook.db'}' is damaged or no database: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["MCP_CALLER_KEY", "MCP_WRITE_TOKEN"])
def test_keys_that_open_too_much_are_refused(tmp_path: Path, name: str) -> None:
    key = PrivateKey.new().pem
    refused = run(env=environment(tmp_path, *free_ports(1), GRANT_KEY=key, **{name: key}))
    sentence = {
        "MCP_CALLER_KEY": "GRANT_KEY and MCP_CALLER_KEY are the same key: give each a key of its own, so that nobody "
        "who has the one can do what the other is for.",
        "MCP_WRITE_TOKEN": "MCP_WRITE_TOKEN is wrong (callers no longer share a token: each has a key of its own, see "
        "MCP_CALLER_KEY): correct it or unset it.",
    }[name]
    assert (refused.returncode, refused.stderr) == (1, f"backend: {sentence}\n")
    assert not (tmp_path / "casebook.db").exists()


def test_the_document_is_printed_without_starting_anything(tmp_path: Path) -> None:
    printed = run("--openapi", env={"BACKEND_PORT": "nonsense", "CASEBOOK_URL": f"sqlite:///{tmp_path / 'new.db'}"})
    assert printed.returncode == 0
    assert json.loads(printed.stdout)["info"]["title"] == "Casewright"
    assert list(tmp_path.iterdir()) == []


def login(number: int, country: str, hour: int) -> str:
    attributes = {"country": country, "latitude": 60.0 if country == "NO" else -23.5, "longitude": 10.0}
    at = f"2026-03-14T{hour:02}:{number:02}:00Z"
    return json.dumps(
        {"event_id": f"e{number}", "customer_id": 7, "occurred_at": at, "kind": "login", "attributes": attributes}
    )


def signed_in(url: str) -> dict[str, str]:
    token = httpx.post(f"{url}/api/session/token", json={"persona": "vera"}, timeout=60).json()["token"]
    return {"Authorization": f"Bearer {token}"}


def finished_ingest(url: str, header: dict[str, str]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        status = httpx.get(f"{url}/api/ingest", headers=header, timeout=60).json()
        if status["sources"][0]["state"] == "finished":
            return status
        assert time.monotonic() < deadline, status
        time.sleep(0.05)


SHOWN = ("/api/ingest", "/api/config", "/api/alerts", "/api/services", "/ready", "/healthz", "/metrics", "/")


def test_a_password_in_an_address_is_shown_nowhere(tmp_path: Path) -> None:
    port, silent = free_ports(2)
    secret = f"http://ingest:hunter2@127.0.0.1:{silent}/events?key=s3cret"
    env = environment(tmp_path, port, EVENT_PRODUCER_ENABLED="true", TELEMETRY_URL=secret, MCP_SERVER_URI=secret)
    env |= {"DTS_ENDPOINT": f"http://ingest:hunter2@127.0.0.1:{silent}", "OPENAI_BASE_URL": secret, "OPENAI_MODEL": "m"}
    process = subprocess.Popen([sys.executable, "-m", "backend"], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said: list[str] = []
    try:
        for line in process.stderr:
            said.append(line)
            if "Waiting for telemetry" in line:
                break
        url = f"http://127.0.0.1:{port}"
        header = signed_in(url)
        shown = [httpx.get(f"{url}{path}", headers=header, timeout=60).text for path in SHOWN]
    finally:
        process.terminate()
        said += process.communicate(timeout=60)[1]
    assert f"127.0.0.1:{silent}/events?…" in json.loads(shown[0])["sources"][0]["error"]
    assert not [text for text in (*shown, *said) if "hunter2" in text or "s3cret" in text]


def test_process_ingests_opens_streams_and_stops_at_once(tmp_path: Path) -> None:
    recording = tmp_path / "recording.jsonl"
    lines = [login(1, "NO", 9), login(2, "NO", 10), "not an event", login(3, "BR", 10)]
    recording.write_text("".join(f"{line}\n" for line in lines))
    (port,) = free_ports(1)
    env = environment(tmp_path, port, REPLAY_FILES=str(recording))
    process = subprocess.Popen([sys.executable, "-m", "backend"], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        assert any("ready to serve" in line for line in process.stderr)
        url = f"http://127.0.0.1:{port}"
        header = signed_in(url)
        stream_url = f"{url}/api/events/stream?topics=alerts&last_event_id=0"
        with httpx.stream("GET", stream_url, headers=header, timeout=60) as stream:
            events = stream.iter_lines()
            alert = json.loads(next(line for line in events if line.startswith("data: ")).removeprefix("data: "))
            assert (alert["alert"]["rule_id"], alert["alert"]["source"]) == ("impossible_travel", "replay")
            status = finished_ingest(url, header)
            assert status["malformed"]["count"] == 1
            assert status["malformed"]["first"][0]["line"] == 3
            assert status["malformed"]["first"][0]["file"] == "recording.jsonl"
            assert (status["events_read"], status["alerts_by_rule"]) == (3, {"impossible_travel": 1})
            ready = httpx.get(f"{url}/ready", timeout=60)
            assert (ready.status_code, ready.json()["parts"]["casebook"]) == (503, "ok")
            process.send_signal(signal.SIGTERM)
            assert list(events)[-1] == ""
        assert process.wait(60) == 0
        said = process.stderr.read()
        assert "Traceback" not in said
        assert header["Authorization"].removeprefix("Bearer ") not in said
    finally:
        process.kill()
        process.wait(60)
        process.stderr.close()
