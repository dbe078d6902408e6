"""Four eyes: which approvals need two people, in one place. Pure: no database, no clock."""

from contracts.assessment import RecommendedAction, RiskAssessment
from contracts.review import ReviewRequest

FOUR_EYES_REFUND_LIMIT_MINOR = 50_000
"""Refunds above this many minor units of their currency need two people, unless an installation says otherwise."""

APPROVALS_OF_FOUR_EYES = 2


def four_eyes_actions(assessment: RiskAssessment, limit_minor: int) -> tuple[RecommendedAction, ...]:
    """The actions on this assessment that need two people.

    `lock_and_refund` always does. `refund_charges` does when what would be refunded passes `limit_minor` in any one
    currency, or when its sum is not known: null or empty. A limit of 0 asks for two people for every refund.
    """
    if _refund_is_small(assessment, limit_minor):
        return ("lock_and_refund",)
    return ("refund_charges", "lock_and_refund")


def approvals_required(assessment: RiskAssessment, limit_minor: int) -> int:
    """How many people must approve the recommended action: 1 or 2."""
    needs_two = assessment.recommended_action in four_eyes_actions(assessment, limit_minor)
    return APPROVALS_OF_FOUR_EYES if needs_two else 1


def approvals_of(review: ReviewRequest, action: RecommendedAction) -> int:
    """How many people must approve `action` in answer to this review: 1 or 2.

    A review that names no four-eyes actions was opened before there was a policy: then its own number counts for
    every action that touches a customer.
    """
    if review.four_eyes_actions is not None:
        return APPROVALS_OF_FOUR_EYES if action in review.four_eyes_actions else 1
    return 1 if action == "clear" else review.approvals_required


def _refund_is_small(assessment: RiskAssessment, limit_minor: int) -> bool:
    if not assessment.refund_charge_ids:
        # Nothing to refund: the action is refused anyway, and a lock alone takes one person.
        return True
    total = assessment.refund_total
    return bool(total) and all(money.amount_minor <= limit_minor for money in total)
