"""The bounded tool loop: model call, tool calls, model call, …, and a structured answer or none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic

from contracts.hashing import content_hash
from contracts.ids import evidence_id
from contracts.report import Evidence, ToolCall
from worker.agents.conversation import repair_request, tool_answer
from worker.agents.journal import RecordedBatch, RecordedCall, RunJournal
from worker.agents.limits import Limits
from worker.agents.toolcalls import BadToolRequest, ToolScope, readable_arguments
from worker.agents.verdicts import Answer, BadAnswer, answer_format, read_answer
from worker.ports.model import Message, Model, ModelRejected, ModelReply, ModelRequest, ToolRequest
from worker.ports.record import Journal
from worker.ports.tools import ToolBox, ToolDescription, ToolInvocation, ToolOutcome


@dataclass(frozen=True)
class Assignment(Generic[Answer]):
    """What one agent is to find out in one round."""

    case_id: str
    round: int
    agent: str
    """`location`, …, `aggregator`: names the journal keys and the evidence ids."""
    customer_id: int
    system: str
    user: str
    answer_name: str
    answer: type[Answer]
    tools: tuple[ToolDescription, ...] = ()


@dataclass(frozen=True)
class Usage:
    """What a run has used so far; what a journal recalled counts like the first time."""

    model: str | None = None
    tokens: int = 0
    duration_ms: int = 0
    tool_calls: int = 0

    def plus_reply(self, reply: ModelReply) -> "Usage":
        """With one more model call."""
        return Usage(reply.model, self.tokens + reply.tokens, self.duration_ms + reply.duration_ms, self.tool_calls)

    def plus_batch(self, batch: RecordedBatch) -> "Usage":
        """With the tool calls of one turn, which ran side by side."""
        longest = max((call.duration_ms for call in batch.calls), default=0)
        return Usage(self.model, self.tokens, self.duration_ms + longest, self.tool_calls + len(batch.calls))


@dataclass(frozen=True)
class Result(Generic[Answer]):
    """An answer, or one sentence on why there is none; and all that was recorded on the way."""

    answer: Answer | None
    failure: str | None
    usage: Usage
    evidence: tuple[Evidence, ...]
    tool_calls: tuple[ToolCall, ...]


class _NoAnswer(Exception):
    """The run is over without an answer; the message is the sentence that says why."""


@dataclass
class _Run(Generic[Answer]):
    """One attempt under way."""

    assignment: Assignment[Answer]
    journal: RunJournal
    started: float
    messages: list[Message]
    usage: Usage = field(default_factory=Usage)
    batches: list[RecordedBatch] = field(default_factory=list[RecordedBatch])
    repaired: bool = False

    @property
    def calls(self) -> list[RecordedCall]:
        return [call for batch in self.batches for call in batch.calls]


class AgentLoop:
    """Runs one assignment at a time per thread, within limits.

    Answers are held to their schema; a wrong one may be repaired once. A fault that may pass (ModelUnavailable,
    ToolsUnavailable) is raised for the durable retry; everything else ends as a Result without an answer.
    """

    def __init__(
        self,
        model: Model,
        tools: ToolBox,
        journal: Journal,
        limits: Limits,
        *,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._model = model
        self._tools = tools
        self._journal = journal
        self._limits = limits
        self._monotonic = monotonic
        self._now = now

    def run(self, assignment: Assignment[Answer]) -> Result[Answer]:
        """The agent's answer. Raises ModelUnavailable or ToolsUnavailable."""
        prefix = f"r{assignment.round}-{assignment.agent}"
        run = _Run(
            assignment,
            RunJournal(self._journal, assignment.case_id, prefix),
            self._monotonic(),
            [Message(role="system", text=assignment.system), Message(role="user", text=assignment.user)],
        )
        try:
            return _result(run, self._converse(run), None)
        except _NoAnswer as reason:
            return _result(run, None, str(reason))
        except ModelRejected as rejection:
            return _result(run, None, str(rejection))

    def _converse(self, run: _Run[Answer]) -> Answer:
        for number in range(1, self._limits.model_calls + 1):
            reply = self._ask(run, number)
            if reply.tool_requests:
                self._use_tools(run, number, reply)
                continue
            if reply.refusal:
                raise _NoAnswer("The model refused to answer.")
            try:
                return read_answer(reply.text, run.assignment.answer)
            except BadAnswer as bad:
                _ask_for_repair(run, reply, bad)
        raise _NoAnswer(f"The model reached no answer within {self._limits.model_calls} calls.")

    def _ask(self, run: _Run[Answer], number: int) -> ModelReply:
        if run.usage.tokens >= self._limits.tokens:
            raise _NoAnswer(f"The limit of {self._limits.tokens} tokens was reached without an answer.")
        request = ModelRequest(
            messages=tuple(run.messages),
            tools=run.assignment.tools,
            may_call_tools=number < self._limits.model_calls,
            answer_format=answer_format(run.assignment.answer_name, run.assignment.answer),
        )
        timeout_s = min(self._limits.model_timeout_s, self._seconds_left(run))
        reply = run.journal.model_call(number, lambda: self._model.complete(request, timeout_s))
        run.usage = run.usage.plus_reply(reply)
        return reply

    def _use_tools(self, run: _Run[Answer], number: int, reply: ModelReply) -> None:
        if run.usage.tool_calls + len(reply.tool_requests) > self._limits.tool_calls:
            raise _NoAnswer(f"The model asked for more than {self._limits.tool_calls} tool calls.")
        batch = run.journal.tool_batch(number, lambda: self._run_tools(run, reply.tool_requests))
        run.batches.append(batch)
        run.usage = run.usage.plus_batch(batch)
        run.messages.append(Message(role="assistant", text=reply.text, tool_requests=reply.tool_requests))
        run.messages.extend(
            Message(role="tool", call_id=request.call_id, text=_as_data(call.evidence))
            for request, call in zip(reply.tool_requests, batch.calls, strict=True)
        )

    def _run_tools(self, run: _Run[Answer], requests: Sequence[ToolRequest]) -> RecordedBatch:
        scope = ToolScope(run.assignment.tools, run.assignment.customer_id)
        checked = [_checked(scope, request) for request in requests]
        timeout_s = min(self._limits.tool_timeout_s, self._seconds_left(run))
        valid = [call for call in checked if isinstance(call, ToolInvocation)]
        answers = iter(self._tools.invoke(valid, timeout_s) if valid else ())
        outcomes = [next(answers) if isinstance(call, ToolInvocation) else call for call in checked]
        first = run.usage.tool_calls + 1
        return RecordedBatch(
            calls=tuple(
                self._record(run, first + offset, request, outcome)
                for offset, (request, outcome) in enumerate(zip(requests, outcomes, strict=True))
            )
        )

    def _record(self, run: _Run[Answer], number: int, request: ToolRequest, outcome: ToolOutcome) -> RecordedCall:
        evidence = Evidence(
            evidence_id=evidence_id(run.assignment.round, run.assignment.agent, number),
            tool=request.tool,
            arguments=readable_arguments(request) or {},
            ok=outcome.ok,
            result=outcome.result,
            recorded_at=self._now(),
        )
        return RecordedCall(evidence=evidence, duration_ms=outcome.duration_ms)

    def _seconds_left(self, run: _Run[Answer]) -> float:
        left = self._limits.seconds - (self._monotonic() - run.started)
        if left <= 0:
            raise _NoAnswer(f"There was no answer within {self._limits.seconds:g} seconds.")
        return left


