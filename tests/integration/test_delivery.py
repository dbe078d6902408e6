"""Events from the outbox to a receiver, by processes of their own that are killed, on the real stack."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from backend.delivery.deliverer import LEASE
from tests.integration.test_readme import run
from tests.support.stack import ROOT, STOP_TIMEOUT_S, LocalStack
from tests.support.webhook_receiver import WebhookReceiver

PAGE = (ROOT / "docs" / "delivery.md").read_text()
SETTINGS = {"WEBHOOK_ALLOWED_NETWORKS": "127.0.0.1/32", "EVENT_CONSUMERS_ENABLED": "false"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalStack]:
    folder = tmp_path_factory.mktemp("delivery")
    with LocalStack(folder, "--no-simulator", env=SETTINGS) as running:
        yield running


@pytest.fixture
def receiver() -> Generator[WebhookReceiver]:
    with WebhookReceiver() as opened:
        yield opened


class Consumers:
    """`python -m backend.consumers`, until killed or stopped."""

    def __init__(self, stack: LocalStack, log: Path) -> None:
        self.log = log
        casebook = f"sqlite:///{stack.data / 'casebook.db'}"
        env = {**os.environ, **SETTINGS, "CASEBOOK_URL": casebook, "EVENT_LOG_ENABLED": "true", "LOG_FORMAT": "json"}
        with log.open("wb") as output:
            command = (sys.executable, "-m", "backend.consumers")
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)

    def logged_events(self) -> list[dict[str, Any]]:
        """The events that it has written to its log."""
        # The last line may be half written.
        whole = self.log.read_text().rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [json.loads(line["msg"]) for line in lines if line["logger"] == "casewright.events"]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT_S)


def make_tasks(stack: LocalStack, count: int) -> None:
    for number in range(count):
        made = stack.http.post("/api/tasks", json={"title": f"Call {number}"})
        assert made.status_code == 201
        path = f"/api/tasks/{made.json()['task_id']}"
        changed = stack.http.patch(path, json={"title": f"Call {number} again"}, headers={"If-Match": '"1"'})
        assert changed.status_code == 200


def check_all_in_order(events: list[dict[str, Any]], count: int) -> None:
    first: dict[str, dict[str, Any]] = {}
    for event in events:
        first.setdefault(event["id"], event)
    assert len(first) == count
    last: dict[str, str] = {}
    for event in first.values():
        assert event["sequence"] > last.get(event["subject"], "")
        last[event["subject"]] = event["sequence"]


def progress(stack: LocalStack, path: str) -> tuple[int, int]:
    """How far a subscription has come, and how many of its deliveries wait."""
    found = stack.as_person("alex").get(path).json()["progress"]
    return found["handled"], found["waiting"]


def test_lines_of_the_page_subscribe_a_receiver(stack: LocalStack, receiver: WebhookReceiver, tmp_path: Path) -> None:
    block = next(part.split("```")[0] for part in PAGE.split("```sh\n")[1:] if "TOKEN=" in part)
    lines = block.replace("https://example.com/events", receiver.url()).replace(
        '["CaseClosed","MessageSent"]', '["TaskCreated"]'
    )
    made = json.loads(run(lines, stack))
    consumers = Consumers(stack, tmp_path / "log")
    try:
        make_tasks(stack, 1)
        assert receiver.wait_for(1)
        event = receiver.requests[0].verified(made["secret"]["secret"])
        assert event["type"] == "casewright.TaskCreated"
        stack.wait_until(lambda: len(consumers.logged_events()) >= 2, "the events in the log")
    finally:
        assert consumers.stop() == 0


def test_killed_consumers_lose_nothing_and_keep_the_order(
    stack: LocalStack, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    made = stack.as_person("alex").post("/api/subscriptions", json={"url": receiver.url()})
    assert made.status_code == 201, made.text
    path = f"/api/subscriptions/{made.json()['subscription']['subscription_id']}"
    begun = made.json()["subscription"]["progress"]["handled"]
    one, two = (Consumers(stack, tmp_path / name) for name in ("one", "two"))
    try:
        make_tasks(stack, 20)
        assert receiver.wait_for(10)
        one.kill()
        make_tasks(stack, 20)
        two.kill()
        three = Consumers(stack, tmp_path / "three")
        try:
            # The lease of whoever was killed ends within a minute.
            assert receiver.wait_for_ids(80, LEASE.total_seconds() + 180)
            stack.wait_until(lambda: progress(stack, path) == (begun + 80, 0), "the record of the last delivery")
        finally:
            assert three.stop() == 0
    finally:
        one.kill()
        two.kill()
    events = [request.verified(made.json()["secret"]["secret"]) for request in receiver.requests]
    check_all_in_order(events, 80)
