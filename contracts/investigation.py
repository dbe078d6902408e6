"""What the parts of an investigation pass to each other and to the casebook. For the scheduler see `steps`."""

from typing import Annotated

from pydantic import Field

from contracts.actions import EffectAction, RecommendedAction
from contracts.alert import Alert
from contracts.assessment import RiskAssessment, RiskLevel
from contracts.base import Contract, Score, UtcDateTime
from contracts.effect import Effect
from contracts.ids import CaseId
from contracts.money import Money
from contracts.refunds import ChosenRefunds
from contracts.report import Finding, Specialist, SpecialistReport
from contracts.review import Decision, ReviewRequest, Role
from contracts.severity import Severity

RoundNumber = Annotated[int, Field(ge=1)]


class InvestigationPolicy(Contract):
    """The policy of a case: its limits. Read once at its start and kept in its history."""

    auto_clear_threshold: Score = 0.6
    quality_check_share: Score = 0.05
    approval_timeout_hours: Annotated[float, Field(gt=0)] = 72.0
    escalation_timeout_hours: Annotated[float, Field(gt=0)] = 72.0
    max_review_attempts: Annotated[int, Field(ge=1)] = 3
    four_eyes_refund_minor: Annotated[int, Field(ge=0)] | None = None
    """Refunds above this many minor units of their currency need two people; null: no policy."""
    review_hours_critical: Annotated[float, Field(gt=0)] | None = None
    """How long one person has to answer about a critical alert; never longer than the timeouts above."""
    review_hours_high: Annotated[float, Field(gt=0)] | None = None
    remind_before_share: Annotated[float, Field(ge=0, lt=1)] | None = None
    """How much of the time is left when those who could decide are reminded; 0 or null: nobody is."""
    reconcile_hours: Annotated[float, Field(gt=0)] | None = None
    """How long an effect of which nobody knows is looked up before the case is closed as failed."""

    def review_hours(self, severity: Severity, role: Role) -> float:
        """How long a person has to answer: by the alert's severity, never longer than the timeout of the role."""
        longest = self.escalation_timeout_hours if role == "manager" else self.approval_timeout_hours
        by_severity = {"critical": self.review_hours_critical, "high": self.review_hours_high}
        hours = by_severity.get(severity)
        return longest if hours is None else min(hours, longest)


class FailedCase(Contract):
    """The state of a case whose orchestration failed: by its record, in its current round."""

    assessment: RiskAssessment
    """What is asked, or was decided on. One without a score when nothing was concluded before it failed."""
    role: Role
    """Whom it is put to."""
    reason: str
    """Why it is put to a manager, where it is."""
    review: ReviewRequest | None = None
    """The question as it was put; null when nobody was asked yet."""
    decision: Decision | None = None
    """The answer, where it was given already."""
    is_expired: bool = False
    """Nobody answered before the last deadline."""
    is_acting: bool = False
    """What was approved has begun: it is not checked again, only carried on."""
    done: tuple[EffectAction, ...] = ()
    """What was done in the customer's account, by whichever round's approval."""
    rejections: Annotated[int, Field(ge=0)] = 0
    """How many assessments were rejected so far."""


class RememberedReport(Contract):
    """A report as later rounds remember it: the conclusion and its grounds, not the raw tool results."""

    specialist: Specialist
    risk_score: Score | None
    findings: tuple[Finding, ...]


class RememberedRound(Contract):
    """One earlier round: what was concluded and what a person answered."""

    round: RoundNumber
    reports: tuple[RememberedReport, ...]
    overall_risk_score: Score | None
    risk_level: RiskLevel | None
    recommended_action: RecommendedAction | None
    reasoning: str
    feedback: str | None = None
    decided_by: str | None = None


class Feedback(Contract):
    """Input of `remember_feedback`."""

    round: RoundNumber
    text: str
    decided_by: str


class SpecialistOrder(Contract):
    """Input of `run_specialist`. The alert is on record."""

    case_id: CaseId
    round: RoundNumber
    specialist: Specialist
    policy: InvestigationPolicy
    memory: tuple[RememberedRound, ...] = ()


