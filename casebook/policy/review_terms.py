"""The least terms of a question, by the policy on record of its case. Pure: no database, no clock.

Deadline and number of approvals come through the scheduler, which anybody may write to. A question with weaker terms
is corrected to those of the policy, so that it is not expired at once, and nobody decides alone what needs two people.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from casebook.policy.four_eyes import APPROVALS_OF_FOUR_EYES, approvals_required, four_eyes_actions
from casebook.policy.guards import CLOCK_TOLERANCE, OvertakenQuestion
from contracts.actions import ACTIONS
from contracts.assessment import RiskAssessment
from contracts.investigation import InvestigationPolicy
from contracts.kinds import Action
from contracts.review import ReviewRequest, Role
from contracts.severity import Severity

MOST_LATE = 0.5
"""A question that reaches the record late keeps its deadline as long as more than this share of its time is left."""


@dataclass(frozen=True)
class Limits:
    """The policy of a case."""

    policy: InvestigationPolicy
    severity: Severity

    def for_severity(self, severity: Severity) -> "Limits":
        """The same for a case that a worse alert has joined."""
        return replace(self, severity=severity)

    def time(self, role: Role) -> timedelta:
        """How long one who is asked has to answer."""
        return timedelta(hours=self.policy.review_hours(self.severity, role))

    @property
    def patience(self) -> timedelta | None:
        """How long an effect in doubt is looked up."""
        hours = self.policy.reconcile_hours
        return None if hours is None else timedelta(hours=hours)

    def shortest_time(self, role: Role) -> timedelta:
        """The least time to answer, however late the question was asked."""
        whole = self.time(role)
        return whole - max(CLOCK_TOLERANCE, whole * MOST_LATE)

    def four_eyes(self, assessment: RiskAssessment) -> tuple[frozenset[Action], int]:
        """The actions on this assessment that take two people, and how many the recommended one takes."""
        limit = self.policy.four_eyes_refund_minor
        if limit is None:
            return frozenset(), 1
        actions = four_eyes_actions(assessment, self.severity, limit)
        return frozenset(actions), approvals_required(assessment, self.severity, limit)


def with_least_time(review: ReviewRequest, limits: Limits | None, now: datetime) -> ReviewRequest:
    """The question with a deadline that leaves time to answer it."""
    if limits is None or review.due_at >= now + limits.shortest_time(review.required_role):
        return review
    return review.model_copy(update={"due_at": now + limits.time(review.required_role), "remind_at": None})


def with_overtaken_terms(review: ReviewRequest, overtaken: OvertakenQuestion | None) -> ReviewRequest:
    """The question with the role and the deadline of the one that an alert overtook: neither gets weaker or later."""
    if overtaken is None:
        return review
    role: Role = "manager" if overtaken.role == "manager" else review.required_role
    due_at = min(review.due_at, overtaken.due_at)
    reminded = review.remind_at is not None and review.remind_at < due_at
    remind_at = review.remind_at if reminded else None
    return review.model_copy(update={"required_role": role, "due_at": due_at, "remind_at": remind_at})


def with_autonomy(review: ReviewRequest, assessment: RiskAssessment) -> ReviewRequest:
    """The question as the rules of the alerts want it: to a manager, with two people for whatever is approved."""
    asks = assessment.asks_for or ()
    role: Role = "manager" if "manager_first" in asks and review.required_role == "analyst" else review.required_role
    changes: dict[str, object] = {"required_role": role}
    if "two_people" in asks:
        changes["approvals_required"] = APPROVALS_OF_FOUR_EYES
        changes["four_eyes_actions"] = tuple(dict.fromkeys((*(review.four_eyes_actions or ()), *sorted(ACTIONS))))
    return review.model_copy(update=changes)


def with_four_eyes(
    review: ReviewRequest, limits: Limits | None, assessment: RiskAssessment, *, was_critical: bool = False
) -> ReviewRequest:
    """The question with every action that takes two people by the limits; `was_critical`: in an earlier round."""
    if limits is None:
        return review
    needed, approvals = limits.four_eyes(assessment)
    if was_critical and limits.policy.four_eyes_refund_minor is not None:
        critical = {action for action, spec in ACTIONS.items() if spec.four_eyes == "rated_critical"}
        needed |= critical
        approvals = 2 if assessment.recommended_action in critical else approvals
    named = review.four_eyes_actions or ()
    more = tuple(action for action in sorted(needed) if action not in named)
    changes = {
        "approvals_required": max(review.approvals_required, approvals),
        "four_eyes_actions": (*named, *more) if more else review.four_eyes_actions,
    }
    return review.model_copy(update=changes)
