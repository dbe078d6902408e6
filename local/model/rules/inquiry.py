"""Questions of other systems' agents in plain words: looks up the named customer with the agent's own tools."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast, get_args

from pydantic import JsonValue

from contracts.alert import Alert
from contracts.instants import moved
from contracts.report import Specialist
from contracts.severity import Severity
from local.model.request import Function, Message
from local.model.rules.plan import ask_about
from local.model.turn import ToolRequest
from screening.dossier import Dossier, open_dossier
from screening.specialist_rules import SPECIALIST_RULES
from screening.tool_answers import Answers, ToolAnswer
from screening.verdict import Verdict, conclude

KNOWN_AS: Mapping[str, str] = {
    "get_customer_detail": "get_customer",
    "get_customer_orders": "get_orders",
    "get_subscription_detail": "get_subscriptions",
}
"""Tools of other systems that answer with the records of ours."""
KEY_TOOL: Mapping[Specialist, str] = {
    "usage": "get_data_usage",
    "location": "get_security_logs",
    "billing": "get_billing_summary",
}
"""Without the answer of this tool, a specialist's rules are not asked."""
MOST_CALLS = 8

_CUSTOMER = re.compile(r"\bcustomer(?:[ _-]?id)?\W{0,3}(0*[1-9]\d{0,14})\b", re.IGNORECASE)
_SEVERITY = re.compile(r"^severity: *(\w+)", re.IGNORECASE | re.MULTILINE)
_READS = re.compile(r"^(?:get|list|search|find|read|look_?up)_", re.IGNORECASE)
_TIME = re.compile(r'"(?:day|at|\w{1,40}_at)": ?"(\d{4}-\d{2}-\d{2}[^"]{0,32})"')
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Inquiry:
    """The last thing that a user asked about a customer, and what tools have answered since."""

    customer_id: int
    severity: Severity
    answers: Answers
    called: frozenset[str]
    as_of: datetime

    def next_calls(self, tools: Sequence[Function]) -> tuple[ToolRequest, ...]:
        """The offered tools that read something about a customer and were not called yet."""
        wanted = (tool for tool in tools if tool.name not in self.called and _reads_customer(tool))
        return tuple(ask_about(tool, self.customer_id) for tool in wanted)[:MOST_CALLS]

    def finding(self) -> str | None:
        """What the rules find in the answers, as text; None when there is nothing to go by."""
        dossier = open_dossier(self._alert(), self.answers)
        verdicts = [_judge(part, dossier) for part in KEY_TOOL if self.answers.of(KEY_TOOL[part])]
        if not verdicts:
            return None
        statements = [finding.statement for verdict in verdicts for finding in verdict.findings]
        reasons = [verdict.reason for verdict in verdicts if verdict.reason]
        findings = f"FINDINGS: {' '.join(dict.fromkeys((*statements, *reasons))) or 'Nothing stands out.'}"
        scores = [verdict.risk_score for verdict in verdicts if verdict.risk_score is not None]
        return f"{findings}\nRISK_SCORE: {max(scores):.2f}" if scores else f"{findings}\nThere is no score."

    def _alert(self) -> Alert:
        return Alert(
            alert_id="inquiry",
            customer_id=self.customer_id,
            alert_type="inquiry",
            rule_id="inquiry",
            rule_version=1,
            severity=self.severity,
            description="An inquiry of another system.",
            raised_at=self.as_of,
            source="manual",
        )


def read_inquiry(messages: Sequence[Message]) -> Inquiry | None:
    """The inquiry in `messages`, or None when the last user names no customer."""
    asked = max((index for index, message in enumerate(messages) if message.role == "user"), default=None)
    named = _CUSTOMER.search(messages[asked].text) if asked is not None else None
    if asked is None or named is None:
        return None
    since = messages[asked + 1 :]
    calls = {call.id: call.function.name for message in since for call in message.tool_calls or ()}
    answers = [message for message in since if message.role == "tool"]
    return Inquiry(
        customer_id=int(named.group(1)),
        severity=_severity(messages[asked].text),
        answers=Answers(tuple(_answer(message, calls) for message in answers)),
        called=frozenset(calls.values()),
        as_of=max((time for message in answers for time in _times(message.text)), default=_BEGINNING),
    )


def _judge(part: Specialist, dossier: Dossier) -> Verdict:
    return conclude(SPECIALIST_RULES[part](dossier), dossier)


def _reads_customer(tool: Function) -> bool:
    properties = tool.parameters.get("properties")
    return _READS.match(tool.name) is not None and isinstance(properties, dict) and "customer_id" in properties


def _severity(text: str) -> Severity:
    named = _SEVERITY.search(text)
    word = named.group(1).lower() if named else ""
    return cast("Severity", word) if word in get_args(Severity) else "medium"


def _answer(message: Message, calls: Mapping[str, str]) -> ToolAnswer:
    name = calls.get(message.tool_call_id or "", "unknown")
    tool = KNOWN_AS.get(name, name)
    data = _record(message.text)
    if not isinstance(data, dict):
        return ToolAnswer(tool, message.tool_call_id, error="the answer was not a JSON object")
    return ToolAnswer(tool, message.tool_call_id, data=data)


def _record(text: str) -> JsonValue:
    """The record in `text`, out of the content parts in which frameworks hand on what a tool server answered."""
    try:
        found: JsonValue = json.loads(text)
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if isinstance(found, dict) and found.get("type") == "text" and isinstance(found.get("text"), str):
            found = json.loads(cast("str", found["text"]))
    except (ValueError, RecursionError):
        return None
    return found


def _times(text: str) -> list[datetime]:
    times: list[datetime] = []
    for written in _TIME.findall(text.replace('\\"', '"')):
        try:
            time = datetime.fromisoformat(written)
        except ValueError:
            continue
        # A day is over when it is on record; what is to come, such as the end of a package, is not looked at.
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        times.append(moved(aware, timedelta(days=1 if len(written) == len("2026-01-31") else 0)))
    return times
