"""Cases whose alert is at the size limit or beyond it: each ends as people decided."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_one_case import awaits_review
from tests.support.alerts import foreign_login
from tests.support.stack import LocalStack

EVENTS = 45


def padded(alert: dict[str, Any], size: int) -> dict[str, Any]:
    """The alert with further logins that bring it to about `size` bytes."""
    home = alert["trigger_events"][0]
    more = [
        {**home, "event_id": f"padding-{number}", "attributes": {**home["attributes"], "note": "x" * (size // EVENTS)}}
        for number in range(EVENTS)
    ]
    return {**alert, "trigger_events": [*alert["trigger_events"], *more]}


@pytest.mark.parametrize("kilobytes", [150, 250, 400, 600])
def test_a_large_alert_is_rejected_approved_and_ends_truly(stack: LocalStack, kilobytes: int) -> None:
    customer = stack.customer("sim_swap", 3)
    alert = padded(foreign_login(customer, alert_id=f"large-{kilobytes}"), kilobytes * 1_000)
    case_id = stack.start_case(alert)
    first = stack.wait_for_case(case_id, awaits_review(1))

    assert stack.decide(first, "reject", feedback="Look at the tickets.").is_success
    second = stack.wait_for_case(case_id, awaits_review(2))
    assert stack.decide(second, "approve", action="lock_account").is_success
    ended = stack.wait_for_case(case_id, lambda view: view.state == "closed")

    assert ended.outcome == "account_locked"


def test_largest_admitted_alert_is_rejected_up_to_the_manager(stack: LocalStack) -> None:
    alert = padded(foreign_login(stack.customer("sim_swap", 3), alert_id="large-to-the-end"), 250_000)
    case_id = stack.start_case(alert)

    for number in (1, 2, 3):
        asked = stack.wait_for_case(case_id, awaits_review(number))
        assert stack.decide(asked, "reject", feedback="Look again. " * 300).is_success
    last = stack.wait_for_case(case_id, lambda view: view.state == "escalated")
    assert last.review is not None
    assert last.review.required_role == "manager"
    assert stack.decide(last, "approve", persona="maria", action="lock_account").is_success
    ended = stack.wait_for_case(case_id, lambda view: view.state == "closed")

    history = stack.http.get(f"/api/cases/{case_id}/history", params={"limit": 200}).json()["items"]
    assert ended.outcome == "account_locked"
    assert "orchestration_failed" not in {event["type"] for event in history}


@pytest.mark.parametrize(("events", "kilobytes"), [(60, 100), (14, 900)])
def test_events_that_are_too_large_get_one_sentence(stack: LocalStack, events: int, kilobytes: int) -> None:
    alert = foreign_login(stack.customer("sim_swap", 3), alert_id=f"events-{events}-{kilobytes}")
    home = alert["trigger_events"][0]
    more = [
        {**home, "event_id": f"e-{number}", "attributes": {**home["attributes"], "note": "x" * (kilobytes * 1_000)}}
        for number in range(events)
    ]

    answer = stack.http.post("/api/workflow/start", json={**alert, "trigger_events": [*alert["trigger_events"], *more]})

    assert answer.status_code in (413, 422)
    assert answer.json()["detail"].endswith(".")


def test_large_telemetry_ends_with_a_person(tmp_path: Path) -> None:
    recording = tmp_path / "failures.jsonl"
    with recording.open("w", encoding="utf-8") as file:
        for customer, events, kilobytes in ((9001, 60, 100), (9002, 14, 900)):
            for number in range(events):
                failure = {
                    "event_id": f"f-{customer}-{number}",
                    "customer_id": customer,
                    "occurred_at": f"2026-01-05T10:00:{number:02}Z",
                    "kind": "auth_failure",
                    "attributes": {"ip": "192.0.2.7", "reason": "bad password", "note": "x" * (kilobytes * 1_000)},
                }
                file.write(json.dumps(failure) + "\n")

    with LocalStack(tmp_path / "data", "--replay", str(recording)) as stack:
        report = stack.wait_for_replay()
        assert report["malformed"]["count"] == 0
        cases = stack.http.get("/api/cases").json()["items"]
        assert {case["customer_id"] for case in cases} == {9001, 9002}
        for case in cases:
            assert stack.wait_for_case(case["case_id"], lambda view: view.review is not None).outcome is None


def test_a_megabyte_of_attributes_is_refused_in_one_sentence(stack: LocalStack) -> None:
    alert = padded(foreign_login(stack.customer("sim_swap", 3), alert_id="large-1000"), 1_000_000)

    answer = stack.http.post("/api/workflow/start", json=alert)

    assert answer.status_code == 422
    assert "those of one event may take 16,384" in answer.json()["detail"]
