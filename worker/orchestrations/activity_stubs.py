"""The calls of orchestrations: one line per activity and entity operation, with its retry policy.

Each is a step of an orchestration: run it with `yield from`. Results are validated in that step, so that one from
another release raises `pydantic.ValidationError` where the orchestrator can catch it. A refusal of the casebook raises
`Refused` there: a result of an activity counts only as far as the record confirms it.

A policy here is part of every open case's history: raise its number of attempts freely, but lower it only
with a new INVESTIGATION_VERSION, because a replayed case must find the attempts that it has already made.
"""

from collections.abc import Generator, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from durabletask import task
from durabletask.entities import EntityInstanceId

from contracts import names
from contracts.base import Contract
from contracts.review import ReviewRequest
from contracts.steps import (
    ActionOutcome,
    CaseStart,
    ChatTurnOrder,
    CheckFactsInput,
    CloseCaseInput,
    Conclusion,
    CountResetOrder,
    CountResetResult,
    DraftReplyInput,
    DraftResult,
    ErrorId,
    EscalatedReview,
    EscalateInput,
    ExecuteActionInput,
    FactsChecked,
    FailedSpecialistInput,
    Investigation,
    MemoryKept,
    ReadDecisionInput,
    ReconcileActionInput,
    ReconcileReversalInput,
    Refusal,
    RememberFeedbackInput,
    RememberRoundInput,
    Reminder,
    ReminderOrder,
    ReminderResult,
    ReportReference,
    ReversalOrder,
    ReversalOutcome,
    ReviewInput,
    ReviewQuestion,
    RoundInput,
    SpecialistInput,
    TakenDecision,
    TurnResult,
    TurnRoundInput,
)
from runtime.data_converter import RawPayload
from worker.domain.failures import error_of, id_of


class Refused(Exception):
    """The casebook refused a step that nothing on record justifies; it has changed nothing."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.refused)
        self.reason = refusal.refused
        """The id of the casebook's error."""


class AlertsJoined(Exception):
    """Alerts joined the case that nobody has investigated: the next round does, whatever was to come now."""


class ConversationMoved(Exception):
    """The customer wrote again: the next draft comes first, whatever was to come now."""


class CaseMerged(Exception):
    """The case has become a part of another one: there is nothing more to do."""


_NEWS: Mapping[ErrorId, type[Exception]] = {
    names.ALERTS_JOINED: AlertsJoined,
    names.CASE_MERGED: CaseMerged,
    names.CONVERSATION_MOVED: ConversationMoved,
}
"""What a step answers that is no refusal."""

Context = task.OrchestrationContext
T = TypeVar("T")
Model = TypeVar("Model", bound=Contract)
Orchestration: TypeAlias = Generator[task.Task[Any], Any, T]
"""A part of an orchestration that ends with a `T`; run it with `yield from`."""

READ_ONCE = 1_024
"""How many parsed payloads are cached: those of about 100 cases in progress, some 20 MB."""

# A case must not fail because the casebook was down for a night: about a day of attempts, half an hour apart at the
# end. Not more of them, because each writes its input into the history.
RECORDING = task.RetryPolicy(
    first_retry_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    max_retry_interval=timedelta(minutes=30),
    max_number_of_attempts=60,
)
# The agents ask an unwilling model or tool again by themselves and then say so; these attempts are for what else can
# fail, such as the casebook. What a failed attempt had paid for is in the journal. 3 s, 9 s, 27 s, then unavailable.
THINKING = task.RetryPolicy(
    first_retry_interval=timedelta(seconds=3),
    backoff_coefficient=3,
    max_retry_interval=timedelta(minutes=1),
    max_number_of_attempts=4,
)
# An approved action should happen: a check of its facts takes about 13 minutes of attempts, 2 s apart at first and
# 5 minutes at the end.
ACTING = task.RetryPolicy(
    first_retry_interval=timedelta(seconds=2),
    backoff_coefficient=2,
    max_retry_interval=timedelta(minutes=5),
    max_number_of_attempts=10,
)
# What can be reconciled is tried for half a minute; then the case shows the doubt, and looks into the ledger.
SENDING = task.RetryPolicy(
    first_retry_interval=timedelta(seconds=2),
    backoff_coefficient=2,
    max_retry_interval=timedelta(minutes=5),
    max_number_of_attempts=5,
)
# A reminder that cannot be noted is left out: a case never waits for it.
REMINDING = task.RetryPolicy(
    first_retry_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    max_retry_interval=timedelta(seconds=10),
    max_number_of_attempts=4,
)


def start_case(ctx: Context, order: Investigation) -> Orchestration[CaseStart]:
    """Start the case and its first round, or get where to resume; returns what the orchestration needs of it."""
    return (yield from _answer(_record(ctx, names.START_CASE, order), CaseStart))


