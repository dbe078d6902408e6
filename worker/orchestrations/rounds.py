"""One round: three specialists in parallel, then the assessment, then the memory of both."""

from collections.abc import Mapping

from durabletask import task

from contracts.report import SPECIALISTS, Specialist
from contracts.steps import Conclusion, FailedSpecialistInput, ReportReference, RoundInput, SpecialistInput
from runtime.data_converter import RawPayload
from worker.domain.failures import error_of
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.agent_memory import CaseMemory
from worker.orchestrations.case import OpenCase


def assess_round(
    ctx: task.OrchestrationContext, case: OpenCase, round_number: int, memory: CaseMemory
) -> Orchestration[Conclusion]:
    """Investigate and assess once more, with the findings of and the feedback to earlier rounds."""
    this_round = RoundInput(case_id=case.case_id, round=round_number)
    if round_number > 1:
        yield from activity_stubs.start_round(ctx, this_round)
    case.status.start_round(round_number)
    yield from _hear_specialists(ctx, case, round_number)
    case.status.transition("assessing")
    concluded = yield from _assess(ctx, this_round)
    case.status.rate(concluded.score)
    yield from memory.keep_round(concluded)
    return concluded


def assess_again(ctx: task.OrchestrationContext, case: OpenCase, round_number: int) -> Orchestration[Conclusion]:
    """What is on record of a round whose own conclusion is not: else what the guard rails say of its reports."""
    return (yield from activity_stubs.assess_without_model(ctx, RoundInput(case_id=case.case_id, round=round_number)))


def _hear_specialists(ctx: task.OrchestrationContext, case: OpenCase, round_number: int) -> Orchestration[None]:
    running: dict[Specialist, task.Task[RawPayload]] = {
        specialist: activity_stubs.run_specialist(
            ctx, SpecialistInput(case_id=case.case_id, round=round_number, specialist=specialist)
        )
        for specialist in SPECIALISTS
    }
    reports: dict[Specialist, ReportReference] = {}
    while len(reports) < len(running):
        waiting = [answer for specialist, answer in running.items() if specialist not in reports]
        yield task.when_any(waiting)
        # Several can have finished in one turn; each shows as soon as it is known.
        for specialist in _finished(running, reports):
            report = yield from _report_of(ctx, case, round_number, specialist, running[specialist])
            reports[specialist] = report
            case.status.finish_specialist(specialist, report.status)


def _finished(
    running: Mapping[Specialist, task.Task[RawPayload]], reports: Mapping[Specialist, ReportReference]
) -> list[Specialist]:
    return [specialist for specialist, answer in running.items() if answer.is_complete and specialist not in reports]


def _report_of(
    ctx: task.OrchestrationContext,
    case: OpenCase,
    round_number: int,
    specialist: Specialist,
    answer: task.Task[RawPayload],
) -> Orchestration[ReportReference]:
    """The specialist's report; after its last attempt has failed, one that says so."""
    if not answer.is_failed:
        return activity_stubs.decode(answer.get_result(), ReportReference)
    failure = answer.get_exception().details
    failed = FailedSpecialistInput(
        case_id=case.case_id,
        round=round_number,
        specialist=specialist,
        error=error_of(failure.error_type, failure.message),
    )
    return (yield from activity_stubs.record_report(ctx, failed))


def _assess(ctx: task.OrchestrationContext, this_round: RoundInput) -> Orchestration[Conclusion]:
    try:
        return (yield from activity_stubs.assess_risk(ctx, this_round))
    except task.TaskFailedError:
        return (yield from activity_stubs.assess_without_model(ctx, this_round))
