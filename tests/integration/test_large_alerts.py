"""Cases whose alert is as large as the door lets in, or larger: each ends as people decided."""

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


def test_a_megabyte_of_attributes_is_refused_in_one_sentence(stack: LocalStack) -> None:
    alert = padded(foreign_login(stack.customer("sim_swap", 3), alert_id="large-1000"), 1_000_000)

    answer = stack.http.post("/api/workflow/start", json=alert)

    assert answer.status_code == 422
    assert "those of one event may take 16,384" in answer.json()["detail"]