class SpecialistTask(Contract):
    """A specialist's order with the alerts that it is about."""

    case_id: CaseId
    round: RoundNumber
    specialist: Specialist
    alert: Alert
    policy: InvestigationPolicy
    memory: tuple[RememberedRound, ...] = ()
    joined: tuple[Alert, ...] = ()
    """The case's further alerts of this round, all of the same customer, in the order in which they joined."""

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All that the round is about."""
        return (self.alert, *self.joined)


class ReportFiling(Contract):
    """Input of `record_report`: the report of a specialist whose every attempt failed."""

    case_id: CaseId
    report: SpecialistReport


class AssessmentOrder(Contract):
    """Input of `assess_risk`. The alert is on record."""

    case_id: CaseId
    round: RoundNumber
    reports: tuple[SpecialistReport, ...]
    policy: InvestigationPolicy
    memory: tuple[RememberedRound, ...] = ()


class AssessmentTask(Contract):
    """The order to assess a round, with its alerts."""

    case_id: CaseId
    round: RoundNumber
    alert: Alert
    reports: tuple[SpecialistReport, ...]
    policy: InvestigationPolicy
    memory: tuple[RememberedRound, ...] = ()
    joined: tuple[Alert, ...] = ()
    """The case's further alerts of this round, all of the same customer, in the order in which they joined."""
    was_asked: bool = True
    """Whether a person was asked in an earlier round; a further round may also follow from an alert that joined."""

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All that the round is about."""
        return (self.alert, *self.joined)


class ReviewPlan(Contract):
    """Input of `schedule_review`: who is about to be asked, when, and about what."""

    case_id: CaseId
    severity: Severity
    required_role: Role
    asked_at: UtcDateTime
    assessment: RiskAssessment
    policy: InvestigationPolicy


class ReviewOrder(Contract):
    """Input of `ask_person`. `escalation_reason` is set when the review goes straight to a manager."""

    plan: ReviewPlan
    escalation_reason: str | None = None


class ReviewTerms(Contract):
    """What the calendar and the four-eyes policy say of a review."""

    due_at: UtcDateTime
    remind_at: UtcDateTime | None = None
    approvals_required: Annotated[int, Field(ge=1, le=2)] = 1
    four_eyes_actions: tuple[RecommendedAction, ...] | None = None


class ReviewOpening(Contract):
    """Ask a person. `escalation_reason` is set when the review goes straight to a manager."""

    case_id: CaseId
    round: RoundNumber
    review: ReviewRequest
    assessment: RiskAssessment
    escalation_reason: str | None = None


class Escalation(Contract):
    """The open review passes to a manager with a new deadline."""

    case_id: CaseId
    review: ReviewRequest
    reason: str
    at: UtcDateTime


class EscalationOrder(Contract):
    """Input of `escalate_to_manager`: nobody decided in time about what `plan` says."""

    plan: ReviewPlan
    reason: str


class EscalationResult(Contract):
    """The result: the question as the manager is asked it, or an earlier decision that remains valid."""

    review: ReviewRequest | None = None
    decision: Decision | None = None


class FactCheck(Contract):
    """Do the facts still hold on which the approval of `action` relied?"""

    case_id: CaseId
    customer_id: int
    action: RecommendedAction
    refund_charge_ids: tuple[str, ...] = ()
    evidence_ids: tuple[str, ...] = ()
    """Recorded answers about the account and its charges: what was known when it was approved."""
    known_changes: tuple[str, ...] = ()
    """Changes that the approver already knew of: these do not void the approval."""
    refunds: ChosenRefunds | None = None
    """What of each charge was chosen; null: all of them were approved as they are."""


class FactReport(Contract):
    """The current facts. Nothing has changed when `changes` is empty."""

    changes: tuple[str, ...] = ()
    """One sentence each."""
    refund_charge_ids: tuple[str, ...] = ()
    """Those that can still be refunded."""
    refund_total: tuple[Money, ...] | None = None
    """What they add up to now; null when that is not known."""


class NotedFacts(Contract):
    """The changes on record: those that the store confirms. Empty: the approval is valid."""

    changes: tuple[str, ...] = ()
    report: FactReport | None = None
    """The current facts; null when the store could not be asked."""


class ActionOrder(Contract):
    """Carry out what `decision` approved. Idempotent by effect key."""

    case_id: CaseId
    customer_id: int
    decision: Decision
    refund_charge_ids: tuple[str, ...] = ()
    facts: FactCheck | None = None
    """What must still hold when the action is sent once more after a doubt; null when it touches nothing."""
    refund_total: tuple[Money, ...] | None = None
    """What the charges added up to when their refund was approved: the store refunds nothing else. Null when that was
    not known."""


class ActionResult(Contract):
    effects: tuple[Effect, ...]


class Reconciliation(Contract):
    """Find out the result of an action in doubt. `last`: nobody will look again."""

    order: ActionOrder
    last: bool = False
