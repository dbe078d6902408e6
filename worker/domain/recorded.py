"""Orders as the case's record has them: what they say came through the scheduler, which anybody may write to."""

from typing import TypeVar

from contracts.alert import Alert
from contracts.brief import CaseBrief
from contracts.investigation import AssessmentTask, RememberedRound, ReviewPlan, SpecialistTask
from contracts.report import SpecialistReport
from worker.domain.failures import unavailable_report

NOT_ON_RECORD = "Its report is not on record."


Order = TypeVar("Order", SpecialistTask, AssessmentTask)


def as_recorded(order: Order, brief: CaseBrief) -> Order:
    """The order with the alert, the limits and people's words that are on record."""
    recorded = {
        "alert": brief.alert,
        "policy": brief.policy or order.policy,
        "memory": tuple(_remembered(each, brief) for each in order.memory),
    }
    return order.model_copy(update=recorded)


def recorded_reports(order: AssessmentTask, brief: CaseBrief) -> tuple[SpecialistReport, ...]:
    """The reports of the round that are on record; one that is not counts as not heard."""
    return tuple(
        brief.reports.get(report.specialist) or unavailable_report(report.specialist, order.round, NOT_ON_RECORD)
        for report in order.reports
    )


def plan_as_recorded(plan: ReviewPlan, brief: CaseBrief) -> ReviewPlan:
    """The question with the severity and the limits that are on record."""
    return plan.model_copy(update={"severity": brief.alert.severity, "policy": brief.policy or plan.policy})


def is_of_another_case(alert: Alert, brief: CaseBrief) -> bool:
    """Whether what was to be looked into is another alert than the one on record."""
    told, known = ((each.alert_id, each.customer_id, each.alert_type, each.severity) for each in (alert, brief.alert))
    return told != known


def _remembered(remembered: RememberedRound, brief: CaseBrief) -> RememberedRound:
    said = brief.feedback.get(remembered.round)
    feedback, decided_by = (None, None) if said is None else (said.text, said.decided_by)
    return remembered.model_copy(update={"feedback": feedback, "decided_by": decided_by})
