"""The calls that orchestrators may make: one line per activity and entity operation, with its retry policy.

Each is a step of an orchestration: run it with `yield from`. Answers are decoded in that step, so that one of another
release's shape raises `pydantic.ValidationError` where the orchestrator can catch it. What the casebook refuses raises
`Refused` there: no answer of an activity is trusted further than the record bears it out.

A policy here is part of every open case's history: raise its number of attempts freely, but lower it only
with a new INVESTIGATION_VERSION, because a replayed case must find the attempts that it has already made.
"""

from collections.abc import Generator
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from durabletask import task
from durabletask.entities import EntityInstanceId

from contracts import names
from contracts.assessment import RiskAssessment
from contracts.base import Contract
from contracts.converter import Undecoded
from contracts.effect import Effect
from contracts.investigation import (
    ActionOrder,
    ActionResult,
    AssessmentOrder,
    CaseBeginning,
    ChangedFacts,
    Closing,
    DecisionReading,
    DurableAgentState,
    FactCheck,
    FactReport,
    Feedback,
    Investigation,
    NotedFacts,
    PassedOn,
    PassingOn,
    Question,
    Reconciliation,
    Refusal,
    Remembrance,
    Reminder,
    ReportFiling,
    ReversalReconciliation,
    RoundStart,
    SpecialistOrder,
)
from contracts.report import SpecialistReport
from contracts.reversal import Reversal
from contracts.review import Decision, ReviewRequest


class Refused(Exception):
    """The casebook refused a step that nothing on record justifies; it has changed nothing."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.refused)
        self.reason = refusal.reason
        """The id of the casebook's error."""


Context = task.OrchestrationContext
T = TypeVar("T")
Model = TypeVar("Model", bound=Contract)
Steps: TypeAlias = Generator[task.Task[Any], Any, T]
"""A part of an orchestration that ends with a `T`; run it with `yield from`."""

READ_ONCE = 1_024
"""So many payloads are remembered with what was read in them: those of about 100 cases under way, some 20 MB."""

# A case must not fail because the casebook was down for a night: about a day of attempts, half an hour apart at the
# end. Not more of them, because each writes its input into the history, and a history has a size that it cannot pass.
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


def begin_case(ctx: Context, order: Investigation) -> Steps[CaseBeginning]:
    """Begin the case and its first round, or learn where to go on; what the orchestration needs to know of it."""
    return (yield from _answer(_record(ctx, names.BEGIN_CASE, order), CaseBeginning))


def begin_round(ctx: Context, start: RoundStart) -> Steps[None]:
    """Note that a round has begun. Raises Refused when nothing on record calls for it."""
    yield from _done(_record(ctx, names.BEGIN_ROUND, start))


def run_specialist(ctx: Context, order: SpecialistOrder) -> task.Task[Undecoded]:
    """Let one specialist investigate: a task, so that several can run at once. `decode` its result."""
    return ctx.call_activity(names.RUN_SPECIALIST, input=order, retry_policy=THINKING, return_type=Undecoded)


def record_report(ctx: Context, filing: ReportFiling) -> Steps[SpecialistReport]:
    """Note that a specialist failed for good. A report that it had saved all the same is returned instead."""
    return (yield from _answer(_record(ctx, names.RECORD_REPORT, filing), SpecialistReport))


def assess_risk(ctx: Context, order: AssessmentOrder) -> Steps[RiskAssessment]:
    """Let the aggregator judge the round, within the guard rails."""
    pending = ctx.call_activity(names.ASSESS_RISK, input=order, retry_policy=THINKING, return_type=Undecoded)
    return (yield from _answer(pending, RiskAssessment))


def assess_without_model(ctx: Context, order: AssessmentOrder) -> Steps[RiskAssessment]:
    """Apply the guard rails alone, after the aggregator failed for good: the case goes to a person."""
    return (yield from _answer(_record(ctx, names.ASSESS_WITHOUT_MODEL, order), RiskAssessment))


def ask_person(ctx: Context, question: Question) -> Steps[ReviewRequest]:
    """Ask a person; until when and on what terms that is."""
    return (yield from _answer(_record(ctx, names.ASK_PERSON, question), ReviewRequest))


def read_decision(ctx: Context, reading: DecisionReading) -> Steps[Decision | None]:
    """The decision on a review that is on record, whatever an event said; None when there is none."""
    return (yield from _answer_if_any(_record(ctx, names.READ_DECISION, reading), Decision))


def remind_review(ctx: Context, reminder: Reminder) -> Steps[None]:
    """Remind those who could decide."""
    yield ctx.call_activity(names.REMIND_REVIEW, input=reminder, retry_policy=REMINDING, return_type=Undecoded)


def escalate_to_manager(ctx: Context, passing: PassingOn) -> Steps[PassedOn]:
    """Pass the review to a manager, unless it has been decided. Raises Refused while there is time to answer."""
    return (yield from _answer(_record(ctx, names.ESCALATE_TO_MANAGER, passing), PassedOn))


