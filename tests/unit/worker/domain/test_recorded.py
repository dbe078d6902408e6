"""Orders carry what is on record of their case, whatever the scheduler says."""

from contracts.brief import CaseBrief
from contracts.investigation import AssessmentOrder, ReviewPlan, SpecialistOrder
from contracts.severity import Severity
from tests.unit.worker.support.cases import NOON, a_policy, an_alert, an_assessment, three_reports
from worker.domain.recorded import assessment_task, plan_as_recorded, specialist_task

OURS = a_policy(auto_clear_threshold=0.5)
TOLD = a_policy(auto_clear_threshold=1.0)


def a_brief(*severities: Severity) -> CaseBrief:
    first, *joined = (an_alert(f"a-{number}", severity=each) for number, each in enumerate(severities))
    return CaseBrief(alert=first, policy=OURS, joined=tuple(joined))


def test_specialist_is_given_every_alert_of_the_round() -> None:
    brief = a_brief("low", "high", "medium")

    task = specialist_task(SpecialistOrder(case_id="case-a-0", round=1, specialist="usage", policy=TOLD), brief)

    assert (task.alert, task.joined, task.policy) == (brief.alert, brief.joined, OURS)
    assert [alert.alert_id for alert in task.alerts] == ["a-0", "a-1", "a-2"]


def test_assessment_is_about_every_alert_of_the_round() -> None:
    brief = a_brief("low", "high")
    order = AssessmentOrder(case_id="case-a-0", round=1, reports=(), policy=TOLD)

    task = assessment_task(order, brief, three_reports())

    assert (task.alerts, task.policy) == (brief.alerts, OURS)


def test_question_has_the_worst_severity_of_its_alerts() -> None:
    plan = ReviewPlan(
        case_id="case-a-0",
        severity="low",
        required_role="analyst",
        asked_at=NOON,
        assessment=an_assessment(),
        policy=TOLD,
    )

    assert plan_as_recorded(plan, a_brief("medium")).severity == "medium"
    assert plan_as_recorded(plan, a_brief("medium", "critical", "low")).severity == "critical"
