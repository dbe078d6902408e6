"""The backend as a process: how it starts, refuses and stops."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
        f"backend: Port {taken_port} on 127.0.0.1 cannot be used (Address already in use): "
        "stop the other program or set BACKEND_PORT to a free port.\n"
    )


def test_a_casebook_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "casebook.db").write_bytes(b"something else entirely" * 100)
    refused = run(env=environment(tmp_path, free_port()))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"backend: '{tmp_path / 'casebook.db'}' is damaged or no database: ")
    assert refused.stderr.count("\n") == 1


def test_the_document_is_printed_without_starting_anything(tmp_path: Path) -> None:
    printed = run("--openapi", env={"BACKEND_PORT": "nonsense", "CASEBOOK_URL": f"sqlite:///{tmp_path / 'new.db'}"})
    assert printed.returncode == 0
    assert json.loads(printed.stdout)["info"]["title"] == "Casewright"
    assert list(tmp_path.iterdir()) == []


def test_a_signal_stops_it_at_once_with_streams_open_and_nothing_lost(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "backend"], cwd=ROOT, env=environment(tmp_path, port), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        assert any("ready to serve" in line for line in process.stderr)
        url = f"http://127.0.0.1:{port}"
        body = {"customer_id": 7, "alert_type": "odd", "description": "x", "severity": "high"}
        assert httpx.post(f"{url}/api/workflow/start", json=body, timeout=20).json()["status"] == "pending"
        with httpx.stream("GET", f"{url}/api/events/stream?last_event_id=0", timeout=20) as stream:
            lines = stream.iter_lines()
            assert next(line for line in lines if line == "id: 1")
            process.send_signal(signal.SIGTERM)
            assert list(lines)[-1] == ""
        assert process.wait(20) == 0
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.wait(20)
        process.stderr.close()