def expire_review(ctx: Context, review: ReviewRequest) -> Steps[Decision | None]:
    """Stop asking, unless it has been decided: then that decision is the result."""
    return (yield from _answer_if_any(_record(ctx, names.EXPIRE_REVIEW, review), Decision))


def check_facts(ctx: Context, check: FactCheck) -> Steps[FactReport]:
    """Whether what was approved still holds."""
    pending = ctx.call_activity(names.CHECK_FACTS, input=check, retry_policy=ACTING, return_type=Undecoded)
    return (yield from _answer(pending, FactReport))


def note_changed_facts(ctx: Context, changed: ChangedFacts) -> Steps[NotedFacts]:
    """Leave on record why an approval is not carried out, as far as that is so."""
    return (yield from _answer(_record(ctx, names.NOTE_CHANGED_FACTS, changed), NotedFacts))


def execute_action(ctx: Context, order: ActionOrder) -> Steps[ActionResult]:
    """Carry out what was approved."""
    pending = ctx.call_activity(names.EXECUTE_ACTION, input=order, retry_policy=SENDING, return_type=Undecoded)
    return (yield from _answer(pending, ActionResult))


def reconcile_action(ctx: Context, reconciliation: Reconciliation) -> Steps[ActionResult]:
    """Find out what came of an action in doubt."""
    return (yield from _answer(_record(ctx, names.RECONCILE_ACTION, reconciliation), ActionResult))


def execute_reversal(ctx: Context, reversal: Reversal) -> Steps[Effect]:
    """Take an effect back."""
    pending = ctx.call_activity(names.EXECUTE_REVERSAL, input=reversal, retry_policy=SENDING, return_type=Undecoded)
    return (yield from _answer(pending, Effect))


def reconcile_reversal(ctx: Context, reconciliation: ReversalReconciliation) -> Steps[Effect]:
    """Find out what came of a reversal in doubt."""
    return (yield from _answer(_record(ctx, names.RECONCILE_REVERSAL, reconciliation), Effect))


def close_case(ctx: Context, closing: Closing) -> Steps[None]:
    """Close the case for good. Raises Refused when its record does not bear out the outcome."""
    yield from _done(_record(ctx, names.CLOSE_CASE, closing))


def memory_of(key: str) -> EntityInstanceId:
    """The agent memory of one case."""
    return EntityInstanceId(names.FRAUD_ANALYSIS_AGENT, key)


def remember_round(ctx: Context, key: str, remembrance: Remembrance) -> Steps[DurableAgentState]:
    """Keep a round's conclusion; the memory as it is then."""
    pending = ctx.call_entity(memory_of(key), names.REMEMBER_ROUND, remembrance, return_type=Undecoded)
    return (yield from _answer(pending, DurableAgentState))


def remember_feedback(ctx: Context, key: str, feedback: Feedback) -> Steps[DurableAgentState]:
    """Keep what a person answered to a round; the memory as it is then."""
    pending = ctx.call_entity(memory_of(key), names.REMEMBER_FEEDBACK, feedback, return_type=Undecoded)
    return (yield from _answer(pending, DurableAgentState))


def wait_for_decision(ctx: Context, round_number: int) -> task.CancellableTask[Undecoded]:
    """The next event of a round's review, whatever it carries."""
    return ctx.wait_for_external_event(names.analyst_decision(round_number), data_type=Undecoded)


def decode(payload: Undecoded | None, model: type[Model]) -> Model:
    """The contract in a payload, which is None when there was none. Raises pydantic.ValidationError, Refused."""
    _refuse(payload)
    return _read(payload or "null", model)


# Every turn replays all earlier ones and meets their answers again. Contracts are frozen: what a payload says, it says
# for good.
@lru_cache(maxsize=READ_ONCE)
def _read(payload: str, model: type[Model]) -> Model:
    return model.model_validate_json(payload)


def _record(ctx: Context, activity: str, order: Contract) -> task.Task[Undecoded]:
    return ctx.call_activity(activity, input=order, retry_policy=RECORDING, return_type=Undecoded)


def _refuse(payload: Undecoded | None) -> None:
    # A refusal may be the answer of any activity. Nothing else begins like one.
    if payload is not None and payload.startswith('{"refused":'):
        raise Refused(_read(payload, Refusal))


def _done(pending: task.Task[Undecoded]) -> Steps[None]:
    _refuse((yield pending))


def _answer(pending: task.Task[Undecoded], model: type[Model]) -> Steps[Model]:
    return decode((yield pending), model)


def _answer_if_any(pending: task.Task[Undecoded], model: type[Model]) -> Steps[Model | None]:
    payload: Undecoded | None = yield pending
    return None if payload is None or payload == "null" else decode(payload, model)
