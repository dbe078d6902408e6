"""How a verdict answers a reviewer's feedback."""

from dataclasses import replace

from local.model.rules.conversation import Conversation
from local.model.rules.feedback import Request, StatedFact
from screening import thresholds
from screening.dossier import Dossier
from screening.tool_answers import ToolAnswer
from screening.verdict import Signal, Verdict, clamp


def follow_up(verdict: Verdict, requests: tuple[Request, ...], conversation: Conversation, dossier: Dossier) -> Verdict:
    """`verdict` with one finding for each round's feedback, moved by the last fact that a reviewer stated."""
    answers = tuple(_answer(request, conversation, dossier) for request in requests)
    last = answers[-1].statement if answers else None
    verdict = replace(verdict, findings=(*verdict.findings, *answers), feedback_answer=last)
    facts = [r.fact for r in requests if r.fact is not None and r.fact.concerns(conversation.part)]
    if not facts or verdict.risk_score is None:
        return verdict
    return replace(verdict, risk_score=shifted(verdict.risk_score, facts[-1], verdict.lowest))


def shifted(score: float, fact: StatedFact, lowest: float = thresholds.STATED_FACT_LOWEST) -> float:
    """A stated fact moves the score, but never past its limit, and never the other way."""
    if fact.direction == "confirmed":
        return min(score, clamp(score - thresholds.STATED_FACT_SHIFT, lowest=lowest))
    return max(score, clamp(score + thresholds.STATED_FACT_SHIFT, highest=thresholds.STATED_FACT_HIGHEST))


def _answer(request: Request, conversation: Conversation, dossier: Dossier) -> Signal:
    looked = [result for tool in request.tools if (result := dossier.answers.of(tool)) is not None]
    cited = tuple(result.evidence_id for result in looked if result.evidence_id)
    asked = f"Round {request.round} was rejected with “{request.quote}”"
    done = [f"looked at {_describe(result, dossier)}" for result in looked]
    if request.fact is not None and request.fact.concerns(conversation.part):
        direction = "lowered" if request.fact.direction == "confirmed" else "raised"
        done.append(f"took the statement as given, which {direction} the score within its limits")
    if request.looks_further_back:
        done.append("asked for the longest period that the records allow")
    action = "; ".join(done) if done else f"it asks for nothing that the {conversation.part} records can show"
    return Signal(f"{asked}: {action}.", 0.0, cited or dossier.all_evidence)


def _describe(result: ToolAnswer, dossier: Dossier) -> str:
    """What the tool showed, in a few words."""
    name = result.tool.removeprefix("get_").removeprefix("search_").replace("_", " ")
    if not result.ok:
        return f"{name} (unanswered)"
    shown = _counts(dossier).get(result.tool)
    return f"{name} ({shown})" if shown else name


def _counts(dossier: Dossier) -> dict[str, str]:
    topics = f", topics: {', '.join(sorted(dossier.topics))}" if dossier.topics else ""
    unpaid = sum(invoice.status not in ("paid", "refunded") for invoice in dossier.invoices)
    usage_days = len(dossier.usage.days) if dossier.usage else 0
    countries = sorted({order.ship_to_country for order in dossier.orders if order.ship_to_country})
    shipped = f", sent to {', '.join(countries)}" if countries else ""
    return {
        "get_support_tickets": f"{len(dossier.tickets)} found{topics}",
        "get_orders": f"{len(dossier.orders)} found{shipped}",
        "get_invoices": f"{len(dossier.invoices)} found, {unpaid} unpaid",
        "get_subscriptions": f"{len(dossier.subscriptions)} found",
        "get_security_logs": f"{len(dossier.security)} entries",
        "get_recent_charges": f"{len(dossier.charges)} charges",
        "get_data_usage": f"{usage_days} days",
        "search_knowledge_base": f"{len(dossier.articles)} articles",
    }
