"""Orders as the record has them, because anybody may write to the scheduler that they come through."""

from collections.abc import Sequence

from contracts.alert import worst_severity
from contracts.brief import CaseBrief
from contracts.investigation import (
    AssessmentOrder,
    AssessmentTask,
    RememberedRound,
    ReviewPlan,
    SpecialistOrder,
    SpecialistTask,
)
from contracts.report import SpecialistReport
from worker.domain.failures import unavailable_report

NOT_ON_RECORD = "Its report is not on record."


def specialist_task(order: SpecialistOrder, brief: CaseBrief) -> SpecialistTask:
    """The order with the alerts, the limits and people's words that are on record."""
    return SpecialistTask(
        case_id=order.case_id,
        round=order.round,
        specialist=order.specialist,
        alert=brief.alert,
        joined=brief.joined,
        policy=brief.policy or order.policy,
        memory=_as_said(order.memory, brief),
    )


def assessment_task(order: AssessmentOrder, brief: CaseBrief, reports: tuple[SpecialistReport, ...]) -> AssessmentTask:
    """The same for the order to assess these reports."""
    return AssessmentTask(
        case_id=order.case_id,
        round=order.round,
        alert=brief.alert,
        joined=brief.joined,
        reports=reports,
        policy=brief.policy or order.policy,
        memory=_as_said(order.memory, brief),
        was_asked=brief.was_asked,
    )


def recorded_reports(order: AssessmentOrder, brief: CaseBrief) -> tuple[SpecialistReport, ...]:
    """The reports of the round that are on record; one that is not counts as not heard."""
    return tuple(
        brief.reports.get(report.specialist) or unavailable_report(report.specialist, order.round, NOT_ON_RECORD)
        for report in order.reports
    )


def plan_as_recorded(plan: ReviewPlan, brief: CaseBrief) -> ReviewPlan:
    """The question with the worst severity of the alerts, and the limits, that are on record."""
    update = {"severity": worst_severity(brief.alerts), "policy": brief.policy or plan.policy}
    return plan.model_copy(update=update)


def _as_said(memory: Sequence[RememberedRound], brief: CaseBrief) -> tuple[RememberedRound, ...]:
    return tuple(_remembered(each, brief) for each in memory)


def _remembered(remembered: RememberedRound, brief: CaseBrief) -> RememberedRound:
    said = brief.feedback.get(remembered.round)
    feedback, decided_by = (None, None) if said is None else (said.text, said.decided_by)
    return remembered.model_copy(update={"feedback": feedback, "decided_by": decided_by})
