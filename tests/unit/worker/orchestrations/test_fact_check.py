"""Between approval and execution: facts that changed go back to a person, and nothing happens."""

from typing import Any

import pytest

from contracts.case import CaseOutcome
from contracts.effect import EffectStatus
from contracts.investigation import FactReport
from contracts.money import Money
from tests.unit.worker.support.case_script import CaseScript, ScriptedFault
from tests.unit.worker.support.cases import a_policy
from tests.unit.worker.support.lab import Lab
from worker.domain.facts import NOT_CHECKED
from worker.domain.questions import FACTS_CHANGED

LOCKED = FactReport(changes=("The account is locked already.",))
SOON_H = 0.0001


def test_facts_are_checked_before_an_approved_action_happens(lab: Lab) -> None:
    case = lab.start()

    case.decide(case.script.opening(), "lock_account")

    assert case.outcome() == "account_locked"
    (check,) = case.script.checks
    assert (check.action, check.customer_id, check.known_changes) == (
        "lock_account",
        7,
        case.script.opening().assessment.route_reasons,
    )
    assert [order.facts for order in case.script.orders] == [check]


@pytest.mark.parametrize("changes", [{"action": "clear"}, {"verdict": "reject", "action": None}])
def test_what_touches_nothing_needs_no_check(lab: Lab, changes: Any) -> None:
    case = lab.start(CaseScript(policy=a_policy(max_review_attempts=2)))

    case.decide(case.script.opening(1), **changes)
    if changes["action"] is None:
        case.decide(case.script.opening(2), "clear")

    assert case.outcome() == "cleared"
    assert case.script.checks == []


def test_changed_facts_return_to_the_analyst_without_an_action(lab: Lab) -> None:
    case = lab.start(CaseScript(facts=[LOCKED]))

    case.decide(case.script.opening(1), "lock_account")
    second = case.script.opening(2)
    waiting = case.progress_when(lambda shown: shown.round == 2)
    done_by_then = list(case.script.orders)
    case.decide(second, "clear")

    assert case.outcome() == "cleared"
    assert done_by_then == case.script.orders == []
    first = case.script.opening(1)
    assert second.review.required_role == "analyst"
    assert second.review.review_id.endswith(":r2")
    assert second.review.assessment_hash != first.review.assessment_hash
    assert second.assessment.route_reasons == (*first.assessment.route_reasons, "The account is locked already.")
    assert second.assessment.reports == first.assessment.reports
    assert [(noted.round, noted.changes) for noted in case.script.changed_facts] == [(1, LOCKED.changes)]
    assert (waiting.phase, case.script.rounds) == ("awaiting_review", [1])


def test_late_copy_of_an_approval_approves_nothing_new(lab: Lab) -> None:
    case = lab.start(CaseScript(facts=[LOCKED]))

    approval = case.decide(case.script.opening(1), "lock_account")
    second = case.script.opening(2)
    case.send(1, approval)
    case.send(2, approval)
    case.decide(second, "clear")

    assert case.outcome() == "cleared"
    assert case.script.orders == []


def test_what_cannot_be_refunded_leaves_the_next_question(lab: Lab) -> None:
    total = (Money(amount_minor=500, currency="EUR"),)
    report = FactReport(changes=("Charge a was refunded.",), refund_charge_ids=("b",), refund_total=total)
    case = lab.start(CaseScript(facts=[report]))

    case.decide(case.script.opening(1), "refund_charges")
    case.decide(case.script.opening(2), "refund_charges")

    assert case.outcome() == "charges_refunded"
    assert case.script.opening(2).assessment.refund_total == total
    assert [order.refund_charge_ids for order in case.script.orders] == [("b",)]


def test_unreachable_store_counts_as_changed_at_every_approval(lab: Lab) -> None:
    down = ScriptedFault("The customer store is down.")
    case = lab.start(CaseScript(facts=[down] * 6))

    for round_number in (1, 2):
        case.decide(case.script.opening(round_number), "lock_account")
    third = case.script.opening(3)
    case.decide(third, "lock_account")

    assert case.outcome() == "account_locked"
    assert len(case.script.checks) == 7
    assert [noted.changes for noted in case.script.changed_facts] == [(NOT_CHECKED,)] * 2
    assert third.assessment.route_reasons.count(NOT_CHECKED) == 1


REFUNDED = FactReport(changes=("Charge a cannot be refunded: its status is refunded.",), refund_charge_ids=("b",))
HOLDS = FactReport(refund_charge_ids=("a", "b"))
REFUSED: EffectStatus = "failed"


