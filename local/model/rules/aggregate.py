"""The risk aggregator: one score and one recommended action from three reports."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from contracts.actions import RecommendedAction
from contracts.report import SPECIALISTS, SpecialistReport
from local.model.rules.conversation import Conversation
from local.model.rules.feedback import Request
from screening import thresholds
from screening.verdict import clamp


@dataclass(frozen=True)
class RiskVerdict:
    """The aggregator's answer."""

    overall_risk_score: float
    recommended_action: RecommendedAction
    reasoning: str

    def as_json(self) -> dict[str, JsonValue]:
        """In the shape of `risk_verdict`."""
        return {
            "overall_risk_score": self.overall_risk_score,
            "recommended_action": self.recommended_action,
            "reasoning": self.reasoning,
        }


def aggregate(conversation: Conversation, requests: Sequence[Request]) -> RiskVerdict:
    """The highest score leads, others at HIGH_RISK corroborate it, and an unread part keeps it from being low."""
    reports = conversation.case.reports
    scores = {report.specialist: report.risk_score for report in reports if report.risk_score is not None}
    unread = [specialist for specialist in SPECIALISTS if specialist not in scores]
    high = sorted((s for s in scores if scores[s] >= thresholds.HIGH_RISK), key=lambda s: -scores[s])
    leading = max(scores.values(), default=thresholds.UNEVALUATED_FLOOR)
    overall = leading + thresholds.CORROBORATION * max(0, len(high) - 1)
    if unread:
        overall = max(overall, thresholds.UNEVALUATED_FLOOR)
    overall = clamp(overall)
    action = _action(overall, scores.get("location"), scores.get("usage"), _charges(reports))
    return RiskVerdict(overall, action, _reasoning(reports, unread, overall, requests))


def _charges(reports: Sequence[SpecialistReport]) -> list[str]:
    return [charge for report in reports for charge in report.suspicious_charge_ids]


def _action(overall: float, location: float | None, usage: float | None, charges: list[str]) -> RecommendedAction:
    """Refund what was taken; lock when the account itself is in a stranger's hands or nothing can be refunded."""
    if overall < thresholds.HIGH_RISK:
        return "clear"
    account_taken = any(score is not None and score >= thresholds.HIGH_RISK for score in (location, usage))
    if charges:
        return "lock_and_refund" if account_taken else "refund_charges"
    return "lock_account"


def _reasoning(
    reports: Sequence[SpecialistReport], unread: Sequence[str], overall: float, requests: Sequence[Request]
) -> str:
    sentences = [_summary(report) for report in reports]
    if unread:
        sentences.append(
            f"Not evaluated: {', '.join(unread)}; so the score is not below {thresholds.UNEVALUATED_FLOOR:g}."
        )
    sentences.append(f"Overall {overall:.2f}, led by the highest score.")
    sentences.extend(_answer(request, reports) for request in requests)
    return " ".join(sentences)


def _summary(report: SpecialistReport) -> str:
    name = report.specialist.capitalize()
    if report.risk_score is None:
        return f"{name} gives no score: {(report.reason or report.status).rstrip('.')}."
    supported = [finding.statement for finding in report.findings if not finding.unsupported]
    return f"{name} {report.risk_score:.2f}: {supported[0] if supported else 'no supported finding.'}"


def _answer(request: Request, reports: Sequence[SpecialistReport]) -> str:
    used = sorted({call.tool for report in reports for call in report.tool_calls} & set(request.tools))
    done: list[str] = []
    if used:
        done.append(f"the specialists looked at {', '.join(used)}")
    if request.fact is not None:
        done.append(f"what was {request.fact.direction} is weighed in their scores")
    ending = " and ".join(done) or "all three looked again and found nothing further that it asks for"
    return f"Round {request.round} was rejected with “{request.quote}”: {ending}."
