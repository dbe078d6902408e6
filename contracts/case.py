"""The case as people see it: its state, its progress and its record."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.actions import Disposition, ReversalAction
from contracts.alert import AlertSource, AlertType
from contracts.assessment import RiskLevel
from contracts.assignment import Assignment
from contracts.base import Contract, FiniteJson, Score, UtcDateTime, added_later
from contracts.claim import Claim
from contracts.hold import Hold
from contracts.ids import AlertId, CaseId, Hash, ReviewId
from contracts.kinds import Action, CaseKind, CaseOutcome
from contracts.legal_hold import LegalHold
from contracts.names import CaseEventType
from contracts.refunds import ChosenRefunds
from contracts.report import Specialist, Spend
from contracts.review import Approval, Decision, ReviewRequest
from contracts.severity import Severity
from contracts.snooze import Snooze

CaseState = Literal["investigating", "awaiting_review", "escalated", "acting", "closed"]
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
    action: Action
    approvals: tuple[Approval, ...]
    disposition: Disposition | None = None
    refunds: ChosenRefunds | None = added_later()
    """The refunds that were chosen: the second person approves the same."""


class CaseSummary(Contract):
    """One row of the case list."""

    case_id: CaseId
    kind: CaseKind
    alert_id: AlertId | None = None
    """Of the alert that opened it; null for a kind that has no alerts, like what follows from one."""
    customer_id: int | None = None
    """Null when it is about nobody who is known as a customer."""
    alert_type: AlertType | None = None
    severity: Severity
    description: str
    """What it is about, in one line."""
    source: AlertSource | None = None
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
    recommended_action: Action | None = None
    review: ReviewRequest | None = None
    """The open question, or null when nobody is being asked."""
    claim: Claim | None = None
    """Who works on it; null when nobody does or the lease has run out."""
    assignment: Assignment | None = None
    """Whose it is; null while it is in the pool, and when it is closed."""
    snooze: Snooze | None = None
    """Until when it is left out of the queue; null when it is not, or when that time is over."""
    legal_hold: LegalHold | None = None
    """Why nothing of it is purged or erased; null when that may be."""
    proposal: Proposal | None = None
    hold: Hold | None = None
    """What was decided and can still be taken back; null when nothing can."""
    disposition: Disposition | None = None
    """Of the last decision."""
    reversed: tuple[ReversalAction, ...] = ()
    """What was reversed of its effects: `outcome` says what was done, and stays so."""
    alert_count: int = 1
    """How many alerts it has; 0 for a kind that has none."""

    @property
    def recommendation(self) -> Action | None:
        """What is recommended; nothing where there is no score."""
        return None if self.risk_score is None else self.recommended_action


class RoundResult(Contract):
    """What a round came to, and a person is asked about."""

    round: Annotated[int, Field(ge=1)]


class Round(Contract):
    """One round of a case: what a person was asked in it, and what they said. Each kind adds what it was about."""

    round: int
    review: ReviewRequest | None = None
    decision: Decision | None = None


class CaseView(Contract):
    """What the page of every case shows, of whatever kind; each kind adds its own. `review` is of the current round."""

    case_id: CaseId
    state: CaseState
    round: int
    progress: CaseProgress
    review: ReviewRequest | None
    """The open question, or null when nobody is being asked."""
    decisions: tuple[Decision, ...]
    outcome: CaseOutcome | None
    opened_at: UtcDateTime
    updated_at: UtcDateTime
    last_seq: int
    opened_by: str | None = None
    """The person who opened it by hand; null when a rule or an orchestration did."""
    claim: Claim | None = None
    assignment: Assignment | None = None
    """Whose it is; null while it is in the pool, and when it is closed."""
    snooze: Snooze | None = None
    """Until when it is left out of the queue; null when it is not, or when that time is over."""
    legal_hold: LegalHold | None = None
    """Why nothing of it is purged or erased; null when that may be."""
    proposal: Proposal | None = None
    hold: Hold | None = None
    """What was decided and can still be taken back; null when nothing can."""
    spend: Spend | None = None
    """What models cost so far, all rounds and agents together; `cost_usd` null when one of them has no known price."""