def test_refund_taken_first_by_another_case_is_asked_again(lab: Lab) -> None:
    case = lab.start(CaseScript(facts=[HOLDS, REFUNDED], executed=[{"refund_charges": REFUSED}]))

    case.decide(case.script.opening(1), "refund_charges")
    second = case.script.opening(2)
    waiting = case.progress_when(lambda shown: shown.round == 2)
    case.decide(second, "refund_charges")

    assert case.outcome() == "charges_refunded"
    assert [noted.changes for noted in case.script.changed_facts] == [REFUNDED.changes]
    assert (second.review.required_role, waiting.phase) == ("analyst", "awaiting_review")
    assert second.assessment.route_reasons[-1:] == REFUNDED.changes
    assert case.script.orders[1].refund_charge_ids == ("b",)


@pytest.mark.parametrize(
    ("second", "outcome"),
    [
        ({"action": "refund_charges"}, "locked_and_refunded"),
        ({"action": "lock_and_refund"}, "locked_and_refunded"),
        ({"action": "lock_account"}, "account_locked"),
        ({"action": "clear"}, "account_locked"),
    ],
)
def test_after_a_lock_only_the_refused_refund_is_asked(lab: Lab, second: Any, outcome: CaseOutcome) -> None:
    case = lab.start(CaseScript(facts=[HOLDS, REFUNDED], executed=[{"refund_charges": REFUSED}]))

    case.decide(case.script.opening(1), "lock_and_refund")
    opening = case.script.opening(2)
    case.decide(opening, **second)

    assert case.outcome() == outcome
    assert opening.assessment.recommended_action == "refund_charges"
    assert opening.assessment.route_reasons[-1] == "The account was locked as approved: only the refund is asked about."
    assert [check.action for check in case.script.checks[:2]] == ["lock_and_refund", "refund_charges"]
    assert [closing.outcome for closing in case.script.closings] == [outcome]


def test_lock_stays_on_record_when_its_refund_is_dropped(lab: Lab) -> None:
    policy = a_policy(max_review_attempts=1)
    case = lab.start(CaseScript(policy=policy, facts=[HOLDS, REFUNDED], executed=[{"refund_charges": REFUSED}]))

    case.decide(case.script.opening(1), "lock_and_refund")
    case.reject(case.script.opening(2))
    case.reject(case.script.opening(3), decided_by="mo")

    assert case.outcome() == "account_locked"


def test_a_refusal_that_no_fact_explains_ends_as_failed(lab: Lab) -> None:
    case = lab.start(CaseScript(executed=[{"lock_account": REFUSED}]))

    case.decide(case.script.opening(1), "lock_account")

    assert case.outcome() == "failed"
    assert case.script.changed_facts == []


def test_refusal_during_a_store_outage_is_asked_about(lab: Lab) -> None:
    down = ScriptedFault("The customer store is down.")
    case = lab.start(CaseScript(facts=[HOLDS, *[down] * 10], executed=[{"refund_charges": REFUSED}]))

    case.decide(case.script.opening(1), "refund_charges")
    case.decide(case.script.opening(2), "clear")

    assert case.outcome() == "cleared"
    assert [noted.changes for noted in case.script.changed_facts] == [("The store refused it.",)]


def test_what_a_manager_approved_goes_back_to_a_manager(lab: Lab) -> None:
    case = lab.start(CaseScript(policy=a_policy(approval_timeout_hours=SOON_H), facts=[LOCKED]))
    opening = case.script.opening()
    case.script.escalation()
    case.progress_when(lambda shown: shown.phase == "escalated")

    case.decide(opening, "lock_account", decided_by="mo")
    second = case.script.opening(2)
    case.reject(second, decided_by="mo")

    assert case.outcome() == "unresolved"
    assert (second.review.required_role, second.escalation_reason) == ("manager", FACTS_CHANGED)
    assert case.script.orders == []


def test_rejection_after_changed_facts_counts_as_the_first(lab: Lab) -> None:
    case = lab.start(CaseScript(policy=a_policy(max_review_attempts=2), facts=[LOCKED]))

    case.decide(case.script.opening(1), "lock_account")
    case.reject(case.script.opening(2), feedback="Then ask the customer.")
    third = case.script.opening(3)
    case.decide(third, "clear")

    assert case.outcome() == "cleared"
    assert third.escalation_reason is None
    assert case.script.rounds == [1, 3]
    assert [kept.feedback for kept in case.script.assessed[-1].memory] == [None, "Then ask the customer."]
