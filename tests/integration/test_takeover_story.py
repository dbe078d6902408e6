"""The simulator's takeover, through every real process: all its alerts are one case, decided once, with one lock."""

from collections.abc import Generator
from threading import Event
from typing import Any

import pytest

from contracts.fraud_case import FraudCaseView
from tests.support.stack import CASE_TIMEOUT_S, LocalStack

POLL_S = 0.1
STORY = {"auth_failures", "impossible_travel"}
"""What detection sees of a takeover, whatever else it may see: guessed passwords, then a login from far away."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalStack]:
    """A stack whose simulator is quick, and in which the alerts of a customer join."""
    data = tmp_path_factory.mktemp("takeover") / "data"
    with LocalStack(data, env={"ALERT_JOIN_HOURS": "72", "EVENT_INTERVAL_SECONDS": "0.2"}) as running:
        yield running


def recorded_alerts(stack: LocalStack) -> list[dict[str, Any]]:
    """The alerts of all customers, in order."""
    items = stack.http.get("/api/alerts", params={"limit": 200}).raise_for_status().json()["items"]
    return items[::-1]


def wait_for_story(stack: LocalStack) -> tuple[int, list[dict[str, Any]]]:
    """The customer of the first takeover and all its alerts, once the feed tells the story of somebody else."""
    told = {each["customer_id"] for each in stack.profiles() if (each["story"] or {}).get("kind") == "account_takeover"}
    pause = Event()
    for _ in range(int(CASE_TIMEOUT_S / POLL_S)):
        alerts = recorded_alerts(stack)
        customers = [int(each["alert"]["customer_id"]) for each in alerts]
        if first := next((each for each in customers if each in told), None):
            found = [each for each in alerts if each["alert"]["customer_id"] == first]
            if {each["alert"]["rule_id"] for each in found} >= STORY and customers[-1] != first:
                return first, found
        pause.wait(POLL_S)  # the feed tells nobody where its stories end
    raise AssertionError("The takeover was not seen.")


def all_is_asked(view: FraudCaseView) -> bool:
    """Whether a person is asked about all alerts."""
    return view.review is not None and all(each.round is not None for each in view.alerts)


def test_takeover_ends_in_one_case_with_one_lock(watched: LocalStack) -> None:
    customer, found = wait_for_story(watched)
    (case,) = {each["case_id"] for each in found}

    asked = watched.wait_for_case(case, all_is_asked)
    assert [each.alert.alert_id for each in asked.alerts] == [each["alert"]["alert_id"] for each in found]
    assert watched.decide(asked, "approve", action="lock_account").status_code == 202
    closed = watched.wait_for_case(case, lambda view: view.state == "closed")

    assert (closed.outcome, closed.followed_by) == ("account_locked", ())
    assert [decision.verdict for decision in closed.decisions] == ["approve"]
    assert [(effect.action, effect.status, effect.already) for effect in closed.effects] == [
        ("lock_account", "done", None)
    ]
    listed = watched.http.get("/api/cases", params={"customer_id": customer}).raise_for_status().json()["items"]
    assert [(each["case_id"], each["alert_count"]) for each in listed] == [(case, len(found))]
