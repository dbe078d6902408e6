"""Which approvals need two people."""

from datetime import timedelta

import pytest

from casebook.policy.four_eyes import approvals_of, approvals_required, four_eyes_actions
from contracts.actions import RecommendedAction
from contracts.assessment import RiskAssessment
from contracts.money import Money
from contracts.review import ReviewRequest
from contracts.severity import Severity
from tests.unit.casebook.builders import NOON, an_assessment

LIMIT = 50_000
BOTH = ("refund_charges", "lock_and_refund")


def refunding(*total: Money, known: bool = True, action: RecommendedAction = "refund_charges") -> RiskAssessment:
    changes = {"refund_charge_ids": ("ch-1",), "refund_total": total if known else None}
    return an_assessment(action=action).model_copy(update=changes)


def usd(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="USD")


@pytest.mark.parametrize(
    ("assessment", "expected"),
    [
        (refunding(usd(LIMIT)), ("lock_and_refund",)),
        (refunding(usd(LIMIT + 1)), BOTH),
        (refunding(known=False), BOTH),
        (refunding(), BOTH),
        (refunding(usd(1), Money(amount_minor=LIMIT + 1, currency="JPY")), BOTH),
        (refunding(usd(LIMIT), Money(amount_minor=LIMIT, currency="EUR")), ("lock_and_refund",)),
        (an_assessment(), ("lock_and_refund",)),
    ],
)
def test_lock_with_refund_or_large_refund_needs_two(
    assessment: RiskAssessment, expected: tuple[RecommendedAction, ...]
):
    assert four_eyes_actions(assessment, "high", LIMIT) == expected


def test_zero_limit_needs_two_people_for_every_refund():
    assert four_eyes_actions(refunding(usd(1)), "high", 0) == BOTH


@pytest.mark.parametrize(
    ("action", "needed"), [("clear", 1), ("lock_account", 1), ("refund_charges", 2), ("lock_and_refund", 2)]
)
def test_review_asks_as_many_as_the_recommendation_needs(action: RecommendedAction, needed: int):
    assert approvals_required(refunding(usd(LIMIT + 1), action=action), "high", LIMIT) == needed


def a_review(required: int, *actions: RecommendedAction, policy: bool = True) -> ReviewRequest:
    return ReviewRequest(
        review_id="case-x:r1",
        assessment_hash="sha256:" + "0" * 64,
        opened_at=NOON,
        due_at=NOON + timedelta(hours=1),
        approvals_required=required,
        four_eyes_actions=actions if policy else None,
    )


def test_four_eyes_follow_the_review_not_the_recommendation():
    """Whoever approves something else than recommended cannot do it alone for that."""
    review = a_review(1, "lock_and_refund")
    assert approvals_of(review, "lock_and_refund") == 2
    assert approvals_of(review, "lock_account") == 1
    assert approvals_of(a_review(2), "lock_and_refund") == 1


@pytest.mark.parametrize(
    ("action", "needed"), [("clear", 1), ("lock_account", 2), ("refund_charges", 2), ("lock_and_refund", 2)]
)
def test_review_without_policy_needs_two_for_every_effect(action: RecommendedAction, needed: int):
    assert approvals_of(a_review(2, policy=False), action) == needed
    assert approvals_of(a_review(1, policy=False), action) == 1


CRITICAL = an_assessment(action="clear").model_copy(update={"risk_level": "critical"})


@pytest.mark.parametrize(
    ("assessment", "severity"), [(CRITICAL, "low"), (an_assessment(score=0.2, action="clear"), "critical")]
)
def test_clearing_what_was_rated_critical_needs_two(assessment: RiskAssessment, severity: Severity):
    assert four_eyes_actions(assessment, severity, LIMIT) == ("lock_and_refund", "clear")
    assert approvals_required(assessment, severity, LIMIT) == 2


@pytest.mark.parametrize("review", [a_review(1), a_review(1, policy=False)])
def test_review_asked_before_the_rule_needs_two(review: ReviewRequest):
    assert approvals_of(review, "clear", is_critical=True) == 2
    assert approvals_of(review, "lock_account", is_critical=True) == 1
