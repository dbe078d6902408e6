"""One round: three specialists in parallel, then the assessment, then the memory of both."""

from collections.abc import Mapping

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.converter import Undecoded
from contracts.investigation import AssessmentOrder, ReportFiling, RoundStart, SpecialistOrder
from contracts.report import SPECIALISTS, Specialist, SpecialistReport
from worker import calls
from worker.calls import Steps
from worker.domain.assessing import send_to_person
from worker.domain.failures import reason_for, unavailable_report
from worker.orchestrations.case import OpenCase
from worker.orchestrations.remembering import CaseMemory


def assess_round(
    ctx: task.OrchestrationContext, case: OpenCase, round_number: int, memory: CaseMemory
) -> Steps[RiskAssessment]:
    """Investigate and assess once more, knowing what earlier rounds found and were told."""
    if round_number > 1:
        yield from calls.begin_round(ctx, RoundStart(case_id=case.case_id, round=round_number))
    case.board.start_round(round_number)
    reports = yield from _hear_specialists(ctx, case, round_number, memory)
    case.board.enter("assessing")
    assessment = yield from _assess(ctx, case, round_number, memory, reports)
    case.board.rate(assessment.overall_risk_score)
    loss = yield from memory.keep_round(assessment)
    return assessment if loss is None else send_to_person(assessment, loss)


def assess_again(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, assessment: RiskAssessment
) -> Steps[RiskAssessment]:
    """The assessment on record of a round whose own is not: without one, what the guard rails say of its reports."""
    order = _task(case, assessment.round, memory, assessment.reports)
    return (yield from calls.assess_without_model(ctx, order))


def _hear_specialists(
    ctx: task.OrchestrationContext, case: OpenCase, round_number: int, memory: CaseMemory
) -> Steps[tuple[SpecialistReport, ...]]:
    running: dict[Specialist, task.Task[Undecoded]] = {
        specialist: calls.run_specialist(
            ctx,
            SpecialistOrder(
                case_id=case.case_id,
                round=round_number,
                specialist=specialist,
                policy=case.policy,
                memory=memory.rounds,
            ),
        )
        for specialist in SPECIALISTS
    }
    reports: dict[Specialist, SpecialistReport] = {}
    while len(reports) < len(running):
        waiting = [answer for specialist, answer in running.items() if specialist not in reports]
        yield task.when_any(waiting)
        # Several can have finished in one turn; each shows as soon as it is known.
        for specialist in _finished(running, reports):
            report = yield from _report_of(ctx, case, round_number, specialist, running[specialist])
            reports[specialist] = report
            case.board.finish_specialist(specialist, report.status)
    return tuple(reports[specialist] for specialist in SPECIALISTS)


def _finished(
    running: Mapping[Specialist, task.Task[Undecoded]], reports: Mapping[Specialist, SpecialistReport]
) -> list[Specialist]:
    return [specialist for specialist, answer in running.items() if answer.is_complete and specialist not in reports]


def _report_of(
    ctx: task.OrchestrationContext,
    case: OpenCase,
    round_number: int,
    specialist: Specialist,
    answer: task.Task[Undecoded],
) -> Steps[SpecialistReport]:
    """The specialist's report; after its last attempt has failed, one that says so."""
    if not answer.is_failed:
        return calls.decode(answer.get_result(), SpecialistReport)
    failure = answer.get_exception().details
    report = unavailable_report(specialist, round_number, reason_for(failure.error_type, failure.message))
    return (yield from calls.record_report(ctx, ReportFiling(case_id=case.case_id, report=report)))


def _assess(
    ctx: task.OrchestrationContext,
    case: OpenCase,
    round_number: int,
    memory: CaseMemory,
    reports: tuple[SpecialistReport, ...],
) -> Steps[RiskAssessment]:
    order = _task(case, round_number, memory, reports)
    try:
        return (yield from calls.assess_risk(ctx, order))
    except task.TaskFailedError:
        return (yield from calls.assess_without_model(ctx, order))


def _task(
    case: OpenCase, round_number: int, memory: CaseMemory, reports: tuple[SpecialistReport, ...]
) -> AssessmentOrder:
    return AssessmentOrder(
        case_id=case.case_id,
        round=round_number,
        reports=reports,
        policy=case.policy,
        memory=memory.rounds,
    )
