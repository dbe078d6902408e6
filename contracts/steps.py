"""What passes through the scheduler: inputs and results of an investigation's steps, its events, its memory's state.

Ids, hashes, decisions and scores only. Texts of people, models and tools are in the casebook, and so are the customer's
records: a step reads them there by id. A test checks every model here and every recorded history.
"""

from typing import Annotated, Literal

from pydantic import Field

from contracts.actions import EffectAction, RecommendedAction
from contracts.assessment import Route
from contracts.base import Contract, Score, UtcDateTime
from contracts.case import CaseOutcome
from contracts.chat import TurnId, TurnState
from contracts.effect import EffectStatus
from contracts.ids import CaseId, EffectKey, Hash, ReversalId, ReviewId
from contracts.report import ReportStatus, Specialist
from contracts.review import ReviewRequest, Role, Verdict
from contracts.schedules import Day
from contracts.tasks import TaskId, TaskRevision

RoundNumber = Annotated[int, Field(ge=1)]
ErrorId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,63}$")]
"""What went wrong, as an id: `casebook-unavailable`. The sentence is in the worker's log."""


class Investigation(Contract):
    """Input of the orchestration: all else is on record."""

    case_id: CaseId


class Refusal(Contract):
    """The answer of any step that nothing on record justifies. Nothing has changed."""

    refused: ErrorId
    """The id of the casebook's error; its sentence is in the log of refused transitions."""


class Conclusion(Contract):
    """What was concluded in a round: the assessment by its hash, and what the course of the case hangs on."""

    round: RoundNumber
    assessment_hash: Hash
    score: Score | None
    route: Route


class TakenDecision(Contract):
    """What was decided on a review, without who decided and why."""

    review_id: ReviewId
    verdict: Verdict
    action: RecommendedAction | None


class ResumePoint(Contract):
    """Where an orchestration resumes a case whose earlier one failed: with the question of its current round."""

    concluded: Conclusion
    """What is asked about, or was decided on."""
    role: Role
    """Whom it is put to."""
    review: ReviewRequest | None = None
    """The question as it was put; null when nobody was asked yet."""
    decision: TakenDecision | None = None
    """The answer, where it was given already."""
    is_expired: bool = False
    """Nobody answered before the last deadline."""
    is_acting: bool = False
    """What was approved has begun: it is not checked again, only carried on."""
    done: tuple[EffectAction, ...] = ()
    """What was done in the customer's account, by whichever round's approval."""
    rejections: Annotated[int, Field(ge=0)] = 0
    """How many assessments were rejected so far."""


class CaseStart(Contract):
    """What an orchestration needs to know of its case; all else is read from the record where it is needed."""

    max_review_attempts: Annotated[int, Field(ge=1)]
    reconcile_hours: Annotated[float, Field(gt=0)] | None
    """How long an effect of which nobody knows is looked up."""
    resume: ResumePoint | None = None
    """Where to resume when an earlier orchestration of the case failed; null: from the first round."""
    outcome: CaseOutcome | None = None
    """The case is closed: there is nothing to do."""


class RoundInput(Contract):
    """Input of `start_round`, `assess_risk`, `assess_without_model` and `note_changed_facts`."""

    case_id: CaseId
    round: RoundNumber


class SpecialistInput(Contract):
    """Input of `run_specialist`."""

    case_id: CaseId
    round: RoundNumber
    specialist: Specialist


class FailedSpecialistInput(Contract):
    """Input of `record_report`: every attempt of the specialist failed."""

    case_id: CaseId
    round: RoundNumber
    specialist: Specialist
    error: ErrorId


class ReportReference(Contract):
    """A report that is on record."""

    specialist: Specialist
    status: ReportStatus
    risk_score: Score | None
    report_hash: Hash


class AddedReason(Contract):
    """Why a person must look, although the guard rails of the round did not say so."""

    why: Literal["memory_lost", "not_closed"]
    error: ErrorId


EscalationReason = Literal["attempts_used_up", "failed_again", "no_attempts_left", "facts_changed", "not_decided"]
"""Why a manager is asked."""


class ReviewQuestion(Contract):
    """Input of `ask_person`: who is asked, when, and about which round's conclusion."""

    case_id: CaseId
    round: RoundNumber
    required_role: Role
    asked_at: UtcDateTime
    escalation: EscalationReason | None = None
    added: tuple[AddedReason, ...] = ()


class EscalateInput(Contract):
    """Input of `escalate_to_manager`: nobody decided in time."""

    case_id: CaseId
    round: RoundNumber
    asked_at: UtcDateTime


