"""Who decides, by the live version of a rule: from a manager's draft to the decision, through every real process."""

from collections.abc import Generator
from threading import Event
from typing import Any

import pytest

from contracts.actions import ACTIONS
from tests.support.stack import CASE_TIMEOUT_S, LocalStack

RULE = "/api/detection/rules/auth_failures"
POLL_S = 0.1


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalStack]:
    """A stack whose simulator is quick, and in which every alert is a case of its own."""
    data = tmp_path_factory.mktemp("autonomy") / "data"
    with LocalStack(data, env={"ALERT_JOIN_HOURS": "0", "EVENT_INTERVAL_SECONDS": "0.1"}) as running:
        yield running


def set_bands(stack: LocalStack) -> None:
    """Managers first, and two of them, whatever the score."""
    bands = [{"decider": "manager_first"}, {"decider": "two_people", "from_severity": "low", "from_score": 0}]
    why = {"reason": "Guessed passwords are the managers' this week."}
    maria = stack.as_person("maria")
    content: dict[str, Any] = {"parameters": {}, "autonomy": bands}
    drafted = maria.post(f"{RULE}/versions", json={"revision": 0, "based_on": 1, "content": content, **why})
    assert [each["name"] for each in drafted.raise_for_status().json()["versions"][0]["changes"]] == ["autonomy"]
    maria.post(f"{RULE}/live", json={"revision": 1, "version": 2, **why}).raise_for_status()


def case_by_version(stack: LocalStack, version: int) -> str:
    """The first case that this version of the rule opened."""
    pause = Event()
    for _ in range(int(CASE_TIMEOUT_S / POLL_S)):
        items = stack.http.get("/api/alerts", params={"limit": 200}).raise_for_status().json()["items"]
        for each in items:
            if (each["alert"]["rule_id"], each["alert"]["rule_version"]) == ("auth_failures", version):
                return str(each["case_id"])
        pause.wait(POLL_S)  # the feed tells nobody where its stories end
    raise AssertionError("No alert came of the rule's version.")


def test_two_managers_decide_where_the_rule_says_so(watched: LocalStack) -> None:
    set_bands(watched)

    asked = watched.wait_for_case(case_by_version(watched, 2), lambda view: view.review is not None)

    assert asked.review is not None
    assert asked.assessment is not None
    assert (asked.state, asked.review.required_role) == ("escalated", "manager")
    assert {*(asked.review.four_eyes_actions or ())} == {*ACTIONS}
    assert "By version 2 of the rule auth_failures, a manager is asked first." in asked.assessment.route_reasons
    assert watched.decide(asked, "approve", action="lock_account", persona="ana").status_code == 403
    first = watched.decide(asked, "approve", action="lock_account", persona="maria", comment="I am sure.")
    assert first.status_code == 202, first.text
    second = watched.decide(asked, "approve", action="lock_account", persona="alex", comment="I am sure, too.")
    assert second.status_code == 202, second.text
    closed = watched.wait_for_case(asked.case_id, lambda view: view.state == "closed")
    assert closed.outcome == "account_locked"
    assert [approval.approved_by for approval in closed.decisions[0].approvals or ()] == ["maria", "alex"]
