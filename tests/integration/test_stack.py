"""The stack itself: what it says when it cannot start, and that it leaves nothing behind."""

import gzip
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.parts import DEFAULT_PORTS
from tests.integration.test_one_case import awaits_review
from tests.support.alerts import foreign_login
from tests.support.stack import ROOT, STOP_TIMEOUT_S, LocalStack, free_ports, run_to_exit


def command(data: Path, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "local.stack", "--data", str(data), *arguments)


def test_port_in_use_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        others = dict(zip(DEFAULT_PORTS, map(str, free_ports(len(DEFAULT_PORTS))), strict=True))
        done = run_to_exit(command(tmp_path), {**os.environ, **others, "MODEL_PORT": port})
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"casewright: Cannot listen on 127.0.0.1 port {port} (Address already in use): "
        "stop what uses it, or set MODEL_PORT to a free port."
    ]


@pytest.mark.parametrize(
    ("arguments", "env", "sentence"),
    [
        (
            ("--replay", "/nowhere.jsonl"),
            {},
            "casewright: There is no recording at /nowhere.jsonl: check the path given to --replay.",
        ),
        (
            (),
            {"BACKEND_PORT": "eight"},
            "casewright: BACKEND_PORT='eight' is not a port: set it to a number from 1 to 65535, or unset it.",
        ),
    ],
)
def test_a_bad_option_or_setting_gets_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], env: dict[str, str], sentence: str
) -> None:
    done = run_to_exit(command(tmp_path, *arguments), {**os.environ, **env})
    assert done.returncode == 1
    assert done.stderr.splitlines() == [sentence]


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "stack.lock").mkdir()  # an example of a folder that cannot be written to; root may write anywhere
    done = run_to_exit(command(tmp_path), os.environ)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"casewright: The folder {tmp_path} cannot be written to (Is a directory): "
        "mend that, or choose another with --data."
    ]


def test_recording_that_the_backend_never_hears_of_is_refused(tmp_path: Path) -> None:
    recording = tmp_path / "2026-01-05T10:00.jsonl"
    recording.touch()
    done = run_to_exit(command(tmp_path / "data", "--replay", str(recording)), os.environ)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"casewright: The backend is given recordings separated by ':': rename or move {recording}."
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_while_customers_are_made_stops_at_once(tmp_path: Path, number: signal.Signals) -> None:
    ports = dict(zip(DEFAULT_PORTS, map(str, free_ports(len(DEFAULT_PORTS))), strict=True))
    env = {**os.environ, **ports, "PYTHONPATH": str(ROOT)}
    output = tmp_path / "output"
    with output.open("w") as file:
        # As from a terminal: Ctrl-C reaches every process of the group.
        stack = subprocess.Popen(command(tmp_path), env=env, stdout=file, stderr=file, start_new_session=True)
    while not (tmp_path / "customers.db").exists():
        assert stack.poll() is None, output.read_text()
        time.sleep(0.01)  # the store begins as a file of another process, which says nothing about it
    os.killpg(stack.pid, number)
    assert stack.wait(STOP_TIMEOUT_S) == 0
    assert output.read_text().splitlines() == ["    stack | stopped before anything had begun"]


def test_invalid_setting_of_a_part_stops_the_stack(tmp_path: Path) -> None:
    ports = dict(zip(DEFAULT_PORTS, map(str, free_ports(len(DEFAULT_PORTS))), strict=True))
    done = run_to_exit(command(tmp_path, "--no-simulator"), {**os.environ, **ports, "MAX_REVIEW_ATTEMPTS": "many"})
    assert done.returncode == 1
    assert "MAX_REVIEW_ATTEMPTS" in done.stdout
    assert "casewright: The worker cannot start" in done.stderr


def test_replay_reports_unreadable_lines_and_plays_the_rest(tmp_path: Path) -> None:
    recording = tmp_path / "logins.jsonl.gz"
    failure = (
        '{{"event_id":"f{n}","customer_id":9001,"occurred_at":"2026-01-05T10:0{n}:00Z","kind":"auth_failure",'
        '"attributes":{{"ip":"192.0.2.7","country":"BR","reason":"bad password"}}}}'
    )
    lines = [failure.format(n=n) for n in range(8)]
    lines.insert(3, "{not json")
    lines.insert(
        5, '{"event_id":"x","customer_id":"who","occurred_at":"2026-01-05T10:04:30Z","kind":"login","attributes":{}}'
    )
    with gzip.open(recording, "wt") as file:
        file.write("\n".join(lines) + "\n")

    with LocalStack(tmp_path / "data", "--replay", str(recording)) as stack:
        report = stack.wait_for_replay()
        assert report["malformed"]["count"] == 2
        assert [entry["line"] for entry in report["malformed"]["first"]] == [4, 6]
        pids = stack.pids()
        alerts = [item["alert"] for item in stack.http.get("/api/alerts").json()["items"]]
        assert [(alert["customer_id"], alert["source"]) for alert in alerts] == [(9001, "replay")]
        assert stack.stop() == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_nobody_else_on_the_machine_may_read_the_state(stack: LocalStack) -> None:
    assert stack.data.stat().st_mode & 0o077 == 0


def test_state_in_an_open_folder_is_closed_to_others(tmp_path: Path) -> None:
    # An existing folder with files that other users may read.
    tmp_path.chmod(0o755)
    for name in ("casebook.db", "customers.db", "parts.json"):
        (tmp_path / name).touch(0o644)
    with LocalStack(tmp_path, "--no-simulator") as stack:
        open_to_others = {str(path) for path in tmp_path.rglob("*") if mode_of(path) & 0o077}
        assert {path.name for path in tmp_path.iterdir()} >= {"casebook.db", "customers.db", "scheduler", "parts.json"}
        assert stack.stop() == 0
    assert open_to_others == set()


def mode_of(path: Path) -> int:
    """Of a file, or of nothing: databases remove what they need for a moment."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0


def test_a_second_stack_on_the_same_folder_is_refused(stack: LocalStack) -> None:
    done = run_to_exit(
        stack.command, {**stack.env, **dict(zip(("MODEL_PORT", "MCP_PORT"), map(str, free_ports(2)), strict=True))}
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"casewright: Casewright already runs in {stack.data}: stop it there, or choose another --data."
    ]


def test_case_awaiting_review_survives_a_restart_of_everything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with LocalStack(data, "--no-simulator") as before:
        case_id = before.start_case(foreign_login(before.customer("account_takeover")))
        asked = before.wait_for_case(case_id, awaits_review(1))
        assert before.model_stats()["calls"] > 0
    with LocalStack(data, "--no-simulator") as after:
        view = after.wait_for_case(case_id, awaits_review(1))
        assert view.review is not None
        assert asked.review is not None
        assert view.review.assessment_hash == asked.review.assessment_hash
        assert after.decide(view, "approve", action="lock_account").status_code == 202
        closed = after.wait_for_case(case_id, lambda case: case.state == "closed")
        assert closed.outcome == "account_locked"
        assert after.model_stats()["calls"] == 0, "the restart paid again"
