"""Whether the aggregator's reasoning states figures that it was not shown: then it is an opinion."""

from collections.abc import Iterable
from dataclasses import replace

from pydantic import JsonValue

from contracts.alert_views import shown_alerts
from contracts.investigation import AssessmentTask, RememberedRound
from contracts.report import Finding, SpecialistReport
from worker.domain.evidence import quoted
from worker.domain.grounding import Source, source_of, ungrounded
from worker.domain.risk import LEVEL_FROM


def opinion_in(order: AssessmentTask, score: float, reasoning: str) -> str | None:
    """What the reasoning states that nothing shown to the aggregator does, in one sentence; None when all is there.

    It may repeat the reports, the alerts, earlier rounds, the levels of a score and its own `score`, in the forms in
    which findings repeat what they cite. Findings that count for nothing, and the reasoning of earlier rounds, support
    nothing: an invention would support itself.
    """
    invented = ungrounded(reasoning, _shown(order, score), 0)
    return None if invented is None else f"It states {quoted(invented)}, which does not occur in what it was shown."


def _shown(order: AssessmentTask, score: float) -> tuple[Source, ...]:
    # Only the reports are there to be counted: in an alert with 50 events every small number would be a count.
    shown: tuple[JsonValue, ...] = (
        *(alert.model_dump(mode="json") for alert in shown_alerts(order.alerts)),
        [_remembered(past) for past in order.memory],
        {
            "round": order.round,
            "overall_risk_score": score,
            "auto_clear_threshold": order.policy.auto_clear_threshold,
            "levels": {**LEVEL_FROM},
        },
    )
    reported = source_of([_reported(report) for report in order.reports])
    return reported, *(replace(source_of(each), entries=0) for each in shown)


def _reported(report: SpecialistReport) -> JsonValue:
    return {
        "specialist": report.specialist,
        "status": report.status,
        "reason": report.reason,
        "risk_score": report.risk_score,
        "findings": _supported(report.findings),
        "suspicious_charge_ids": list(report.suspicious_charge_ids),
        "tool_calls": [{"evidence_id": call.tool_call_id, "tool": call.tool} for call in report.tool_calls],
    }


def _remembered(past: RememberedRound) -> JsonValue:
    return {
        "round": past.round,
        "reports": [
            {
                "specialist": report.specialist,
                "risk_score": report.risk_score,
                "findings": _supported(report.findings),
            }
            for report in past.reports
        ],
        "overall_risk_score": past.overall_risk_score,
        "feedback": past.feedback,
        "decided_by": past.decided_by,
    }


def _supported(findings: Iterable[Finding]) -> JsonValue:
    return [
        {"statement": finding.statement, "evidence_ids": list(finding.evidence_ids)}
        for finding in findings
        if not finding.unsupported
    ]