def _checked(scope: ToolScope, request: ToolRequest) -> ToolInvocation | ToolOutcome:
    try:
        return scope.check(request)
    except BadToolRequest as bad:
        return ToolOutcome(ok=False, result={"error": str(bad)})


def _ask_for_repair(run: _Run[Answer], reply: ModelReply, bad: BadAnswer) -> None:
    if run.repaired:
        raise _NoAnswer(f"The model gave no usable answer, not even when asked again: {str(bad).rstrip('.')}.")
    run.repaired = True
    run.messages.append(Message(role="assistant", text=reply.text or ""))
    run.messages.append(Message(role="user", text=repair_request(str(bad))))


def _as_data(evidence: Evidence) -> str:
    return tool_answer(evidence.evidence_id, evidence.tool, ok=evidence.ok, result=evidence.result)


def _result(run: _Run[Answer], answer: Answer | None, failure: str | None) -> Result[Answer]:
    return Result(
        answer,
        failure,
        run.usage,
        tuple(call.evidence for call in run.calls),
        tuple(_tool_call(call) for call in run.calls),
    )


def _tool_call(call: RecordedCall) -> ToolCall:
    evidence = call.evidence
    return ToolCall(
        tool_call_id=evidence.evidence_id,
        tool=evidence.tool,
        arguments=evidence.arguments,
        ok=evidence.ok,
        result_hash=content_hash({"result": evidence.result}),
        duration_ms=call.duration_ms,
    )
