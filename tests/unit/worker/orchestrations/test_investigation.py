"""The investigation as a whole: every way that a case can go."""

import pytest

from contracts.assessment import RecommendedAction
from contracts.case import CaseOutcome
from tests.unit.worker.support.desk import CaseScript
from tests.unit.worker.support.lab import Lab


def test_a_harmless_case_is_cleared_without_asking_anyone(lab: Lab) -> None:
    case = lab.start(CaseScript(score=0.1, recommended="clear"))

    assert case.outcome() == "auto_cleared"
    assert case.script.outcomes == ["auto_cleared"]
    assert case.script.openings == []
    assert case.progress().phase == "closed"
    assert case.progress().outcome == "auto_cleared"


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("clear", "cleared"),
        ("lock_account", "account_locked"),
        ("refund_charges", "charges_refunded"),
        ("lock_and_refund", "locked_and_refunded"),
    ],
)
def test_an_approved_action_is_carried_out(lab: Lab, action: RecommendedAction, outcome: CaseOutcome) -> None:
    case = lab.start()

    decision = case.decide(case.script.opening(), action)

    assert case.outcome() == outcome
    assert [order.decision for order in case.script.orders] == ([] if action == "clear" else [decision])
    assert case.script.outcomes == [outcome]
