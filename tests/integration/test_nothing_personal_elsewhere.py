"""After a day's work, what is personal is in the casebook and in the customer store, and nowhere else.

The files of the scheduler hold ids: inputs, results, histories, custom status, states and names of events. They are
read as bytes, so no table can be forgotten. Logs, metrics and problem documents hold no secret either.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.test_chat import Pending, decide, waiting_reviews
from tests.integration.test_one_case import awaits_review
from tests.integration.test_tasks import say
from tests.integration.test_trusted_effects import reverse_lock
from tests.support.alerts import foreign_login
from tests.support.stack import LocalStack, Profile

PLANTED = "Zanzibarski"
"""A word in everything that people write here."""
STORIES = (("account_takeover", 0), ("travel", 0), ("travel", 1))
ADDRESS = "198.51.100.77"
MAIL = "zoe@mail.example"


@dataclass(frozen=True)
class Day:
    """What is left of it: the stack has stopped."""

    data: Path
    customers: tuple[Profile, ...]
    cases: tuple[str, ...]
    said: str
    """All that the processes logged, their metrics, and what they answered to wrong requests."""
    secrets: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [customer["name"] for customer in self.customers]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    data = tmp_path_factory.mktemp("day") / "data"
    with LocalStack(data, "--no-simulator") as stack:
        customers = investigate(stack)
        talk(stack)
        stack.wait_until(lambda: httpx.get(f"{stack.url}/ready", timeout=60).is_success, "an answer")
        cases = [item["case_id"] for item in stack.http.get("/api/cases").json()["items"]]
        answers = [httpx.get(f"{stack.url}/metrics").text, *problems(stack, customers[0])]
        secrets = [stack.as_person(persona).headers["Authorization"].split()[1] for persona in ("ana", "maria")]
    for key in (data / "keys").glob("*.pem"):
        secrets += key.read_text().splitlines()[1:-1]
    return Day(data, tuple(customers), tuple(cases), "\n".join([*stack.lines, *answers]), tuple(secrets))


def problems(stack: LocalStack, customer: Profile) -> Iterator[str]:
    """What is answered to wrong requests that are full of personal data."""
    wrong: Sequence[tuple[str, str, Mapping[str, Any]]] = (
        ("/api/workflow/start", "POST", alert_of(customer) | {"severity": ADDRESS, "alert_type": customer["name"]}),
        ("/api/workflow/decision", "POST", {"review_id": ADDRESS, "comment": PLANTED}),
        (f"/api/cases/{MAIL}", "GET", {}),
        ("/api/cases/case-1/notes", "POST", {"text": PLANTED, "by": MAIL}),
        ("/api/tasks", "POST", {"title": PLANTED, "assignee": MAIL, "due": ADDRESS}),
    )
    for path, method, body in wrong:
        answer = stack.http.request(method, path, json=body)
        assert 400 <= answer.status_code < 500, answer.text
        yield answer.text


def alert_of(customer: Profile, severity: str = "high") -> dict[str, Any]:
    alert = foreign_login(customer, severity=severity)
    alert["trigger_events"][1]["attributes"]["ip"] = ADDRESS
    return alert | {"description": f"{PLANTED}: {alert['description']}"}


def investigate(stack: LocalStack) -> list[Profile]:
    """A lock that is reversed, a case that clears itself, and one that people clear: the customers of the three."""
    locked, innocent, cleared = (stack.customer(*story) for story in STORIES)
    damning = stack.start_case(alert_of(locked))
    by_person = stack.start_case(alert_of(cleared, "critical"))
    by_itself = stack.start_case(alert_of(innocent, "medium"))
    stack.decide(stack.wait_for_case(damning, awaits_review(1)), "reject", feedback=f"{PLANTED} said no.")
    asked = stack.wait_for_case(by_person, awaits_review(1))
    stack.http.post(f"/api/cases/{by_person}/notes", json={"text": f"{PLANTED} rang."}).raise_for_status()
    for persona in ("ana", "maria"):
        said = {"action": "clear", "reason_code": "customer_confirmed", "comment": f"{PLANTED} was there."}
        assert asked.review is not None
        review = {"review_id": asked.review.review_id, "assessment_hash": asked.review.assessment_hash}
        body = {**review, "verdict": "approve", **said}
        assert stack.as_person(persona).post("/api/workflow/decision", json=body).status_code in (202, 409)
    again = stack.wait_for_case(damning, awaits_review(2))
    assert stack.decide(again, "approve", action="lock_account", comment=f"{PLANTED}!").status_code == 202
    for case in (damning, by_person, by_itself):
        stack.wait_for_case(case, lambda view: view.state == "closed")
    reverse_lock(stack, stack.case(damning))
    return [locked, innocent, cleared]


def talk(stack: LocalStack) -> None:
    """A reply that a person edits, one that is rejected, and a task with a reminder."""
    for answer in (
        {"verdict": "approve", "action": "send_edited", "text": f"{PLANTED} is on its way."},
        {"verdict": "reject", "feedback": f"{PLANTED} it is not."},
    ):
        pending = Pending(stack, {"user_id": "bob", "text": f"This is urgent: where is {PLANTED}?"})
        (case,) = waiting_reviews(stack)
        answered = decide(stack, case, **answer)
        assert answered.status_code == 202, answered.text
        pending.result()
    say(stack, f"Remind me to call {PLANTED} in 1 seconds", "eve", zone="Europe/Berlin")


def files_with(folder: Path, *words: str) -> list[tuple[str, str]]:
    """Which files hold which of the words, in whatever case and encoding."""
    found: list[tuple[str, str]] = []
    for file in folder.rglob("*"):
        content = file.read_bytes().lower() if file.is_file() else b""
        for word in words:
            spelled = (word.lower().encode(), word.lower().encode("utf-16-le"))
            if any(each in content for each in spelled):
                found.append((file.name, word))
    return found


def test_scheduler_holds_nothing_personal(day: Day) -> None:
    assert len(day.cases) == 5
    scheduler = day.data / "scheduler"
    assert {word for _, word in files_with(scheduler, *day.cases)} >= {*day.cases[2:]}, "it holds the ids of cases"
    assert {word for name, word in files_with(day.data, PLANTED, ADDRESS) if name == "casebook.db"} == {
        PLANTED,
        ADDRESS,
    }
    assert files_with(scheduler, PLANTED, ADDRESS, *day.names, "@example") == []


def test_nothing_that_is_said_is_personal_or_secret(day: Day) -> None:
    assert all(case in day.said for case in day.cases), "the logs name the cases"
    personal = (PLANTED, ADDRESS, MAIL, "@example.com", *day.names)
    found = [line for line in day.said.splitlines() for word in personal if word.lower() in line.lower()]
    assert found == []
    assert len(day.secrets) >= 6
    assert [secret[:12] for secret in day.secrets if secret in day.said] == []
