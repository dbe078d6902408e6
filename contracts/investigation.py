"""What the investigation orchestration passes to its activities and its agent memory: one model per call."""

from typing import Annotated

from pydantic import Field

from contracts.alert import Alert
from contracts.assessment import RecommendedAction, RiskAssessment, RiskLevel
from contracts.case import CaseOutcome
from contracts.effect import Effect
from contracts.ids import CaseId
from contracts.model import Contract, Score, UtcDateTime, added_later
from contracts.report import Finding, Specialist, SpecialistReport
from contracts.review import Decision, ReviewRequest

RoundNumber = Annotated[int, Field(ge=1)]


class Investigation(Contract):
    """Input of the orchestration."""

    case_id: CaseId
    alert: Alert


class InvestigationPolicy(Contract):
    """The limits that this case is judged by. Read once at its start and kept in its history."""

    auto_clear_threshold: Score = 0.6
    quality_check_share: Score = 0.05
    approval_timeout_hours: Annotated[float, Field(gt=0)] = 72.0
    escalation_timeout_hours: Annotated[float, Field(gt=0)] = 72.0
    max_review_attempts: Annotated[int, Field(ge=1)] = 3
    four_eyes_refund_minor: Annotated[int, Field(ge=0)] | None = added_later()
    """Refunds above this many minor units of their currency need two people; null: no policy."""


class RoundStart(Contract):
    case_id: CaseId
    round: RoundNumber


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
    risk_level: RiskLevel
    recommended_action: RecommendedAction
    reasoning: str
    feedback: str | None = None
    decided_by: str | None = None


class DurableAgentState(Contract):
    """State of the `FraudAnalysisAgent` entity: the conversation of one case, across rounds, restarts and releases."""

    version: Annotated[int, Field(ge=1)] = 1
    alert: Alert | None = None
    rounds: tuple[RememberedRound, ...] = ()


class Remembrance(Contract):
    """Input of `remember_round`."""

    alert: Alert
    assessment: RiskAssessment


class Feedback(Contract):
    """Input of `remember_feedback`."""

    round: RoundNumber
    text: str
    decided_by: str


class SpecialistTask(Contract):
    case_id: CaseId
    round: RoundNumber
    specialist: Specialist
    alert: Alert
    policy: InvestigationPolicy
    memory: tuple[RememberedRound, ...] = ()


class ReportFiling(Contract):
    """Input of `record_report`: the report of a specialist whose every attempt failed."""

    case_id: CaseId
    report: SpecialistReport


class AssessmentTask(Contract):
    case_id: CaseId
    round: RoundNumber
    alert: Alert
    reports: tuple[SpecialistReport, ...]
    policy: InvestigationPolicy
    memory: tuple[RememberedRound, ...] = ()


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


class ActionOrder(Contract):
    """Carry out what `decision` approved. Idempotent by effect key."""

    case_id: CaseId
    customer_id: int
    decision: Decision
    refund_charge_ids: tuple[str, ...] = ()


class ActionResult(Contract):
    effects: tuple[Effect, ...]


class Closing(Contract):
    case_id: CaseId
    round: RoundNumber
    outcome: CaseOutcome
