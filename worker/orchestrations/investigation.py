"""The investigation of one case, from its alert to its outcome."""

import logging
from functools import partial

from durabletask import task

from contracts.case import CaseOutcome
from contracts.steps import AddedReason, Conclusion, Investigation, ResumePoint
from runtime.data_converter import RawPayload
from worker.domain.decisions import outcome_of_done
from worker.domain.failures import StepFailed
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.agent_memory import CaseMemory
from worker.orchestrations.case import CaseStatus, OpenCase
from worker.orchestrations.effects import close
from worker.orchestrations.fact_check import Ask, Settled, ask_until_settled, settle
from worker.orchestrations.recovery import answer_on_record, question_of
from worker.orchestrations.review import ReviewOutcome, Subject, ask_analyst, ask_manager, go_on_asking
from worker.orchestrations.rounds import assess_again, assess_round

log = logging.getLogger(__name__)


def investigation(ctx: task.OrchestrationContext, order: RawPayload) -> Orchestration[CaseOutcome]:
    """Investigate one case; `order` is an `Investigation`. Whatever goes wrong, the case does not stay open unseen.

    When it fails, the backend recovers the case for a person. The cause is in this worker's log: the scheduler
    gets an id only.
    """
    status = CaseStatus(ctx)
    try:
        return (yield from _investigate(ctx, status, activity_stubs.decode(order, Investigation)))
    except (task.NonDeterminismError, StepFailed):
        raise
    except Exception as fault:
        if not ctx.is_replaying:
            log.exception("The investigation failed: a person takes over.", extra={"case_id": ctx.instance_id})
        failed = StepFailed(activity_stubs.error_behind(fault), ctx.instance_id)
    raise failed


def _investigate(
    ctx: task.OrchestrationContext, status: CaseStatus, order: Investigation
) -> Orchestration[CaseOutcome]:
    """Investigate the case from its first round, or resume it where its record says."""
    known = yield from activity_stubs.start_case(ctx, order)
    if known.outcome is not None:
        status.show_closed(known.outcome)
        return known.outcome
    case = OpenCase(order.case_id, known.max_review_attempts, known.reconcile_hours, status)
    memory = CaseMemory(ctx, case)
    resume = known.resume
    course = _from_round(ctx, case, memory, 1) if resume is None else _from_record(ctx, case, memory, resume)
    while True:
        try:
            return (yield from course)
        except activity_stubs.AlertsJoined:
            # What was asked or concluded did not know of them; the next round does.
            course = _from_next_round(ctx, case, memory)
        except activity_stubs.CaseMerged:
            status.show_closed("merged")
            return "merged"


def _from_round(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, round_number: int
) -> Orchestration[CaseOutcome]:
    concluded = yield from assess_round(ctx, case, round_number, memory)
    return (yield from _from_conclusion(ctx, case, memory, concluded))


def _from_next_round(ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory) -> Orchestration[CaseOutcome]:
    """The round that investigates what has joined. When nothing has, by the record, people are asked about what was
    concluded.
    """
    try:
        concluded = yield from assess_round(ctx, case, case.status.round + 1, memory)
    except activity_stubs.Refused:
        concluded = yield from assess_again(ctx, case, case.status.round)
        settled = yield from _ask(ctx, case, memory, Subject(concluded), ask_analyst)
        return (yield from _to_the_end(ctx, case, memory, settled))
    return (yield from _from_conclusion(ctx, case, memory, concluded))


def _from_conclusion(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, concluded: Conclusion
) -> Orchestration[CaseOutcome]:
    came = yield from _clear_or_ask(ctx, case, memory, concluded)
    return came if isinstance(came, str) else (yield from _to_the_end(ctx, case, memory, came))


def _from_record(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, resume: ResumePoint
) -> Orchestration[CaseOutcome]:
    settled = yield from _resume(ctx, case, memory, resume)
    return (yield from _to_the_end(ctx, case, memory, settled))


