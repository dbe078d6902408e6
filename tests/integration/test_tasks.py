"""Tasks of people and of the assistant, from the request to the reminder, on the real stack."""

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.events_api import EventsApi
from tests.integration.test_chat import decide, waiting_reviews
from tests.integration.test_readme import run
from tests.support.stack import LocalStack

PAGE = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("tasks"), "--no-simulator") as running:
        yield running


def say(stack: LocalStack, text: str, user: str = "bob", **more: Any) -> str:
    answer = httpx.post(
        f"{stack.url}/api/chat", params={"wait": 120}, json={"user_id": user, "text": text, **more}, timeout=180
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["reply"]


def tasks_of(stack: LocalStack, user: str, state: str = "open") -> list[dict[str, Any]]:
    return stack.http.get("/api/tasks", params={"assignee": user, "state": state}).json()["items"]


def reminder(stack: LocalStack, task_id: str) -> str | None:
    """Where the task's reminder is, while it is on record."""
    engine = open_engine(f"sqlite:///{stack.data / 'casebook.db'}")
    try:
        with engine.connect() as connection:
            query = text("SELECT state FROM task_reminder WHERE task_id = :task")
            return connection.execute(query, {"task": task_id}).scalar()
    finally:
        engine.dispose()


def events(stack: LocalStack, task_id: str) -> list[str]:
    engine = open_engine(f"sqlite:///{stack.data / 'casebook.db'}")
    try:
        found = EventsApi(Transactions(engine)).events_after(0, 10_000)
        return [event.type.removeprefix("casewright.") for _, event in found if event.subject == f"task/{task_id}"]
    finally:
        engine.dispose()


def test_lines_of_the_page_work_as_written(stack: LocalStack) -> None:
    sign_in, make, listed, change, complete, delete = PAGE.split("```sh\n")[1].split("```")[0].splitlines()

    def then(line: str) -> str:
        return run(f"{sign_in}\n{make} >&2\n{line}", stack)

    task_id = run(f"{sign_in}\n{make}", stack).strip()
    assert [each["task_id"] for each in json.loads(then(listed))["items"]] == [task_id]
    assert json.loads(then(change))["assignee"] == "ben"
    assert json.loads(then(complete))["state"] == "completed"
    # The same key is no task any more: the line is run with the id of the deleted one.
    assert run(f"{sign_in}\ntask={task_id}\n{delete}", stack).strip() == "204"


def test_chat_notes_a_task_and_its_reminder_comes_once(stack: LocalStack) -> None:
    reply = say(stack, "Remind me to call the bank in 5 seconds", zone="Europe/Berlin")
    (task,) = tasks_of(stack, "bob")
    assert (task["title"], task["created_by"], task["due"]["zone"]) == ("Call the bank", "bob", "Europe/Berlin")
    due = datetime.fromisoformat(task["due"]["local"])
    said = f"{due:%A}, {due.day} {due:%B} {due.year}, {due:%H:%M} (Europe/Berlin)"
    assert reply == f'All right.\n\nTask noted: "Call the bank", due {said}.'

    stack.wait_until(lambda: "TaskOverdue" in events(stack, task["task_id"]), "the reminder")
    assert tasks_of(stack, "bob")[0]["is_overdue"]
    assert say(stack, "Complete the task call the bank") == 'All right.\n\nTask done: "Call the bank".'
    assert events(stack, task["task_id"]) == ["TaskCreated", "TaskOverdue", "TaskCompleted"]


def test_chat_deletes_after_a_yes_and_no_reminder_comes(stack: LocalStack) -> None:
    say(stack, "Remind me to send the form in 40 seconds", "eve")
    (task,) = tasks_of(stack, "eve")
    stack.wait_until(lambda: reminder(stack, task["task_id"]) == "scheduled", "the scheduled reminder")
    asked = say(stack, "Delete the task send the form", "eve")
    assert asked == 'All right.\n\nShall I delete the task "Send the form"? Answer "yes" to confirm.'
    assert say(stack, "Yes", "eve") == 'All right.\n\nTask deleted: "Send the form".'
    assert say(stack, "List my tasks", "eve") == "You have no open task."
    due = datetime.fromisoformat(task["due"]["at"])
    stack.wait_until(lambda: datetime.now(UTC) > due + timedelta(seconds=2), "the due time")
    stack.wait_until(lambda: reminder(stack, task["task_id"]) is None, "the end of the reminder")
    assert events(stack, task["task_id"]) == ["TaskCreated", "TaskDeleted"]


def test_task_of_a_sensitive_message_waits_for_the_approval(stack: LocalStack) -> None:
    urgent = {"user_id": "kim", "text": "Urgent: remind me to call the doctor tomorrow at 9"}
    pending = httpx.post(f"{stack.url}/api/chat", params={"wait": 0}, json=urgent, timeout=60).json()
    (case,) = waiting_reviews(stack)
    assert case["draft"]["task_changes"][0]["title"] == "Call the doctor"
    assert tasks_of(stack, "kim") == []
    decide(stack, case, verdict="approve", action="send")

    def is_sent() -> bool:
        return httpx.get(stack.url + pending["status_url"], timeout=60).json()["state"] == "sent"

    stack.wait_until(is_sent, "the reply")
    assert [each["title"] for each in tasks_of(stack, "kim")] == ["Call the doctor"]
