"""Contracts with sensible values, to be varied by the tests."""

from datetime import UTC, datetime
from typing import Any

from contracts.actions import RecommendedAction
from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.hashing import content_hash
from contracts.ids import case_id
from contracts.investigation import AssessmentOrder, AssessmentTask, InvestigationPolicy
from contracts.report import SPECIALISTS, Evidence, Finding, Specialist, SpecialistReport, ToolCall
from contracts.reversal import Reversal, ReversalAction
from contracts.review import Decision, Verdict
from contracts.steps import Investigation, ReversalOrder
from contracts.telemetry import LoginAttributes, LoginEvent
from screening.required_evidence import KEY_RECORDS
from worker.domain.assessments import assess
from worker.domain.routing import Judgement

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def an_event(event_id: str = "e-1") -> LoginEvent:
    return LoginEvent(event_id=event_id, customer_id=7, occurred_at=NOON, attributes=LoginAttributes(country="BR"))


def an_alert(alert_id: str = "impossible_travel-7-20260302t120000z", **changes: Any) -> Alert:
    values: dict[str, Any] = {
        "alert_id": alert_id,
        "customer_id": 7,
        "alert_type": "impossible_travel",
        "rule_id": "impossible_travel",
        "rule_version": 1,
        "severity": "high",
        "description": "A login from BR twenty minutes after one from DE.",
        "raised_at": NOON,
        "trigger_events": (an_event(),),
        "source": "manual",
    }
    return Alert(**(values | changes))


def an_investigation(alert: Alert | None = None) -> Investigation:
    return Investigation(case_id=case_id((alert or an_alert()).alert_id))


def a_report(specialist: Specialist = "usage", score: float | None = 0.1, **changes: Any) -> SpecialistReport:
    """A report that rests on the specialist's key records and on the alert's one event."""
    read = a_tool_call(f"r{changes.get('round', 1)}-{specialist}-1", KEY_RECORDS[specialist])
    values: dict[str, Any] = {
        "specialist": specialist,
        "round": 1,
        "status": "ok",
        "risk_score": score,
        "findings": (Finding(statement="Nothing unusual.", evidence_ids=(read.tool_call_id, "e-1")),),
        "tool_calls": (read,),
    }
    return SpecialistReport(**(values | changes))


def evidence_behind(report: SpecialistReport) -> tuple[Evidence, ...]:
    """What the tools answered: nothing."""
    return tuple(
        Evidence(
            evidence_id=call.tool_call_id,
            tool=call.tool,
            arguments=call.arguments,
            ok=call.ok,
            result={},
            recorded_at=NOON,
        )
        for call in report.tool_calls
    )


def a_tool_call(call_id: str, tool: str, *, ok: bool = True) -> ToolCall:
    return ToolCall(
        tool_call_id=call_id, tool=tool, arguments={}, ok=ok, result_hash=content_hash({"result": {}}), duration_ms=1
    )


def three_reports(score: float = 0.1, round_number: int = 1, **changes: Any) -> tuple[SpecialistReport, ...]:
    values: dict[str, Any] = {"risk_score": score, "round": round_number}
    return tuple(a_report(name, **(values | changes)) for name in SPECIALISTS)


def a_policy(**changes: Any) -> InvestigationPolicy:
    values: dict[str, Any] = {"quality_check_share": 0.0}
    return InvestigationPolicy(**(values | changes))


def an_assessment_task(**changes: Any) -> AssessmentTask:
    order = an_investigation()
    values: dict[str, Any] = {
        "case_id": order.case_id,
        "round": 1,
        "alert": an_alert(),
        "reports": three_reports(),
        "policy": a_policy(),
    }
    return AssessmentTask(**(values | changes))


def an_assessment_order(**changes: Any) -> AssessmentOrder:
    of_the_record = {"alert", "joined", "was_asked"}
    return AssessmentOrder.model_validate(an_assessment_task(**changes).model_dump(exclude=of_the_record))


def an_assessment(
    score: float | None = 0.9, action: RecommendedAction | None = "lock_account", **changes: Any
) -> RiskAssessment:
    return assess(an_assessment_task(**changes), Judgement(score, action, "Because of the evidence."), nothing_found)


def nothing_found() -> tuple[str, ...]:
    """What rules say that are benign."""
    return ()


def a_decision(
    review_id: str,
    assessment: RiskAssessment,
    verdict: Verdict = "approve",
    action: RecommendedAction | None = "lock_account",
    **changes: Any,
) -> Decision:
    values: dict[str, Any] = {
        "review_id": review_id,
        "assessment_hash": content_hash(assessment),
        "verdict": verdict,
        "action": action if verdict == "approve" else None,
        "feedback": "Look at the roaming package." if verdict == "reject" else None,
        "comment": "As told." if verdict == "approve" and action != assessment.recommended_action else None,
        "decided_by": "anna",
        "decided_at": NOON,
    }
    return Decision(**(values | changes))


def a_reversal(number: int, action: ReversalAction = "unlock_account") -> Reversal:
    return Reversal(
        reversal_id=f"case-1:{action}:{number}",
        case_id="case-1",
        action=action,
        undoes="case-1:lock_account:7",
        status="approved",
        reason="It was the customer.",
        requested_by="ana",
        requested_at=NOON,
        decided_by="maria",
        decided_at=NOON,
    )


def a_reversal_order(number: int, action: ReversalAction = "unlock_account") -> ReversalOrder:
    """The order of `a_reversal` in the scheduler."""
    asked = a_reversal(number, action)
    return ReversalOrder(case_id=asked.case_id, reversal_id=asked.reversal_id, undoes=asked.undoes)
