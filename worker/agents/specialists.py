"""The three specialists: the tools of each, and how its verdict becomes a report."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from contracts.investigation import SpecialistTask
from contracts.report import Evidence, Specialist, SpecialistReport
from contracts.words import cut
from worker.agents.conversation import specialist_case
from worker.agents.journal import RunJournal
from worker.agents.loop import AgentLoop, Assignment, Result
from worker.agents.prompts import Prompts
from worker.agents.response_schemas import (
    MAX_CHARGES,
    MAX_REASON,
    SpecialistVerdict,
    feedback_answer_of,
    findings_of,
    reason_of,
    trimmed_of,
)
from worker.domain.completeness import lacking, uncited
from worker.domain.evidence import grounds_of, resolve, seen_charge_ids
from worker.domain.memory import was_asked

SPECIALIST_TOOLS: Mapping[Specialist, tuple[str, ...]] = {
    "usage": (
        "get_customer",
        "get_subscriptions",
        "get_data_usage",
        "get_support_tickets",
        "search_knowledge_base",
    ),
    "location": (
        "get_customer",
        "get_security_logs",
        "get_orders",
        "get_subscriptions",
        "get_support_tickets",
    ),
    "billing": (
        "get_customer",
        "get_billing_summary",
        "get_recent_charges",
        "get_invoices",
        "get_orders",
        "get_support_tickets",
    ),
}

MAX_OBJECTION = 1_000


class SpecialistAgents:
    """Investigates as any of the specialists."""

    def __init__(self, loop: AgentLoop, prompts: Prompts) -> None:
        self._loop = loop
        self._prompts = prompts

    def investigate(self, order: SpecialistTask, journal: RunJournal) -> tuple[SpecialistReport, tuple[Evidence, ...]]:
        """The report and its evidence. The rest of `journal` must be stored with them."""
        result = self._loop.run(
            Assignment(
                case_id=order.case_id,
                round=order.round,
                agent=order.specialist,
                customer_id=order.alert.customer_id,
                system=self._prompts.of(order.specialist, order.policy, several=bool(order.joined)),
                user=specialist_case(order),
                answer_name="specialist_verdict",
                answer=SpecialistVerdict,
                tools=frozenset(SPECIALIST_TOOLS[order.specialist]),
                objection=partial(objection_to, order),
            ),
            journal,
        )
        version = self._prompts.version(order.specialist, several=bool(order.joined))
        return report_of(order, result).model_copy(update={"prompt_version": version}), result.evidence


def objection_to(order: SpecialistTask, verdict: SpecialistVerdict, evidence: Sequence[Evidence]) -> str | None:
    """What the model must correct in a verdict: unsupported findings, feedback without an answer."""
    problems: list[str] = []
    if was_asked(order.memory) and feedback_answer_of(verdict) is None:
        problems.append("feedback_answer is missing: say what the reviewer asked for and what you did about it")
    findings = resolve(findings_of(verdict.findings), grounds_of(order.alerts, order.memory, evidence))
    for number, finding in enumerate(findings, start=1):
        if finding.unsupported_reason:
            problems.append(f"finding {number} counts for nothing: {finding.unsupported_reason.rstrip('.')}")
    # A low score that lacks the records is none, however it is written.
    rests = _is_benign(order, verdict) and lacking(order.specialist, order.alerts, evidence) is None
    if rests and (missing := uncited(order.specialist, order.alerts, findings, evidence)):
        problems.append(f"a score below {order.policy.auto_clear_threshold:g} must cite {', '.join(missing)}")
    return cut("; ".join(problems), MAX_OBJECTION) or None


def report_of(order: SpecialistTask, result: Result[SpecialistVerdict]) -> SpecialistReport:
    """The report of a run, with every finding and charge checked against the recorded evidence.

    A score below the case's threshold needs the key records; a higher one is kept without them.
    """
    base = SpecialistReport(
        specialist=order.specialist,
        round=order.round,
        status="unavailable",
        reason=result.failure,
        tool_calls=result.tool_calls,
        model=result.usage.model,
        model_host=result.usage.model_host,
        tokens=result.usage.tokens,
        duration_ms=result.usage.duration_ms,
        spend=result.usage.spend,
        alert_ids=tuple(alert.alert_id for alert in order.alerts) if order.joined else None,
    )
    verdict = result.answer
    if verdict is None:
        return base
    grounds = grounds_of(order.alerts, order.memory, result.evidence)
    answer = feedback_answer_of(verdict) if was_asked(order.memory) else None
    found = {
        "findings": resolve(findings_of(verdict.findings), grounds),
        "feedback_answer": answer,
        "trimmed": trimmed_of(verdict),
    }
    missing = unanswered(result.evidence, SPECIALIST_TOOLS[order.specialist])
    if not missing and _is_benign(order, verdict):
        missing = lacking(order.specialist, order.alerts, result.evidence)
    if missing or not verdict.evaluable:
        why = cut(missing, MAX_REASON) if missing else reason_of(verdict) or "The specialist gave no reason."
        return base.model_copy(update={**found, "status": "not_evaluable", "reason": why})
    return base.model_copy(
        update={
            **found,
            "status": "ok",
            "reason": None,
            "risk_score": verdict.risk_score,
            "suspicious_charge_ids": _seen(verdict.suspicious_charge_ids, result.evidence),
        }
    )


def _is_benign(order: SpecialistTask, verdict: SpecialistVerdict) -> bool:
    return (
        verdict.evaluable and verdict.risk_score is not None and verdict.risk_score < order.policy.auto_clear_threshold
    )


def unanswered(evidence: Sequence[Evidence], tools: Collection[str]) -> str | None:
    """The first of the tools that was asked and never answered, in one sentence; None when each did.

    A judgement that lacks records which its own author wanted is none, however sure it sounds.
    """
    answered = {call.tool for call in evidence if call.ok}
    for call in evidence:
        if call.tool in tools and call.tool not in answered:
            error = call.result.get("error") if isinstance(call.result, dict) else None
            return f"The tool {call.tool} gave no records: {error or 'It failed.'}"
    return None


def _seen(charge_ids: tuple[str, ...], evidence: tuple[Evidence, ...]) -> tuple[str, ...]:
    """Only charges that a tool really returned can ever be refunded; each once."""
    seen = seen_charge_ids(evidence)
    return tuple(charge for charge in dict.fromkeys(charge_ids) if charge in seen)[:MAX_CHARGES]
