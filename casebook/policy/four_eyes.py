"""What each decision requires: how many people, and whether a reason. Pure: no database, no clock.

| Decision | People | Reason |
|---|---|---|
| approves the recommended action | 1, or as below | optional |
| approves another action: overrules the assessment | 1, or as below | required |
| clears a case that was rated critical: severity of the alert, or level of an assessment in any round | 2 | as above |
| locks and refunds | 2 | as above |
| approves anything in a case about which two people decide, by the rule of an alert (`AutonomyBand`) | 2 | as above |
| refunds more than `FOUR_EYES_REFUND_LIMIT_MINOR` in a currency, of what was chosen, or an unknown sum | 2 | as above |
| rejects | 1 | required: the feedback |

A bulk action clears only cases that are recommended to be cleared and were not rated critical.

A reason is a reason code or text: feedback or a comment. The second approver confirms the reason of the first.
Without a recommendation, for lack of evidence, nothing is overruled.
"""

from collections.abc import Collection, Mapping, Sequence

from contracts.actions import ACTIONS, FourEyes, RecommendedAction, recommended
from contracts.assessment import RiskAssessment, RiskLevel
from contracts.kinds import Action, action_spec
from contracts.refunds import ChosenRefund, total_of
from contracts.review import Decision, ReviewRequest
from contracts.severity import Severity
from contracts.words import says_something

FOUR_EYES_REFUND_LIMIT_MINOR = 50_000
"""Refunds above this many minor units of their currency need two people, unless an installation says otherwise."""

APPROVALS_OF_FOUR_EYES = 2


def is_rated_critical(severity: Severity, level: RiskLevel | None) -> bool:
    """Whether the alert or the assessment says so."""
    return "critical" in (severity, level)


def overrules(recommended: Action | None, action: Action) -> bool:
    """Whether an approval of `action` does something else than what is recommended."""
    return recommended is not None and action != recommended


def gives_reason(decision: Decision) -> bool:
    """Whether it says why, in a code or in words."""
    return any(says_something(text) for text in (decision.reason_code, decision.feedback, decision.comment))


def four_eyes_actions(
    assessment: RiskAssessment, severity: Severity, limit_minor: int
) -> tuple[RecommendedAction, ...]:
    """The actions on this assessment that need two people.

    A large refund is one that passes `limit_minor` in any one currency, or whose sum is not known: null or empty. A
    limit of 0 asks for two people for every refund.
    """
    needed: Mapping[FourEyes, bool] = {
        "never": False,
        "always": True,
        "large_refund": not _refund_is_small(assessment, limit_minor),
        "rated_critical": is_rated_critical(severity, assessment.risk_level),
    }
    return tuple(recommended(action) for action, spec in ACTIONS.items() if needed[spec.four_eyes])


def approvals_required(assessment: RiskAssessment, severity: Severity, limit_minor: int) -> int:
    """How many people must approve the recommended action: 1 or 2."""
    needs_two = assessment.recommended_action in four_eyes_actions(assessment, severity, limit_minor)
    return APPROVALS_OF_FOUR_EYES if needs_two else 1


def is_every_action(named: Collection[Action] | None) -> bool:
    """Whether all actions take two people by what a question names, as the rule of an alert may want it."""
    return ACTIONS.keys() <= {*(named or ())}


def needs_two_by_choice(
    action: Action, refunds: Sequence[ChosenRefund] | None, limit_minor: int | None, named: Collection[Action] | None
) -> bool | None:
    """Whether the chosen refunds need two people; None where the question says so: nothing that counts was chosen, or
    every action takes two. `named`: the actions that do, by the question."""
    if refunds is None or limit_minor is None or action_spec(action).four_eyes != "large_refund":
        return None
    if is_every_action(named):
        return None
    return any(money.amount_minor > limit_minor for money in total_of(each.amount for each in refunds))


def approvals_of(
    review: ReviewRequest,
    action: Action,
    refunds: Sequence[ChosenRefund] | None = None,
    limit_minor: int | None = None,
    *,
    is_critical: bool = False,
) -> int:
    """How many people must approve `action` in answer to this review: 1 or 2.

    `refunds`: what was chosen, which counts against the limit of the case's policy instead of all that is named.
    `is_critical`: what it asks about was rated critical; clearing that takes two, whenever it was asked. A review that
    names no four-eyes actions was opened before there was a policy: then its own number counts for every action that
    touches a customer.
    """
    by_choice = needs_two_by_choice(action, refunds, limit_minor, review.four_eyes_actions)
    if by_choice is not None:
        return APPROVALS_OF_FOUR_EYES if by_choice else 1
    spec = action_spec(action)
    if spec.four_eyes == "rated_critical" and is_critical:
        return APPROVALS_OF_FOUR_EYES
    if review.four_eyes_actions is not None:
        return APPROVALS_OF_FOUR_EYES if action in review.four_eyes_actions else 1
    return review.approvals_required if spec.effects else 1


def _refund_is_small(assessment: RiskAssessment, limit_minor: int) -> bool:
    if not assessment.refund_charge_ids:
        # Nothing to refund: the action is refused anyway, and a lock alone takes one person.
        return True
    total = assessment.refund_total
    return bool(total) and all(money.amount_minor <= limit_minor for money in total)
