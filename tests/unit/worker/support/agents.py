"""A scripted model, fake tools, a journal in memory, and runs with them, for everything above the agents' ports."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from contracts.investigation import AssessmentTask
from contracts.journal import JournalEntry
from tests.unit.worker.support.cases import NOON
from worker.agents.aggregator import AggregatorAgent, AggregatorAnswer
from worker.agents.budget import BudgetGuard
from worker.agents.journal import RunJournal
from worker.agents.limits import Limits
from worker.agents.loop import AgentLoop, Assignment, Result
from worker.agents.prompts import load_prompts
from worker.agents.response_schemas import SpecialistVerdict
from worker.ports.model import ModelReply, ModelRequest, ToolRequest
from worker.ports.tools import ToolDescription, ToolInvocation, ToolOutcome

Turn = ModelReply | Exception

PROMPTS = load_prompts()
CUSTOMER = {"customer_id": 7}

CUSTOMER_ARGUMENTS: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"customer_id": {"type": "integer"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["customer_id"],
    "additionalProperties": False,
}


def an_assignment(
    tools: "FakeTools | None" = None, agent: str = "location", **changes: Any
) -> Assignment[SpecialistVerdict]:
    """What a specialist is asked about one customer, with all of these tools."""
    values: dict[str, Any] = {
        "case_id": "case-1",
        "round": 1,
        "agent": agent,
        "customer_id": 7,
        "system": f"# You are the {agent} specialist",
        "user": "The case.",
        "answer_name": "specialist_verdict",
        "answer": SpecialistVerdict,
        "tools": frozenset((tools or FakeTools()).results),
    }
    return Assignment(**(values | changes))


def says(text: str | None, tokens: int = 100, **changes: Any) -> ModelReply:
    values: dict[str, Any] = {"text": text, "model": "scripted", "tokens": tokens, "duration_ms": 10}
    return ModelReply(**(values | changes))


def answers(answer: Mapping[str, Any], **changes: Any) -> ModelReply:
    return says(json.dumps(answer), **changes)


def asks(*calls: tuple[str, Mapping[str, Any] | str], **changes: Any) -> ModelReply:
    """A turn that asks for tools; arguments as an object, or as the text that a model wrote."""
    requests = tuple(
        ToolRequest(
            call_id=f"call-{number}",
            tool=tool,
            arguments=arguments if isinstance(arguments, str) else json.dumps(arguments),
        )
        for number, (tool, arguments) in enumerate(calls, start=1)
    )
    return says(None, tool_requests=requests, **changes)


def a_verdict(score: float | None = 0.2, evidence_ids: Sequence[str] = ("e-1",), **changes: Any) -> dict[str, Any]:
    verdict: dict[str, Any] = {
        "evaluable": True,
        "reason": None,
        "risk_score": score,
        "findings": [{"statement": "As it was.", "evidence_ids": list(evidence_ids)}],
        "suspicious_charge_ids": [],
        "feedback_answer": None,
    }
    return verdict | changes


@dataclass
class ScriptedModel:
    """Gives its turns one after the other; an exception is raised. Running out of turns fails the test."""

    turns: list[Turn]
    requests: list[ModelRequest] = field(default_factory=list[ModelRequest])
    timeouts: list[float] = field(default_factory=list[float])

    def complete(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        self.requests.append(request)
        self.timeouts.append(timeout_s)
        assert self.turns, "the model was asked more often than the script foresees"
        turn = self.turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn


@dataclass
class FakeTools:
    """Tools that take a customer id and answer as the test says; an exception is raised for the whole batch."""

    results: dict[str, JsonValue] = field(default_factory=lambda: {"get_customer": {"name": "Ada"}})
    fault: Exception | None = None
    errors: dict[str, str] = field(default_factory=dict[str, str])
    """What a tool says instead of an answer."""
    batches: list[tuple[ToolInvocation, ...]] = field(default_factory=list[tuple[ToolInvocation, ...]])

    def describe(self) -> tuple[ToolDescription, ...]:
        return tuple(
            ToolDescription(name=name, description=name, parameters=CUSTOMER_ARGUMENTS) for name in self.results
        )

    def invoke(self, calls: Sequence[ToolInvocation], timeout_s: float) -> tuple[ToolOutcome, ...]:
        self.batches.append(tuple(calls))
        if self.fault is not None:
            raise self.fault
        return tuple(self._outcome(call.tool) for call in calls)

    def _outcome(self, tool: str) -> ToolOutcome:
        if tool in self.errors:
            return ToolOutcome(ok=False, result={"error": self.errors[tool]}, duration_ms=5)
        return ToolOutcome(ok=True, result=self.results[tool], duration_ms=5)


@dataclass
class MemoryJournal:
    """A journal that can die right before or right after it writes."""

    entries: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    dies_before: str | None = None
    dies_after: str | None = None
    on_record: Callable[[], object] = lambda: None

    def save_journal(self, case_id: str, entries: Sequence[JournalEntry]) -> None:
        keys = {entry.key for entry in entries}
        if self.dies_before in keys:
            raise ProcessDied
        for entry in entries:
            self.entries.setdefault((case_id, entry.key), entry.body)
        self.on_record()
        if self.dies_after in keys:
            raise ProcessDied

    @property
    def keys(self) -> list[str]:
        return [key for _, key in self.entries]

    def run(self, run: str = "r1-location", case_id: str = "case-1") -> RunJournal:
        """What an attempt at this run begins with."""
        kept = {key: body for (case, key), body in self.entries.items() if case == case_id}
        return RunJournal(self, case_id, run, kept)


def no_journal(run: str = "r1-location") -> RunJournal:
    """Of a run that nobody has begun, and nobody takes up again."""
    return MemoryJournal().run(run)


class ProcessDied(BaseException):
    """The worker was killed at this point: nothing in it may catch this."""


def a_loop(
    model: ScriptedModel,
    tools: FakeTools | None = None,
    limits: Limits | None = None,
    monotonic: Callable[[], float] = lambda: 0.0,
    pause: Callable[[float], None] = lambda _: None,
    budget: BudgetGuard | None = None,
) -> AgentLoop:
    return AgentLoop(
        model,
        tools or FakeTools(),
        limits or Limits(),
        monotonic=monotonic,
        now=lambda: NOON,
        pause=pause,
        budget=budget,
    )


def run(
    *turns: Turn, tools: FakeTools | None = None, journal: MemoryJournal | None = None, **options: Any
) -> Result[SpecialistVerdict]:
    """One attempt, with all that it did on record in the end."""
    tools, journal = tools or FakeTools(), journal or MemoryJournal()
    attempt = journal.run()
    result = a_loop(ScriptedModel(list(turns)), tools, **options).run(an_assignment(tools), attempt)
    attempt.keep()
    return result


def judged(order: AssessmentTask, model: ScriptedModel, limits: Limits | None = None) -> AggregatorAnswer:
    return AggregatorAgent(a_loop(model, limits=limits), PROMPTS).judge(order, no_journal("r1-aggregator"))
