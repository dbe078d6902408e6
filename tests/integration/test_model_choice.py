"""The documented ways to choose a model, with real processes: the one that is chosen answers, and the page names it."""

import json
import os
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from local.parts import StackOptions, plan_stack
from tests.support.alerts import foreign_login
from tests.support.stack import LocalStack, run_to_exit
from tests.unit.worker.support.agents import a_verdict
from tests.unit.worker.support.endpoint import Asked, Endpoint, Said, completion

KEY = "sk-hunter2"


def aggregates_or_reports(asked: Asked) -> Said:
    """A model that is sure of itself and asks for nothing."""
    verdict = {"overall_risk_score": 0.7, "recommended_action": "lock_account", "reasoning": "As reported."}
    name = asked.body["response_format"]["json_schema"]["name"]
    return completion(json.dumps(verdict if name == "risk_verdict" else a_verdict(0.7)), model="remote-9")


def test_the_chosen_endpoint_answers_and_nothing_shows_its_credentials(tmp_path: Path) -> None:
    with Endpoint(aggregates_or_reports) as endpoint:
        host = urlsplit(endpoint.url).netloc
        env = {
            "OPENAI_BASE_URL": endpoint.url.replace("http://", "http://ana:hunter2@"),
            "OPENAI_API_KEY": KEY,
            "OPENAI_MODEL": "remote-9",
        }
        with LocalStack(tmp_path / "data", "--no-simulator", env=env) as stack:
            case_id = stack.start_case(foreign_login(stack.customer("account_takeover")))
            view = stack.wait_for_case(case_id, lambda view: view.review is not None)
            config = stack.http.get("/api/config").json()
            pages = [
                stack.http.get(path).text
                for path in (f"/api/cases/{case_id}", "/api/config", "/ready", f"/api/cases/{case_id}/export")
            ]
        lines = "\n".join(stack.lines)

    assert view.assessment is not None
    assert {(said.model, said.model_host) for said in (*view.reports, view.assessment)} == {("remote-9", host)}
    assert (config["model"], config["model_badge"]) == ("remote-9", None)
    assert {asked.headers["authorization"] for asked in endpoint.asked} == {f"Bearer {KEY}"}
    assert "the local model" not in lines
    assert "model: using http://127.0.0.1:" in lines
    assert all(secret not in shown for shown in (lines, *pages) for secret in ("hunter2", "s3cret"))


@contextmanager
def proxy() -> Generator[tuple[str, list[str]]]:
    """A proxy that lets nobody through and keeps where they wanted to go."""
    wanted: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    wanted.append(connection.recv(65536).decode("latin-1").split("\r\n")[0])
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", wanted
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_key_and_a_model_alone_go_to_openai(tmp_path: Path) -> None:
    chosen = {"OPENAI_API_KEY": KEY, "OPENAI_MODEL": "gpt-5"}
    plan = plan_stack(StackOptions(tmp_path, tmp_path), chosen)
    (worker,) = [part for part in plan.parts if part.name == "worker"]
    with proxy() as (address, wanted):
        env = worker.environment({**os.environ, **chosen, "HTTPS_PROXY": address, "NO_PROXY": ""})
        # No tool server has made it, and no model is asked with it.
        del env["MCP_CALLER_KEY_FILE"]
        done = run_to_exit((sys.executable, "-m", "worker", "models", "check", "--timeout", "60"), env)

    assert done.returncode == 1
    assert done.stdout.startswith("gpt-5 at api.openai.com: NOT usable")
    assert {line.split()[1] for line in wanted} == {"api.openai.com:443"}
    assert "hunter2" not in done.stdout + done.stderr


def test_half_a_choice_stops_the_stack_with_its_sentence(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "local.stack", "--data", str(tmp_path))

    done = run_to_exit(command, {**os.environ, "OPENAI_API_KEY": KEY})

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "casewright: OPENAI_API_KEY is set and OPENAI_MODEL is not: "
        "set it to a model of OpenAI, or unset OPENAI_API_KEY to use the local model."
    ]
