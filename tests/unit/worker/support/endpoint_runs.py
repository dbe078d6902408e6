"""An agent's run against a model endpoint, and the turns that the endpoint answers with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.journal import JournalEntry
from contracts.spend import ModelUse
from tests.unit.worker.support.agents import FakeTools, a_verdict, an_assignment
from tests.unit.worker.support.cases import NOON
from tests.unit.worker.support.endpoint import (
    JsonObject,
    Said,
    completion,
)
from worker.adapters.client_loop import ClientLoop
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import OpenAIProvider, open_client
from worker.agents.journal import RunJournal
from worker.agents.limits import Limits
from worker.agents.loop import AgentLoop, Result
from worker.agents.response_schemas import SpecialistVerdict
from worker.ports.model import Model, ToolCalling

ARGUMENTS = '{"customer_id": 7}'
VERDICT = json.dumps(a_verdict(0.3, ["r1-usage-1"]))
DONE = completion(VERDICT)


@dataclass
class Kept:
    """A journal that remembers what each step cost."""

    entries: list[JournalEntry] = field(default_factory=list[JournalEntry])

    def save_journal(self, case_id: str, entries: Sequence[JournalEntry]) -> None:
        known = {entry.key for entry in self.entries}
        self.entries += [entry for entry in entries if entry.key not in known]

    def run(self) -> RunJournal:
        return RunJournal(self, "case-1", "r1-usage", {entry.key: entry.body for entry in self.entries})

    @property
    def uses(self) -> list[ModelUse]:
        return [entry.use for entry in self.entries if entry.use is not None]


@dataclass
class Outcome:
    """The result of a run, its records, and its tool calls."""

    result: Result[SpecialistVerdict]
    kept: Kept
    tools: FakeTools

    @property
    def arguments(self) -> list[Mapping[str, Any]]:
        return [call.arguments for batch in self.tools.batches for call in batch]


def a_model(loop: ClientLoop, url: str, tool_calling: ToolCalling = "native") -> OpenAIModel:
    client = open_client(OpenAIProvider(url, "m-1"))
    loop.close_with(client.close)
    return OpenAIModel(client, "m-1", loop, tool_calling)


def investigate(model: Model, kept: Kept | None = None, limits: Limits | None = None) -> Outcome:
    kept, tools = kept or Kept(), FakeTools({"get_customer": {"name": "Ada"}})
    agent = AgentLoop(model, tools, limits or Limits(), monotonic=lambda: 0.0, now=lambda: NOON, pause=lambda _: None)
    journal = kept.run()
    result = agent.run(an_assignment(tools, "usage"), journal)
    journal.keep()
    return Outcome(result, kept, tools)


def asks(call: JsonObject | list[JsonObject] | None = None, content: Any = None, **message: Any) -> Said:
    """A turn that asks for tools."""
    calls = call if isinstance(call, list) else [call or a_call()]
    return completion(content, finish="tool_calls", tool_calls=calls, **message)


def a_call(call_id: Any = "c1", name: Any = "get_customer", arguments: Any = ARGUMENTS, **more: Any) -> JsonObject:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def changed(said: Said, **changes: Any) -> Said:
    return Said(said.status, {**said.body, **changes})


def raw(said: Said, old: str, new: bytes) -> Said:
    """The answer with a part of its bytes exchanged."""
    return Said(raw=json.dumps(said.body, ensure_ascii=False).encode().replace(old.encode(), new))