def start_round(ctx: Context, start: RoundInput) -> Orchestration[None]:
    """Note that a round has begun. Raises Refused when nothing on record calls for it."""
    yield from _done(_record(ctx, names.START_ROUND, start))


def run_specialist(ctx: Context, order: SpecialistInput) -> task.Task[RawPayload]:
    """Let one specialist investigate: a task, so that several can run at once. `decode` its result."""
    return ctx.call_activity(names.RUN_SPECIALIST, input=order, retry_policy=THINKING, return_type=RawPayload)


def record_report(ctx: Context, failed: FailedSpecialistInput) -> Orchestration[ReportReference]:
    """Note that a specialist failed for good. A report that it had saved all the same is returned instead."""
    return (yield from _answer(_record(ctx, names.RECORD_REPORT, failed), ReportReference))


def assess_risk(ctx: Context, order: RoundInput) -> Orchestration[Conclusion]:
    """Let the aggregator assess the round, within the guard rails."""
    pending = ctx.call_activity(names.ASSESS_RISK, input=order, retry_policy=THINKING, return_type=RawPayload)
    return (yield from _answer(pending, Conclusion))


def assess_without_model(ctx: Context, order: RoundInput) -> Orchestration[Conclusion]:
    """Apply the guard rails alone, after the aggregator failed for good: the case goes to a person."""
    return (yield from _answer(_record(ctx, names.ASSESS_WITHOUT_MODEL, order), Conclusion))


def ask_person(ctx: Context, question: ReviewQuestion) -> Orchestration[ReviewRequest]:
    """Ask a person; until when and on what terms that is."""
    return (yield from _answer(_record(ctx, names.ASK_PERSON, question), ReviewRequest))


def read_decision(ctx: Context, reading: ReadDecisionInput) -> Orchestration[TakenDecision | None]:
    """The decision on a review that is on record, whatever an event said; None when there is none."""
    return (yield from _answer_if_any(_record(ctx, names.READ_DECISION, reading), TakenDecision))


def remind_review(ctx: Context, reminder: Reminder) -> Orchestration[None]:
    """Remind those who could decide."""
    yield ctx.call_activity(names.REMIND_REVIEW, input=reminder, retry_policy=REMINDING, return_type=RawPayload)


def escalate_to_manager(ctx: Context, order: EscalateInput) -> Orchestration[EscalatedReview]:
    """Pass the review to a manager, unless it has been decided. Raises Refused while there is time to answer."""
    return (yield from _answer(_record(ctx, names.ESCALATE_TO_MANAGER, order), EscalatedReview))


def expire_review(ctx: Context, review: ReviewInput) -> Orchestration[TakenDecision | None]:
    """Stop asking, unless it has been decided: then that decision is the result."""
    return (yield from _answer_if_any(_record(ctx, names.EXPIRE_REVIEW, review), TakenDecision))


def check_facts(ctx: Context, check: CheckFactsInput) -> Orchestration[FactsChecked]:
    """Whether what was approved still holds."""
    pending = ctx.call_activity(names.CHECK_FACTS, input=check, retry_policy=ACTING, return_type=RawPayload)
    return (yield from _answer(pending, FactsChecked))


def note_changed_facts(ctx: Context, approved: RoundInput) -> Orchestration[FactsChecked]:
    """Leave on record why the approval of a round is not carried out, as far as that is so."""
    return (yield from _answer(_record(ctx, names.NOTE_CHANGED_FACTS, approved), FactsChecked))


def execute_action(ctx: Context, order: ExecuteActionInput) -> Orchestration[ActionOutcome]:
    """Carry out what was approved."""
    pending = ctx.call_activity(names.EXECUTE_ACTION, input=order, retry_policy=SENDING, return_type=RawPayload)
    return (yield from _answer(pending, ActionOutcome))


def reconcile_action(ctx: Context, order: ReconcileActionInput) -> Orchestration[ActionOutcome]:
    """Find out the result of an action in doubt."""
    return (yield from _answer(_record(ctx, names.RECONCILE_ACTION, order), ActionOutcome))


def execute_reversal(ctx: Context, order: ReversalOrder) -> Orchestration[ReversalOutcome]:
    """Reverse an effect."""
    pending = ctx.call_activity(names.EXECUTE_REVERSAL, input=order, retry_policy=SENDING, return_type=RawPayload)
    return (yield from _answer(pending, ReversalOutcome))


def reconcile_reversal(ctx: Context, order: ReconcileReversalInput) -> Orchestration[ReversalOutcome]:
    """Find out the result of a reversal in doubt."""
    return (yield from _answer(_record(ctx, names.RECONCILE_REVERSAL, order), ReversalOutcome))


