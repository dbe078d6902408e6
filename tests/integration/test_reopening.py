"""A case that ended unresolved is opened again, through every real process."""

from contracts.fraud_case import FraudCaseView
from tests.integration.test_one_case import account_status, awaits_review
from tests.integration.test_trusted_effects import an_alert
from tests.support.stack import LocalStack


def is_closed(view: FraudCaseView) -> bool:
    return view.state == "closed"


def test_unresolved_case_is_reopened_and_locks_once(stack: LocalStack) -> None:
    customer = stack.customer(None, 8)
    case_id = stack.start_case(an_alert(customer, "reopened"))
    for round_number in (1, 2, 3):
        asked = stack.wait_for_case(case_id, awaits_review(round_number))
        assert stack.decide(asked, "reject", feedback="Look again.").status_code == 202
    escalated = stack.wait_for_case(case_id, lambda view: view.state == "escalated")
    assert stack.decide(escalated, "reject", persona="maria", feedback="Not convinced.").status_code == 202
    assert stack.wait_for_case(case_id, is_closed).outcome == "unresolved"

    path = f"/api/cases/{case_id}/reopen"
    reopened = stack.as_person("maria").post(path, json={"reason": "She rang: it was not her."})
    assert reopened.status_code == 202, reopened.text

    # Analysts have no attempt left: a manager is asked.
    again = stack.wait_for_case(case_id, lambda view: view.state == "escalated" and view.round == 5)
    assert again.assessment is not None
    assert again.assessment.route_reasons[-1] == "The case was opened again: She rang: it was not her."
    assert account_status(stack, customer["customer_id"]) == "active"
    order = {"action": "lock_account", "comment": "She says so."}
    assert stack.decide(again, "approve", persona="maria", **order).status_code == 202
    closed = stack.wait_for_case(case_id, lambda view: is_closed(view) and view.outcome != "unresolved")
    assert closed.outcome == "account_locked"
    assert [(effect.action, effect.status) for effect in closed.effects] == [("lock_account", "done")]
    assert account_status(stack, customer["customer_id"]) == "locked"
    assert stack.http.get(f"/api/cases/{case_id}/audit").json()["broken"] is None