def _to_the_end(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, settled: Settled
) -> Orchestration[CaseOutcome]:
    """Act on the answer; a rejection starts another round that knows all earlier ones."""
    while True:
        decision = settled.answer.decision
        try:
            if not _asks_for_more(settled.answer) or decision is None:
                return (yield from _conclude(ctx, case, settled))
            yield from memory.keep_feedback(settled.concluded.round, decision)
            if case.rejections + 1 >= case.max_review_attempts:
                return (yield from _leave_to_manager(ctx, case, memory, settled.concluded))
            concluded = yield from assess_round(ctx, case, settled.concluded.round + 1, memory)
        except activity_stubs.Refused:
            settled = yield from _go_on(ctx, case, memory, settled)
            continue
        case.rejections += 1
        came = yield from _clear_or_ask(ctx, case, memory, concluded)
        if isinstance(came, str):
            return came
        settled = came


def _clear_or_ask(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, concluded: Conclusion
) -> Orchestration[Settled | CaseOutcome]:
    """The outcome of a case that is cleared automatically, or the result of the question about its assessment."""
    added = memory.loss
    if concluded.route == "auto_clear" and not added:
        try:
            return (yield from close(ctx, case, concluded.round, "auto_cleared"))
        except activity_stubs.Refused as refusal:
            added = (AddedReason(why="not_closed", error=refusal.reason),)
    return (yield from _ask(ctx, case, memory, Subject(concluded, added), ask_analyst))


def _resume(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, resume: ResumePoint
) -> Orchestration[Settled]:
    """What comes of the question that a case whose orchestration failed has come to."""
    case.status.resume(resume.concluded.round)
    case.done.update(resume.done)
    case.rejections = resume.rejections
    yield from memory.keep_round(resume.concluded)
    answer = answer_on_record(ctx, case, resume)
    if answer is not None:
        return (yield from settle(ctx, case, memory, answer, has_begun=resume.is_acting))
    return (yield from _ask(ctx, case, memory, Subject(resume.concluded), question_of(case, resume)))


def _ask(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, subject: Subject, ask: Ask
) -> Orchestration[Settled]:
    try:
        return (yield from ask_until_settled(ctx, case, memory, subject, ask))
    except activity_stubs.Refused:
        # What came back as the assessment is not what was concluded. People are asked about what was.
        concluded = yield from assess_again(ctx, case, subject.concluded.round)
        case.status.rate(concluded.score)
        return (yield from ask_until_settled(ctx, case, memory, Subject(concluded), ask))


def _go_on(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, settled: Settled
) -> Orchestration[Settled]:
    """The record does not confirm what should follow from the decision: the question remains open as it was asked."""
    return (yield from settle(ctx, case, memory, (yield from go_on_asking(ctx, case, settled.answer))))


def _asks_for_more(answer: ReviewOutcome) -> bool:
    """Whether an analyst rejected; a manager's rejection ends the case."""
    return not answer.by_manager and answer.decision is not None and answer.decision.verdict == "reject"


def _leave_to_manager(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, concluded: Conclusion
) -> Orchestration[CaseOutcome]:
    # A round of its own, so that its decision is bound to another review, hash and event than the rejected one.
    last = Subject(concluded.model_copy(update={"round": concluded.round + 1}))
    ask = partial(ask_manager, reason="attempts_used_up")
    settled = yield from ask_until_settled(ctx, case, memory, last, ask)
    while True:
        try:
            return (yield from _conclude(ctx, case, settled))
        except activity_stubs.Refused:
            settled = yield from _go_on(ctx, case, memory, settled)


def _conclude(ctx: task.OrchestrationContext, case: OpenCase, settled: Settled) -> Orchestration[CaseOutcome]:
    """Close the case with the result of its last question. Raises Refused when that is not on record."""
    outcome = settled.outcome
    if outcome is None:
        # What an earlier approval did stays done, although nobody approves the rest.
        outcome = outcome_of_done(case.done) if case.done else "unresolved"
    return (yield from close(ctx, case, settled.concluded.round, outcome))
