"""The three specialists: which tools each may use, and how its verdict becomes a report."""

from collections.abc import Mapping

from contracts.investigation import SpecialistTask
from contracts.report import Evidence, Specialist, SpecialistReport
from worker.agents.conversation import specialist_case
from worker.agents.loop import AgentLoop, Assignment, Result
from worker.agents.prompting import Prompts
from worker.agents.verdicts import SpecialistVerdict, findings_of
from worker.domain.evidence import grounds_of, resolve, seen_charge_ids
from worker.ports.tools import ToolBox, ToolDescription, ToolsUnavailable

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

MAX_REASON = 500


class SpecialistAgents:
    """Investigates as any of the specialists."""

    def __init__(self, loop: AgentLoop, tools: ToolBox, prompts: Prompts) -> None:
        self._loop = loop
        self._tools = tools
        self._prompts = prompts

    def investigate(self, order: SpecialistTask) -> tuple[SpecialistReport, tuple[Evidence, ...]]:
        """The report and all that it rests on. Raises ModelUnavailable or ToolsUnavailable."""
        result = self._loop.run(
            Assignment(
                case_id=order.case_id,
                round=order.round,
                agent=order.specialist,
                customer_id=order.alert.customer_id,
                system=self._prompts.of(order.specialist, order.policy),
                user=specialist_case(order),
                answer_name="specialist_verdict",
                answer=SpecialistVerdict,
                tools=self._tools_of(order.specialist),
            )
        )
        return report_of(order, result), result.evidence

    def _tools_of(self, specialist: Specialist) -> tuple[ToolDescription, ...]:
        wanted = SPECIALIST_TOOLS[specialist]
        offered = tuple(tool for tool in self._tools.describe() if tool.name in wanted)
        if not offered:
            raise ToolsUnavailable(f"The tool server offers none of the {specialist} specialist's tools.")
        return offered


def report_of(order: SpecialistTask, result: Result[SpecialistVerdict]) -> SpecialistReport:
    """What a run found, with every finding and charge held against what was really recorded."""
    base = SpecialistReport(
        specialist=order.specialist,
        round=order.round,
        status="unavailable",
        reason=result.failure,
        tool_calls=result.tool_calls,
        model=result.usage.model,
        tokens=result.usage.tokens,
        duration_ms=result.usage.duration_ms,
    )
    verdict = result.answer
    if verdict is None:
        return base
    grounds = grounds_of(order.alert, order.memory, result.evidence)
    found = {"findings": resolve(findings_of(verdict.findings), grounds)}
    if not verdict.evaluable:
        why = (verdict.reason or "The specialist gave no reason.")[:MAX_REASON]
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


def _seen(charge_ids: tuple[str, ...], evidence: tuple[Evidence, ...]) -> tuple[str, ...]:
    """Only charges that a tool really returned can ever be refunded; each once."""
    seen = seen_charge_ids(evidence)
    return tuple(charge for charge in dict.fromkeys(charge_ids) if charge in seen)
