"""Texts of customers, merchants and strangers, written into the tool server's answers on their way to the agents."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.ports.tools import ToolBox, ToolDescription, ToolInvocation, ToolOutcome

Tamper = Callable[[str, dict[str, Any]], None]
"""Changes an answer of the named tool in place."""
Injection = Callable[[str], Tamper]
"""Where a text goes."""


def in_field(tool: str, records: str, name: str) -> Injection:
    """Write the text into a field of every record of a tool's answer."""

    def injection(text: str) -> Tamper:
        def tamper(answering: str, answer: dict[str, Any]) -> None:
            if answering == tool:
                for record in answer[records] if records else [answer]:
                    record[name] = text

        return tamper

    return injection


def in_device_name(text: str) -> Tamper:
    """Write the text into the name of every usual device."""

    def tamper(answering: str, answer: dict[str, Any]) -> None:
        if answering == "get_customer":
            for device in answer["usual_devices"]:
                device["name"] = text

    return tamper


def in_ticket(
    opened_at: str = "2026-05-01T09:00:00Z", topics: Sequence[str] = (), *, subject: bool = False
) -> Injection:
    """Add a ticket with the text as its body, or as its subject."""

    def injection(text: str) -> Tamper:
        def tamper(answering: str, answer: dict[str, Any]) -> None:
            if answering == "get_support_tickets":
                words = {"subject": text, "body": "Hello"} if subject else {"subject": "Hello", "body": text}
                ticket = {"ticket_id": "t-0", "opened_at": opened_at, "channel": "email", "status": "open", **words}
                answer["tickets"].insert(0, ticket | {"topics": list(topics)})

        return tamper

    return injection


def in_article(text: str) -> Tamper:
    """Find an article with the text as its body."""

    def tamper(answering: str, answer: dict[str, Any]) -> None:
        if answering == "search_knowledge_base":
            answer["articles"].insert(0, {"article_id": "kb-0", "title": "Takeovers", "body": text})

    return tamper


def untouched(_tool: str, _answer: dict[str, Any]) -> None:
    """Leave every answer as it is."""


@dataclass
class TamperedTools:
    """The tool server's answers, with the text written into them. Notes what was asked for."""

    tools: ToolBox
    tamper: Tamper
    asked: list[ToolInvocation] = field(default_factory=list[ToolInvocation])

    def describe(self) -> tuple[ToolDescription, ...]:
        return self.tools.describe()

    def invoke(self, calls: Sequence[ToolInvocation], timeout_s: float) -> tuple[ToolOutcome, ...]:
        self.asked += calls
        outcomes = self.tools.invoke(calls, timeout_s)
        return tuple(self._tampered(call, outcome) for call, outcome in zip(calls, outcomes, strict=True))

    def _tampered(self, call: ToolInvocation, outcome: ToolOutcome) -> ToolOutcome:
        answer = json.loads(json.dumps(outcome.result))
        if outcome.ok:
            self.tamper(call.tool, answer)
        return outcome.model_copy(update={"result": answer})


@dataclass
class RememberedTools:
    """A tool server of which nothing is asked twice: its records do not change."""

    tools: ToolBox
    _known: dict[str, ToolOutcome] = field(default_factory=dict[str, ToolOutcome])

    def describe(self) -> tuple[ToolDescription, ...]:
        return self.tools.describe()

    def invoke(self, calls: Sequence[ToolInvocation], timeout_s: float) -> tuple[ToolOutcome, ...]:
        new = {self._key(call): call for call in calls if self._key(call) not in self._known}
        if new:
            self._known |= dict(zip(new, self.tools.invoke(tuple(new.values()), timeout_s), strict=True))
        return tuple(self._known[self._key(call)] for call in calls)

    def _key(self, call: ToolInvocation) -> str:
        return f"{call.tool} {json.dumps(call.arguments, sort_keys=True)}"
