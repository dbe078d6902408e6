"""The simulator as a process: streaming, resuming, stopping, and refusing to start."""

import json
import socket
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.telemetry import telemetry_event
from tests.unit.local.processes import run, started

pytestmark = pytest.mark.integration


def lines(url: str, count: int, after: int | None = None) -> list[Any]:
    params = {} if after is None else {"after": after}
    with httpx.stream("GET", f"{url}/events", params=params, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        return [json.loads(line) for line in islice(answer.iter_lines(), count)]


def test_streams_resumes_and_stops_with_readers_connected(profiles_file: Path):
    # So few a second that none of the first is forgotten meanwhile.
    arguments = ("--port", "0", "--profiles", str(profiles_file), "--interval", "0.005")
    with started("local.telemetry", *arguments) as (process, url):
        first = lines(url, 400)
        assert [line["offset"] for line in first] == list(range(400))
        for line in first:
            telemetry_event.validate_python(line["event"])
        assert lines(url, 2, after=41) == first[42:44]
        assert httpx.get(f"{url}/healthz", timeout=60).json()["status"] == "ok"
        refused = httpx.get(f"{url}/events", params={"after": "soon"}, timeout=60)
        assert refused.status_code == 422
        assert "whole number" in refused.json()["error"]
        with httpx.stream("GET", f"{url}/events", timeout=60) as reader:
            chunks = reader.iter_bytes()
            next(chunks)
            process.terminate()
            for _ in chunks:
                pass
        assert process.wait(timeout=60) == 0


def test_it_waits_between_events(profiles_file: Path):
    arguments = ("--port", "0", "--profiles", str(profiles_file), "--interval", "3600")
    with started("local.telemetry", *arguments) as (_, url):
        history = httpx.get(f"{url}/healthz", timeout=60).json()["next_offset"]
        assert lines(url, 1, after=history - 2)[0]["offset"] == history - 1
        assert httpx.get(f"{url}/healthz", timeout=60).json()["next_offset"] == history


def test_help_names_the_options():
    assert "--profiles" in run("local.telemetry", "--help").stdout


def test_missing_profiles_file_is_one_sentence_with_code_1(tmp_path: Path):
    result = run("local.telemetry", "--port", "0", "--profiles", str(tmp_path / "none"))
    assert result.returncode == 1
    assert result.stderr.startswith("Cannot read the profiles file")
    assert result.stderr.count("\n") == 1


def test_port_in_use_is_one_sentence_with_code_1(profiles_file: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("local.telemetry", "--port", port, "--profiles", str(profiles_file))
    assert result.returncode == 1
    assert f"127.0.0.1 port {port}" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("interval", ["-1", "soon", "nan"])
def test_a_bad_interval_is_refused(profiles_file: Path, interval: str):
    result = run("local.telemetry", "--profiles", str(profiles_file), f"--interval={interval}")
    assert result.returncode == 2
    assert f"'{interval}' is not a number of seconds" in result.stderr
