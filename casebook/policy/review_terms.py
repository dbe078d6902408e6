"""The least terms of a question, by the policy on record of its case. Pure: no database, no clock.

Deadline and number of approvals come through the scheduler, which anybody may write to. A question with weaker terms
is corrected to those of the policy, so that it is not expired at once, and nobody decides alone what needs two people.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from casebook.policy.four_eyes import APPROVALS_OF_FOUR_EYES, approvals_required, four_eyes_actions
from casebook.policy.guards import CLOCK_TOLERANCE, OvertakenQuestion
from contracts.actions import ACTIONS
from contracts.assessment import RiskAssessment
from contracts.autonomy import AutonomyBand, Decider, deciders, people_among
from contracts.investigation import InvestigationPolicy
from contracts.kinds import Action
from contracts.review import ReviewRequest, Role
from contracts.severity import Severity

MOST_LATE = 0.5
"""A question that reaches the record late keeps its deadline as long as more than this share of its time is left."""


class RatedBand(NamedTuple):
    """A band of an alert."""

    severity: Severity
    """That of the alert."""
    band: AutonomyBand
    carried: float
    """The score of the case that people took the alert from; 0 for one that came here first."""


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


def bands_in(alert: Mapping[str, Any], carried: float | None = None) -> list[RatedBand]:
    """The bands of a recorded alert, with the score that it brought along from another case."""
    severity: Severity = alert["severity"]
    bands = (AutonomyBand.model_validate(band) for band in alert.get("autonomy") or ())
    return [RatedBand(severity, band, carried or 0.0) for band in bands]


def score_for_bands(scores: Sequence[float | None]) -> float | None:
    """The score that bands go by, of those of a case's assessments, the newest last: the highest.

    None, which counts as 1, where the newest has none.
    """
    if not scores or scores[-1] is None:
        return None
    return max(score for score in scores if score is not None)


def rules_ask(bands: Iterable[RatedBand], scores: Sequence[float | None]) -> tuple[Decider, ...]:
    """Whom the rules of a case's alerts want to decide, `auto_clear` left out.

    `bands` are those of every alert that the case ever had, and `scores` those of its assessments, the newest last: to
    move an alert, or to reject what was concluded, takes nobody's say away.
    """
    score = score_for_bands(scores)
    found: set[Decider] = set()
    for severity, band, carried in bands:
        found.update(deciders((band,), severity, None if score is None else max(score, carried)))
    return people_among(found)


def with_autonomy(review: ReviewRequest, asks: Collection[Decider]) -> ReviewRequest:
    """The question as the rules of the alerts want it: to a manager, with two people for whatever is approved."""
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
