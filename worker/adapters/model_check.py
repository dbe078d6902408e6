"""What the configured models can do, tried out: plain text, tools, structured answers, streaming."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Literal

import anyio
from openai import AsyncOpenAI

from contracts.alert import Alert
from contracts.investigation import InvestigationPolicy, SpecialistTask
from worker.adapters.client_loop import ClientLoop
from worker.adapters.model_errors import NOT_IN_TIME, fault_of
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import Provider, open_client
from worker.agents.conversation import specialist_case
from worker.agents.prompting import load_prompts
from worker.agents.verdicts import BadAnswer, SpecialistVerdict, answer_format, read_answer
from worker.ports.model import Message, ModelRejected, ModelRequest, ModelUnavailable
from worker.ports.tools import ToolDescription

Ability = Literal["plain", "tools", "structured", "streaming"]
NEEDED: frozenset[Ability] = frozenset({"plain", "tools", "structured"})
"""Investigations do not stream."""

_TOOL = ToolDescription(
    name="get_customer",
    description="The customer's record.",
    parameters={
        "type": "object",
        "properties": {"customer_id": {"type": "integer"}},
        "required": ["customer_id"],
        "additionalProperties": False,
    },
)
_CASE = SpecialistTask(
    case_id="case-models-check",
    round=1,
    specialist="location",
    alert=Alert(
        alert_id="models-check",
        customer_id=1,
        alert_type="impossible_travel",
        rule_id="impossible_travel",
        rule_version=1,
        severity="low",
        description="No real alert: a look at what the configured model can do.",
        raised_at=datetime(2026, 1, 1, tzinfo=UTC),
        source="manual",
    ),
    policy=InvestigationPolicy(),
)


@dataclass(frozen=True)
class Probe:
    """One ability of one deployment: `problem` is one exact sentence, or None when it is there."""

    ability: Ability
    problem: str | None
    duration_ms: int
    note: str = ""


@dataclass(frozen=True)
class ModelCheck:
    """All abilities of one deployment."""

    name: str
    probes: tuple[Probe, ...]

    @property
    def usable(self) -> bool:
        """Whether investigations can be run on it."""
        return all(probe.problem is None for probe in self.probes if probe.ability in NEEDED)


class _Lacking(Exception):
    """The endpoint answered, but not with what was asked for; the message is the sentence that says so."""


def check_models(providers: Sequence[Provider], loop: ClientLoop, timeout_s: float) -> tuple[ModelCheck, ...]:
    """Every provider, one after the other; up to four calls each, `timeout_s` seconds at most for one."""
    return tuple(loop.call(partial(_check, provider, loop, timeout_s)) for provider in providers)


def table(checks: Sequence[ModelCheck]) -> str:
    """What was found, for people: a line for each ability, and what does not work in one sentence."""
    lines: list[str] = []
    for check in checks:
        lines.append(f"{check.name}: {'usable' if check.usable else 'NOT usable'}")
        for probe in check.probes:
            needed = "" if probe.ability in NEEDED else " (not needed)"
            result = "ok" if probe.problem is None else "FAILED"
            lines.append(
                f"  {probe.ability:<10}  {result:<6}  {probe.duration_ms:>6} ms  {probe.problem or probe.note}{needed}"
            )
    return "\n".join(line.rstrip() for line in lines)


async def _check(provider: Provider, loop: ClientLoop, timeout_s: float) -> ModelCheck:
    client = open_client(provider)
    model = OpenAIModel(client, provider.model, loop, provider.tool_calling)
    tries: dict[Ability, Callable[[], Awaitable[str]]] = {
        "plain": partial(_plain, client, provider.model, timeout_s),
        "tools": partial(_tools, model, timeout_s),
        "structured": partial(_structured, model, timeout_s),
        "streaming": partial(_streaming, client, provider.model, timeout_s),
    }
    try:
        return ModelCheck(
            provider.name, tuple([await _probe(name, attempt, timeout_s) for name, attempt in tries.items()])
        )
    finally:
        await client.close()


async def _probe(ability: Ability, attempt: Callable[[], Awaitable[str]], timeout_s: float) -> Probe:
    started = time.monotonic()
    problem, note = None, ""
    try:
        with anyio.fail_after(timeout_s):
            note = await attempt()
    except TimeoutError:
        problem = NOT_IN_TIME
    except (_Lacking, ModelUnavailable, ModelRejected) as fault:
        problem = str(fault)
    except Exception as error:
        problem = str(fault_of(error, datetime.now(UTC)))
    return Probe(ability, problem, round((time.monotonic() - started) * 1000), note)


async def _plain(client: AsyncOpenAI, model: str, timeout_s: float) -> str:
    completion = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Say hello."}], timeout=timeout_s
    )
    if not completion.choices or not completion.choices[0].message.content:
        raise _Lacking("The model answered without any text.")
    return f"answered as {completion.model}"


async def _tools(model: OpenAIModel, timeout_s: float) -> str:
    reply = await model.reply_to(_request((_TOOL,)), timeout_s)
    if not any(request.tool == _TOOL.name for request in reply.tool_requests):
        raise _Lacking(
            f"The model asked for no tool (tool calling '{model.dialect}'): "
            "if it never does, set MODEL_TOOL_CALLING=schema."
        )
    return f"tool calling '{model.dialect}'"


async def _structured(model: OpenAIModel, timeout_s: float) -> str:
    reply = await model.reply_to(_request(()), timeout_s)
    try:
        read_answer(reply.text, SpecialistVerdict)
    except BadAnswer as bad:
        raise _Lacking(f"The model's answer does not follow the schema that it was given: {bad}.") from None
    return "follows the schema of a verdict"


async def _streaming(client: AsyncOpenAI, model: str, timeout_s: float) -> str:
    chunks = 0
    stream = await client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "Count to five."}],
        stream=True,
        timeout=timeout_s,
    )
    async for chunk in stream:
        chunks += bool(chunk.choices and chunk.choices[0].delta.content)
    if not chunks:
        raise _Lacking("The stream carried no text.")
    return f"{chunks} chunks"


def _request(tools: tuple[ToolDescription, ...]) -> ModelRequest:
    """As an investigation asks."""
    prompt = load_prompts().of(_CASE.specialist, _CASE.policy)
    return ModelRequest(
        messages=(Message(role="system", text=prompt), Message(role="user", text=specialist_case(_CASE))),
        tools=tools,
        answer_format=answer_format("specialist_verdict", SpecialistVerdict),
    )
