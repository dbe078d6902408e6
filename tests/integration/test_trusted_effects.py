"""Facts that change between approval and execution, and effects that are reversed, through every real process."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from contracts.fraud_case import FraudCaseView
from contracts.reversal import ReversalStatus
from tests.integration.test_one_case import account_status, awaits_review
from tests.support.stack import CASE_TIMEOUT_S, LocalStack, Profile


def an_alert(customer: Profile, alert_id: str) -> dict[str, Any]:
    return {
        "alert_id": alert_id,
        "customer_id": customer["customer_id"],
        "alert_type": "impossible_travel",
        "severity": "critical",
        "description": "Two logins far apart.",
    }


def wait_for_reversal(stack: LocalStack, case_id: str, status: ReversalStatus) -> FraudCaseView:
    """The case once its first reversal has this status. Nothing is pushed about closed cases, so it is asked again."""
    deadline = time.monotonic() + CASE_TIMEOUT_S
    while time.monotonic() < deadline:
        view = stack.case(case_id)
        if view.reversals[0].status == status:
            return view
        time.sleep(0.05)
    raise AssertionError(f"The reversal never was {status}.")


def reverse_lock(stack: LocalStack, locked: FraudCaseView) -> FraudCaseView:
    """The case once its lock has been asked back, and that approved and carried out."""
    case_id, undoes = locked.case_id, locked.effects[0].key
    asked = stack.http.post(f"/api/cases/{case_id}/reversals", json={"undoes": undoes, "reason": "It was them."})
    assert asked.status_code == 201, asked.text
    approved = stack.as_person("maria").post(f"/api/cases/{case_id}/reversals/1/decision", json={"verdict": "approve"})
    assert approved.status_code == 202, approved.text
    return wait_for_reversal(stack, case_id, "done")


def test_account_locked_by_two_cases_opens_with_second_reversal(stack: LocalStack) -> None:
    customer = stack.customer(None, 6)
    cases = [stack.start_case(an_alert(customer, f"locks-{number}")) for number in (1, 2)]
    for asked in [stack.wait_for_case(case, awaits_review(1)) for case in cases]:
        assert stack.decide(asked, "approve", action="lock_account").status_code == 202
        stack.wait_for_case(asked.case_id, lambda view: view.state == "closed")
    both = [stack.case(case) for case in cases]

    undone = reverse_lock(stack, both[0])
    between = account_status(stack, customer["customer_id"])
    other = reverse_lock(stack, both[1])

    # That the account was locked already is an answer: nobody is asked again.
    assert [view.outcome for view in both] == ["account_locked", "account_locked"]
    told = both[1].effects[0].already
    assert told is not None
    assert [(order.case_id, order.approved_by) for order in told] == [(cases[0], "ana")]
    assert both[0].effects[0].already is None
    assert [[(order.case_id, order.approved_by) for order in view.other_locks] for view in both] == [
        [(cases[1], "ana")],
        [(cases[0], "ana")],
    ]
    assert [view.also_locked_by for view in both] == [(cases[1],), (cases[0],)]
    effect = undone.reversals[0].effect
    assert effect is not None
    assert effect.result is not None
    assert (effect.result["status"], between) == ("locked", "locked")
    active = [lock["idempotency_key"] for lock in still_locked_by(effect.result)]
    assert active == [both[1].effects[0].key]
    assert (other.also_locked_by, account_status(stack, customer["customer_id"])) == ((), "active")


def still_locked_by(result: dict[str, Any]) -> list[dict[str, str]]:
    return result["still_locked_by"]


def approve_at_one_instant(stack: LocalStack, pair: tuple[FraudCaseView, FraudCaseView], persona: str) -> None:
    """Both cases' open reviews get this persona's approval of lock and refund, as near to each other as can be."""
    client, ready = stack.as_person(persona), threading.Barrier(2)

    def approve(view: FraudCaseView) -> int:
        assert view.review is not None
        review = {"review_id": view.review.review_id, "assessment_hash": view.review.assessment_hash}
        ready.wait(CASE_TIMEOUT_S)
        return client.post(
            "/api/workflow/decision",
            json={**review, "verdict": "approve", "action": "lock_and_refund", "comment": "Both."},
        ).status_code

    with ThreadPoolExecutor(2) as people:
        assert list(people.map(approve, pair)) == [202, 202]


def test_of_two_simultaneous_refunds_the_second_is_asked_again(stack: LocalStack) -> None:
    customers = [stack.customer("stolen_card", index) for index in range(2)]
    pairs = [
        tuple(stack.start_case(an_alert(customer, f"race-{customer['customer_id']}-{n}")) for n in (1, 2))
        for customer in customers
    ]
    for first, second in pairs:
        asked = stack.wait_for_case(first, awaits_review(1)), stack.wait_for_case(second, awaits_review(1))
        for persona in ("ana", "maria"):
            approve_at_one_instant(stack, asked, persona)
    for pair in pairs:
        views = [stack.wait_for_case(case, settled) for case in pair]
        (again,) = [view for view in views if view.state != "closed"]
        assert again.assessment is not None
        assert again.assessment.refund_charge_ids == ()
        assert again.assessment.recommended_action is not None
        assert stack.decide(again, "approve", action=again.assessment.recommended_action).status_code == 202
        closed = [stack.wait_for_case(case, lambda view: view.state == "closed") for case in pair]

        assert sorted(view.outcome or "" for view in closed) == ["account_locked", "locked_and_refunded"]
        audits = [stack.http.get(f"/api/cases/{case}/audit").json() for case in pair]
        assert [audit["intact"] for audit in audits] == [True, True]
        refunds = [effect for view in closed for effect in view.effects if effect.action == "refund_charges"]
        assert [effect.status for effect in refunds].count("done") == 1


def settled(view: FraudCaseView) -> bool:
    """Carried out, or asked again."""
    return view.state == "closed" or awaits_review(2)(view)