class EscalatedReview(Contract):
    """The result: the question as the manager is asked it, or an earlier decision that remains valid."""

    review: ReviewRequest | None = None
    decision: TakenDecision | None = None


class ReadDecisionInput(Contract):
    """Input of `read_decision`: a review, and how many events announced a decision on it."""

    case_id: CaseId
    review_id: ReviewId
    announced: Annotated[int, Field(ge=0)] = 1


class ReviewInput(Contract):
    """Input of `expire_review`."""

    case_id: CaseId
    review_id: ReviewId


class Reminder(Contract):
    """Input of `remind_review`."""

    case_id: CaseId
    review_id: ReviewId
    at: UtcDateTime


class CheckFactsInput(Contract):
    """Input of `check_facts`: does what the approval of this review relied on still hold?"""

    case_id: CaseId
    review_id: ReviewId
    after_refusal: bool = False
    """The store has refused a part of it: was that because the facts changed?"""


class FactsChecked(Contract):
    """Whether something has changed. What it is, is on record once it is noted."""

    has_changed: bool


class ExecuteActionInput(Contract):
    """Carry out what was approved on this review. Idempotent by effect key."""

    case_id: CaseId
    review_id: ReviewId
    action: RecommendedAction


class EffectOutcome(Contract):
    """The result of one effect."""

    action: EffectAction
    status: EffectStatus


class ActionOutcome(Contract):
    """The result of an action, effect by effect."""

    effects: tuple[EffectOutcome, ...]


class ReconcileActionInput(Contract):
    """Find out the result of an action in doubt. `last`: nobody will look again."""

    order: ExecuteActionInput
    last: bool = False


class ReversalOrder(Contract):
    """Input of the reversal's orchestration: reverse what `undoes` names, as the request on record says."""

    case_id: CaseId
    reversal_id: ReversalId
    undoes: EffectKey


class ReconcileReversalInput(Contract):
    """Find out the result of a reversal in doubt. `last`: nobody will look again."""

    order: ReversalOrder
    last: bool = False


class ReversalOutcome(Contract):
    """The result of a reversal's effect."""

    status: EffectStatus


class CloseCaseInput(Contract):
    """Close a case for good."""

    case_id: CaseId
    round: RoundNumber
    outcome: CaseOutcome


class RememberRoundInput(Contract):
    """Input of `remember_round`: the assessment of a round."""

    round: RoundNumber
    assessment_hash: Hash


class RememberFeedbackInput(Contract):
    """Input of `remember_feedback`: the review in which a person said something to a round."""

    round: RoundNumber
    review_id: ReviewId


class RoundInMemory(Contract):
    """One round that is remembered; its text is read from the casebook by the step that needs it."""

    round: RoundNumber
    assessment_hash: Hash
    feedback: ReviewId | None = None


class DurableAgentState(Contract):
    """State of the `FraudAnalysisAgent` entity: the conversation of one case, across rounds, restarts and releases."""

    version: Annotated[int, Field(ge=1)] = 1
    rounds: tuple[RoundInMemory, ...] = ()


class MemoryKept(Contract):
    """The answer of the memory: how many rounds it has."""

    rounds: Annotated[int, Field(ge=0)]


class ChatTurnOrder(Contract):
    """Input of the orchestration of a turn: all else is on record."""

    turn_id: TurnId


class DraftReplyInput(Contract):
    """Input of `draft_reply`: a draft is wanted that is later than round `after`."""

    turn_id: TurnId
    after: Annotated[int, Field(ge=0)] = 0


class DraftedReply(Contract):
    """A draft that is on record."""

    round: RoundNumber
    draft_hash: Hash
    """Of what a person is asked about."""
    is_flagged: bool
    """A person must look at it before it may be sent."""


class TurnRoundInput(Contract):
    """Input of `send_reply` and `follow_decision`."""

    turn_id: TurnId
    round: RoundNumber


class TurnResult(Contract):
    """How a turn has ended."""

    state: TurnState


class DraftResult(Contract):
    """The result of `draft_reply`: the draft, or how the turn had ended before."""

    drafted: DraftedReply | None = None
    ended: TurnState | None = None


class ReminderOrder(Contract):
    """Input of the orchestration of a reminder, and of `tell_overdue`: all else is on record."""

    task_id: TaskId
    revision: TaskRevision


class ReminderResult(Contract):
    """Until when to wait; null: there is nothing left to do. `told`: that the task is overdue."""

    wait_until: UtcDateTime | None = None
    told: bool = False


class CountResetOrder(Contract):
    """Input of `reset_counts`: which day has begun."""

    day: Day


class CountResetResult(Contract):
    """Whether message counts were reset; not where it was done before, or where the schedule is paused."""

    done: bool
