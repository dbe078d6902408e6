"""The calls that orchestrators may make: one line per activity and entity operation, with its retry policy.

A policy here is part of every open case's history: raise its number of attempts freely, but lower it only
with a new INVESTIGATION_VERSION, because a replayed case must find the attempts that it has already made.
"""

from datetime import timedelta

from durabletask import task
from durabletask.entities import EntityInstanceId

from contracts import names
from contracts.assessment import RiskAssessment
from contracts.investigation import (
    ActionOrder,
    ActionResult,
    AssessmentTask,
    Closing,
    DurableAgentState,
    Escalation,
    Feedback,
    Investigation,
    InvestigationPolicy,
    Remembrance,
    ReportFiling,
    ReviewOpening,
    RoundStart,
    SpecialistTask,
)
from contracts.report import SpecialistReport
from contracts.review import Decision, ReviewRequest

Context = task.OrchestrationContext

# A case must not fail because the casebook was down for a night: about a day of attempts, half an hour apart at the
# end. Not more of them, because each writes its input into the history, and a history has a size that it cannot pass.
RECORDING = task.RetryPolicy(
    first_retry_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    max_retry_interval=timedelta(minutes=30),
    max_number_of_attempts=60,
)
# Each attempt may cost money, and a person can take over: 3 s, 9 s, 27 s, then unavailable.
THINKING = task.RetryPolicy(
    first_retry_interval=timedelta(seconds=3),
    backoff_coefficient=3,
    max_retry_interval=timedelta(minutes=1),
    max_number_of_attempts=4,
)
# An approved action should happen: about 13 minutes of attempts, 2 s apart at first, 5 minutes at the end.
ACTING = task.RetryPolicy(
    first_retry_interval=timedelta(seconds=2),
    backoff_coefficient=2,
    max_retry_interval=timedelta(minutes=5),
    max_number_of_attempts=10,
)


def begin_investigation(ctx: Context, order: Investigation) -> task.Task[InvestigationPolicy]:
    """The limits that this case is judged by from now on."""
    return ctx.call_activity(
        names.BEGIN_INVESTIGATION, input=order, retry_policy=RECORDING, return_type=InvestigationPolicy
    )


def begin_round(ctx: Context, start: RoundStart) -> task.Task[None]:
    """Note that a round has begun."""
    return ctx.call_activity(names.BEGIN_ROUND, input=start, retry_policy=RECORDING)


def run_specialist(ctx: Context, order: SpecialistTask) -> task.Task[SpecialistReport]:
    """Let one specialist investigate."""
    return ctx.call_activity(names.RUN_SPECIALIST, input=order, retry_policy=THINKING, return_type=SpecialistReport)


def record_report(ctx: Context, filing: ReportFiling) -> task.Task[SpecialistReport]:
    """Note that a specialist failed for good. A report that it had saved all the same is returned instead."""
    return ctx.call_activity(names.RECORD_REPORT, input=filing, retry_policy=RECORDING, return_type=SpecialistReport)


def assess_risk(ctx: Context, order: AssessmentTask) -> task.Task[RiskAssessment]:
    """Let the aggregator judge the round, within the guard rails."""
    return ctx.call_activity(names.ASSESS_RISK, input=order, retry_policy=THINKING, return_type=RiskAssessment)


def assess_without_model(ctx: Context, order: AssessmentTask) -> task.Task[RiskAssessment]:
    """Apply the guard rails alone, after the aggregator failed for good: the case goes to a person."""
    return ctx.call_activity(
        names.ASSESS_WITHOUT_MODEL, input=order, retry_policy=RECORDING, return_type=RiskAssessment
    )


def open_review(ctx: Context, opening: ReviewOpening) -> task.Task[None]:
    """Ask a person."""
    return ctx.call_activity(names.OPEN_REVIEW, input=opening, retry_policy=RECORDING)


def escalate_review(ctx: Context, escalation: Escalation) -> task.Task[Decision | None]:
    """Pass the review to a manager, unless it has been decided: then that decision is the result."""
    return ctx.call_activity(names.ESCALATE_REVIEW, input=escalation, retry_policy=RECORDING, return_type=Decision)


def expire_review(ctx: Context, review: ReviewRequest) -> task.Task[Decision | None]:
    """Stop asking, unless it has been decided: then that decision is the result."""
    return ctx.call_activity(names.EXPIRE_REVIEW, input=review, retry_policy=RECORDING, return_type=Decision)


def execute_action(ctx: Context, order: ActionOrder) -> task.Task[ActionResult]:
    """Carry out what was approved."""
    return ctx.call_activity(names.EXECUTE_ACTION, input=order, retry_policy=ACTING, return_type=ActionResult)


def give_up_action(ctx: Context, order: ActionOrder) -> task.Task[ActionResult]:
    """Note that nobody knows what came of the action."""
    return ctx.call_activity(names.GIVE_UP_ACTION, input=order, retry_policy=RECORDING, return_type=ActionResult)


def close_case(ctx: Context, closing: Closing) -> task.Task[None]:
    """Close the case for good."""
    return ctx.call_activity(names.CLOSE_CASE, input=closing, retry_policy=RECORDING)


def memory_of(case_id: str) -> EntityInstanceId:
    """The agent memory of one case."""
    return EntityInstanceId(names.FRAUD_ANALYSIS_AGENT, case_id)


def remember_round(ctx: Context, case_id: str, remembrance: Remembrance) -> task.Task[DurableAgentState]:
    """Keep a round's conclusion; the memory as it is then."""
    return ctx.call_entity(memory_of(case_id), names.REMEMBER_ROUND, remembrance, return_type=DurableAgentState)


def remember_feedback(ctx: Context, case_id: str, feedback: Feedback) -> task.Task[DurableAgentState]:
    """Keep what a person answered to a round; the memory as it is then."""
    return ctx.call_entity(memory_of(case_id), names.REMEMBER_FEEDBACK, feedback, return_type=DurableAgentState)
