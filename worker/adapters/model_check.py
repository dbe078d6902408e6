"""`models check`: tests what the configured models can do: plain text, tools, structured answers, streaming."""

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

import aiohttp
import anyio
import anyio.to_thread
from openai import AsyncOpenAI, OpenAIError

from contracts.alert import Alert
from contracts.investigation import InvestigationPolicy, SpecialistTask
from contracts.journal import JournalEntry
from worker.adapters.client_loop import ClientLoop
from worker.adapters.model_errors import NO_COMPLETION, NOT_IN_TIME, IdentityUnavailable, fault_of
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import Provider, open_client
from worker.adapters.rate_limiter import RateLimiter
from worker.agents.conversation import specialist_case
from worker.agents.journal import RunJournal
from worker.agents.limits import Limits
from worker.agents.loop import AgentLoop, Assignment, Result
from worker.agents.prompts import load_prompts
from worker.agents.response_schemas import BadAnswer, SpecialistVerdict, answer_format, read_answer
from worker.agents.specialists import SPECIALIST_TOOLS
from worker.ports.model import Message, ModelRejected, ModelRequest, ModelUnavailable
from worker.ports.tools import ToolDescription, ToolInvocation, ToolOutcome

Ability = Literal["plain", "tools", "structured", "streaming"]
NEEDED: frozenset[Ability] = frozenset({"plain", "tools", "structured"})
"""Investigations do not stream."""

TOOLS_FILE = Path(__file__).parent / "model_check_tools.json"
"""The location specialist's tools, word for word as the tool server describes them."""
TURNS = 4
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
    """Every provider, one after the other; a few calls each, `timeout_s` seconds at most for one."""
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
    # A few calls of a person are no part of the worker's share, but the provider's own limit holds for them.
    limiter = RateLimiter(provider.name, window_s=provider.limit_window_s)
    model = OpenAIModel(client, provider.model, loop, provider.tool_calling, limiter=limiter)
    tries: dict[Ability, Callable[[], Awaitable[str]]] = {
        "plain": partial(_plain, client, provider.model, timeout_s),
        "tools": partial(_tools, model, timeout_s),
        "structured": partial(_structured, model, timeout_s),
        "streaming": partial(_streaming, client, provider.model, timeout_s),
    }
    try:
        return ModelCheck(
            provider.name,
            tuple(
                [
                    await _probe(name, attempt, timeout_s * (TURNS + 1 if name == "tools" else 1))
                    for name, attempt in tries.items()
                ]
            ),
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
    except (OpenAIError, aiohttp.ClientError, IdentityUnavailable) as error:
        problem = str(fault_of(error, datetime.now(UTC)))
    except Exception:
        # The client's own reading of what is no completion fails in many ways.
        problem = NO_COMPLETION
    return Probe(ability, problem, round((time.monotonic() - started) * 1000), note)


async def _plain(client: AsyncOpenAI, model: str, timeout_s: float) -> str:
    completion = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Say hello."}], timeout=timeout_s
    )
    if not completion.choices or not completion.choices[0].message.content:
        raise _Lacking("The model answered without any text.")
    return f"answered as {completion.model}"


class _StandIns:
    """The tools of this release, with a record that says little."""

    def __init__(self) -> None:
        self._listing = tuple(ToolDescription.model_validate(tool) for tool in json.loads(TOOLS_FILE.read_bytes()))

    def describe(self) -> tuple[ToolDescription, ...]:
        return self._listing

    def invoke(self, calls: Sequence[ToolInvocation], timeout_s: float) -> tuple[ToolOutcome, ...]:  # noqa: ARG002
        return tuple(ToolOutcome(ok=True, result={"note": f"No entries for {call.tool}."}) for call in calls)


class _Unkept:
    """A journal of a run that is never resumed."""

    def save_journal(self, case_id: str, entries: Sequence[JournalEntry]) -> None:
        pass


async def _tools(model: OpenAIModel, timeout_s: float) -> str:
    """An investigation in small: tools, their results, and a verdict after them."""
    # The agent's loop waits for this one: it must not wait on it.
    result = await anyio.to_thread.run_sync(partial(_investigate, model, timeout_s))
    if result.answer is None:
        raise _Lacking(result.failure or "The model gave no verdict.")
    if not any(call.ok for call in result.tool_calls):
        raise _Lacking(
            f"The model asked for no tool (tool calling '{model.dialect}'): "
            "if it never does, set MODEL_TOOL_CALLING=schema."
        )
    turns = result.usage.model_calls
    return f"tool calling '{model.dialect}', a verdict after {len(result.tool_calls)} tool calls in {turns} turns"


def _investigate(model: OpenAIModel, timeout_s: float) -> Result[SpecialistVerdict]:
    limits = Limits(model_calls=TURNS, retries=1, seconds=TURNS * timeout_s, model_timeout_s=timeout_s)
    agent = AgentLoop(
        model, _StandIns(), limits, monotonic=time.monotonic, now=lambda: datetime.now(UTC), pause=time.sleep
    )
    return agent.run(
        Assignment(
            case_id=_CASE.case_id,
            round=_CASE.round,
            agent=_CASE.specialist,
            customer_id=_CASE.alert.customer_id,
            system=load_prompts().of(_CASE.specialist, _CASE.policy),
            user=specialist_case(_CASE),
            answer_name="specialist_verdict",
            answer=SpecialistVerdict,
            tools=frozenset(SPECIALIST_TOOLS[_CASE.specialist]),
        ),
        RunJournal(_Unkept(), _CASE.case_id, "check", {}),
    )


async def _structured(model: OpenAIModel, timeout_s: float) -> str:
    reply = await model.reply_to(_request(), timeout_s)
    if reply.lost is not None:
        raise _Lacking(reply.lost)
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


def _request() -> ModelRequest:
    """As an investigation asks, without tools."""
    prompt = load_prompts().of(_CASE.specialist, _CASE.policy)
    return ModelRequest(
        messages=(Message(role="system", text=prompt), Message(role="user", text=specialist_case(_CASE))),
        answer_format=answer_format("specialist_verdict", SpecialistVerdict),
    )