def close_case(ctx: Context, closing: CloseCaseInput) -> Orchestration[None]:
    """Close the case. Raises Refused when its record does not justify the outcome."""
    yield from _done(_record(ctx, names.CLOSE_CASE, closing))


def draft_reply(ctx: Context, order: DraftReplyInput) -> Orchestration[DraftResult]:
    """Draft a reply, within the agents' limits; or how the turn has ended already."""
    pending = ctx.call_activity(names.DRAFT_REPLY, input=order, retry_policy=THINKING, return_type=RawPayload)
    return (yield from _answer(pending, DraftResult))


def send_reply(ctx: Context, order: TurnRoundInput) -> Orchestration[TurnResult]:
    """Send what was drafted in a round. Raises Refused when a person must look at it first."""
    return (yield from _answer(_record(ctx, names.SEND_REPLY, order), TurnResult))


def follow_decision(ctx: Context, order: TurnRoundInput) -> Orchestration[TurnResult]:
    """Do what a person decided about a draft. Raises ConversationMoved, and Refused for what is not on record."""
    return (yield from _answer(_record(ctx, names.FOLLOW_DECISION, order), TurnResult))


def give_up_turn(ctx: Context, order: ChatTurnOrder) -> Orchestration[TurnResult]:
    """End a turn for which no reply could be written."""
    return (yield from _answer(_record(ctx, names.GIVE_UP_TURN, order), TurnResult))


def tell_overdue(ctx: Context, order: ReminderOrder) -> Orchestration[ReminderResult]:
    """Have it told that a task is overdue, if its time has come; or until when to wait."""
    return (yield from _answer(_record(ctx, names.TELL_OVERDUE, order), ReminderResult))


def reset_counts(ctx: Context, order: CountResetOrder) -> Orchestration[CountResetResult]:
    """Have message counts reset, if that is due."""
    return (yield from _answer(_record(ctx, names.RESET_COUNTS, order), CountResetResult))


def memory_of(key: str) -> EntityInstanceId:
    """The agent memory of one case."""
    return EntityInstanceId(names.FRAUD_ANALYSIS_AGENT, key)


def remember_round(ctx: Context, key: str, kept: RememberRoundInput) -> Orchestration[MemoryKept]:
    """Keep the assessment of a round."""
    pending = ctx.call_entity(memory_of(key), names.REMEMBER_ROUND, kept, return_type=RawPayload)
    return (yield from _answer(pending, MemoryKept))


def remember_feedback(ctx: Context, key: str, feedback: RememberFeedbackInput) -> Orchestration[MemoryKept]:
    """Keep in which review a person said something to a round."""
    pending = ctx.call_entity(memory_of(key), names.REMEMBER_FEEDBACK, feedback, return_type=RawPayload)
    return (yield from _answer(pending, MemoryKept))


def wait_for_decision(ctx: Context, round_number: int) -> task.CancellableTask[RawPayload]:
    """The next event of a round's review, whatever it carries."""
    return ctx.wait_for_external_event(names.analyst_decision(round_number), data_type=RawPayload)


def decode(payload: RawPayload | None, model: type[Model]) -> Model:
    """The contract in a payload, which is None when there was none. Raises pydantic.ValidationError, Refused."""
    _refuse(payload)
    return _read(payload or "null", model)


def error_behind(fault: Exception) -> ErrorId:
    """The id of what an orchestration failed on: of the step that failed for good, or of the error itself."""
    if isinstance(fault, task.TaskFailedError):
        details = fault.details.inner_failure or fault.details
        return error_of(details.error_type, details.message)
    return id_of(fault)


# Every turn replays all earlier ones and meets their answers again. Contracts are frozen: what a payload says, it says
# for good.
@lru_cache(maxsize=READ_ONCE)
def _read(payload: str, model: type[Model]) -> Model:
    return model.model_validate_json(payload)


def _record(ctx: Context, activity: str, order: Contract) -> task.Task[RawPayload]:
    return ctx.call_activity(activity, input=order, retry_policy=RECORDING, return_type=RawPayload)


def _refuse(payload: RawPayload | None) -> None:
    # A refusal may be the answer of any activity. Nothing else begins like one.
    if payload is not None and payload.startswith('{"refused":'):
        refusal = _read(payload, Refusal)
        raise _NEWS[refusal.refused] if refusal.refused in _NEWS else Refused(refusal)


def _done(pending: task.Task[RawPayload]) -> Orchestration[None]:
    _refuse((yield pending))


def _answer(pending: task.Task[RawPayload], model: type[Model]) -> Orchestration[Model]:
    return decode((yield pending), model)


def _answer_if_any(pending: task.Task[RawPayload], model: type[Model]) -> Orchestration[Model | None]:
    payload: RawPayload | None = yield pending
    return None if payload is None or payload == "null" else decode(payload, model)
