"""The case as people see it: its state, its progress and its record."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.actions import ActionOutcome, RecommendedAction, ReversalAction
from contracts.alert import Alert, AlertSource, AlertType, Severity
from contracts.assessment import RiskAssessment, RiskLevel
from contracts.assignment import Assignment
from contracts.base import Contract, FiniteJson, Score, UtcDateTime, added_later
from contracts.claim import Claim
from contracts.effect import Effect, EffectOrder
from contracts.hold import Hold
from contracts.ids import AlertId, CaseId, Hash, ReviewId
from contracts.names import CaseEventType
from contracts.refunds import ChosenRefunds
from contracts.report import Specialist, SpecialistReport, Spend
from contracts.reversal import Reversal
from contracts.review import Approval, Decision, Disposition, ReviewRequest
from contracts.snooze import Snooze

CaseState = Literal["investigating", "awaiting_review", "escalated", "acting", "closed"]
CaseOutcome = Literal["auto_cleared", ActionOutcome, "unresolved", "failed", "merged"]
Phase = Literal["investigating", "assessing", "awaiting_review", "escalated", "acting", "closed"]
SpecialistState = Literal["pending", "running", "ok", "not_evaluable", "unavailable"]


class CaseProgress(Contract):
    """The orchestration's custom status, below 4 kB: the current phase of the case."""

    phase: Phase
    round: Annotated[int, Field(ge=1)]
    specialists: Annotated[dict[Specialist, SpecialistState], Field(default_factory=dict)]
    score: Score | None = None
    outcome: CaseOutcome | None = None


class CaseEvent(Contract):
    """One line of the append-only case log: audit trail, live feed and outbox at once."""

    seq: Annotated[int, Field(ge=1)]
    """Grows over all cases. A reader that has seen `n` never finds a smaller one appear later."""
    case_id: CaseId
    type: CaseEventType
    at: UtcDateTime
    actor: str
    """Who did it: `system`, `worker`, `agent:{specialist}` or a person's id."""
    data: dict[str, FiniteJson]
    prev_hash: Hash | None
    """The hash of the event before it in the same case; null for the first."""
    hash: Hash
    """`content_hash` of all other fields."""


class RefusedTransition(Contract):
    """What was to be done in a case although nothing on its record justified it: one line per kind of refusal."""

    case_id: CaseId | None
    """Null: of cases that are not on record, all together."""
    reason: str
    """The id of the error."""
    sentence: str
    """Of the last attempt."""
    attempts: Annotated[int, Field(ge=1)]
    first_at: UtcDateTime
    last_at: UtcDateTime


class Proposal(Contract):
    """A first approval that waits for a second person's."""

    review_id: ReviewId
    action: RecommendedAction
    approvals: tuple[Approval, ...]
    disposition: Disposition | None = None
    refunds: ChosenRefunds | None = added_later()
    """The refunds that were chosen: the second person approves the same."""


class RecordedAlert(Contract):
    """An alert, and the case that it opened or joined."""

    alert: Alert
    case_id: CaseId
    recorded_at: UtcDateTime
    recorded_by: str | None
    """The person who raised it by hand; null when a rule did."""


class CaseAlert(RecordedAlert):
    """An alert of one case."""

    round: int | None
    """The first round that investigates it; null while none does."""
    moved_to: CaseId | None = None
    """The case that has it now, where people merged or detached it."""


class CaseSummary(Contract):
    """One row of the case list."""

    case_id: CaseId
    alert_id: AlertId
    customer_id: int
    alert_type: AlertType
    severity: Severity
    description: str
    source: AlertSource
    state: CaseState
    round: int
    risk_score: Score | None = None
    risk_level: RiskLevel | None = None
    outcome: CaseOutcome | None = None
    due_at: UtcDateTime | None = None
    opened_at: UtcDateTime
    updated_at: UtcDateTime
    last_seq: int
    rule_id: str | None = None
    recommended_action: RecommendedAction | None = None
    review: ReviewRequest | None = None
    """The open question, or null when nobody is being asked."""
    claim: Claim | None = None
    """Who works on it; null when nobody does or the lease has run out."""
    assignment: Assignment | None = None
    """Whose it is; null while it is in the pool, and when it is closed."""
    snooze: Snooze | None = None
    """Until when it is left out of the queue; null when it is not, or when that time is over."""
    proposal: Proposal | None = None
    hold: Hold | None = None
    """What was decided and can still be taken back; null when nothing can."""
    disposition: Disposition | None = None
    """Of the last decision."""
    reversed: tuple[ReversalAction, ...] = ()
    """What was reversed of its effects: `outcome` says what was done, and stays so."""
    alert_count: int = 1
    """How many alerts it has."""

    @property
    def recommendation(self) -> RecommendedAction | None:
        """What is recommended; nothing where there is no score."""
        return None if self.risk_score is None else self.recommended_action


class Round(Contract):
    """One finished round: what was found, what was concluded and what a person said to it."""

    round: int
    reports: tuple[SpecialistReport, ...]
    assessment: RiskAssessment | None = None
    review: ReviewRequest | None = None
    decision: Decision | None = None


class CaseView(Contract):
    """Everything that the case page shows. `reports`, `assessment` and `review` are those of the current round."""

    case_id: CaseId
    state: CaseState
    round: int
    alert: Alert
    """The one that opened it: the first of `alerts`."""
    alerts: tuple[CaseAlert, ...]
    """All of them, in the order in which they came."""
    follows: CaseId | None
    """The customer's case before it, which could not take its alert."""
    followed_by: tuple[CaseId, ...]
    """Cases of the customer that were opened because this one could not take their alerts, oldest first."""
    merged_into: CaseId | None = None
    """The case that it has become a part of."""
    progress: CaseProgress
    reports: tuple[SpecialistReport, ...]
    assessment: RiskAssessment | None
    review: ReviewRequest | None
    """The open question, or null when nobody is being asked."""
    decisions: tuple[Decision, ...]
    earlier_rounds: tuple[Round, ...]
    effects: tuple[Effect, ...]
    outcome: CaseOutcome | None
    opened_at: UtcDateTime
    updated_at: UtcDateTime
    last_seq: int
    opened_by: str | None = None
    """The person who opened it by hand; null when a rule did."""
    claim: Claim | None = None
    assignment: Assignment | None = None
    """Whose it is; null while it is in the pool, and when it is closed."""
    snooze: Snooze | None = None
    """Until when it is left out of the queue; null when it is not, or when that time is over."""
    proposal: Proposal | None = None
    hold: Hold | None = None
    """What was decided and can still be taken back; null when nothing can."""
    reversals: tuple[Reversal, ...] = ()
    """Requests to reverse effects, oldest first."""
    also_locked_by: tuple[CaseId, ...] = ()
    """Other cases whose approved lock of this customer's account is active, oldest first: reversing this case's lock
    leaves theirs."""
    other_locks: tuple[EffectOrder, ...] = ()
    """The same, with who approved each and since when."""
    spend: Spend | None = None
    """What models cost so far, all rounds and agents together; `cost_usd` null when one of them has no known price."""
