"""The bounded tool loop: model call, tool calls, model call, …, and a structured answer or none."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from contracts.hashing import content_hash
from contracts.ids import evidence_id, run_id
from contracts.report import Evidence, ToolCall
from contracts.spend import ModelUse
from worker.agents.budget import BudgetGuard
from worker.agents.conversation import repair_request, tool_answer
from worker.agents.journal import RecordedBatch, RecordedCall, RunJournal
from worker.agents.limits import Limits
from worker.agents.pricing import Prices, load_prices
from worker.agents.response_schemas import Answer, BadAnswer, answer_format, read_answer
from worker.agents.retry_policy import RetriesExhausted, RetryPolicy
from worker.agents.toolcalls import NO_TOOLS, BadToolRequest, ToolScope, Toolset, readable_arguments
from worker.agents.usage import Usage
from worker.ports.model import Message, Model, ModelRejected, ModelReply, ModelRequest, ToolRequest
from worker.ports.tools import ToolBox, ToolInvocation, ToolOutcome

log = logging.getLogger(__name__)

Asked = TypeVar("Asked")

NOTHING_SAID = "(nothing)"
"""Replaces an empty answer: many endpoints refuse a turn of the assistant without text."""


@dataclass(frozen=True)
class Assignment(Generic[Answer]):
    """What one agent is to find out in one round."""

    case_id: str
    round: int
    agent: str
    """`location`, …, `aggregator`: names the run and the evidence ids."""
    customer_id: int
    system: str
    user: str
    answer_name: str
    answer: type[Answer]
    tools: frozenset[str] = frozenset()
    """Names of the tools that it may use, of those that its tool box offers."""
    toolbox: ToolBox | None = None
    """What it works with instead of the tool box that all runs share."""
    objection: Callable[[Answer, Sequence[Evidence]], str | None] | None = None
    """What is wrong with a valid answer: the model may correct it once, and otherwise it counts as it is."""


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
    patience: RetryPolicy
    deadline: float
    messages: list[Message]
    tools: ToolScope
    usage: Usage = field(default_factory=Usage)
    batches: list[RecordedBatch] = field(default_factory=list[RecordedBatch])
    repaired: bool = False
    usable: Answer | None = None
    """A valid answer that the model was asked to correct."""
    corrected: bool = False
    """Whether an invalid tool request was returned to the model."""
    lost: str | None = None
    """Why the last answer did not arrive, although it was paid for."""

    @property
    def calls(self) -> list[RecordedCall]:
        return [call for batch in self.batches for call in batch.calls]


class AgentLoop:
    """Runs one assignment at a time per thread, within limits.

    Answers and tool requests are validated against their schemas; the model may correct each once. A transient fault is
    retried here and nowhere else, within the run's time limit. Whatever happens, the run ends with a Result.
    """

    def __init__(
        self,
        model: Model,
        tools: ToolBox,
        limits: Limits,
        *,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        pause: Callable[[float], None],
        prices: Prices | None = None,
        budget: BudgetGuard | None = None,
    ) -> None:
        """`prices` are by default those of this release; without `budget` there is none."""
        self._model = model
        self._tools = tools
        self._limits = limits
        self._monotonic = monotonic
        self._now = now
        self._pause = pause
        self._prices = prices or load_prices()
        self._budget = budget
        self._toolset = NO_TOOLS

    def run(self, assignment: Assignment[Answer], journal: RunJournal) -> Result[Answer]:
        """The agent's answer, or one sentence on why there is none.

        What `journal` still holds at the end is the caller's to keep, with what comes of the answer.
        """
        run = _Run(
            assignment,
            journal,
            RetryPolicy(
                self._limits, f"{assignment.case_id} {run_id(assignment.round, assignment.agent)}", self._pause
            ),
            self._monotonic() + self._limits.seconds,
            [Message(role="system", text=assignment.system), Message(role="user", text=assignment.user)],
            NO_TOOLS.scope(frozenset(), assignment.customer_id),
        )
        try:
            run.tools = self._offered(run)
            return _result(run, self._converse(run), None)
        except (_NoAnswer, RetriesExhausted, ModelRejected) as reason:
            return _result(run, run.usable, None if run.usable is not None else str(reason))

    def _offered(self, run: _Run[Answer]) -> ToolScope:
        wanted = run.assignment.tools
        if not wanted:
            return run.tools
        listing = self._patiently(run, self._toolbox_of(run).describe)
        toolset = self._toolset
        if toolset.listing is not listing:
            toolset = self._toolset = Toolset(listing)
        scope = toolset.scope(wanted, run.assignment.customer_id)
        if not scope.offered:
            raise _NoAnswer(f"The tool server offers none of the {run.assignment.agent} specialist's tools.")
        return scope

    def _toolbox_of(self, run: _Run[Answer]) -> ToolBox:
        return run.assignment.toolbox or self._tools

    def _converse(self, run: _Run[Answer]) -> Answer:
        for number in range(1, self._limits.model_calls + 1):
            reply = self._ask(run, number)
            run.lost = reply.lost
            if reply.lost is not None:
                log.warning(
                    "%s It was paid for, and is asked for again.",
                    reply.lost,
                    extra={"case_id": run.assignment.case_id},
                )
                continue
            problem = _cut_off(reply)
            if reply.calls_left_out:
                log.warning("The model asked for %d tool calls too many in one answer.", reply.calls_left_out)
            if problem is None and reply.tool_requests:
                if number < self._limits.model_calls:
                    self._use_tools(run, number, reply)
                continue
            try:
                if problem is not None:
                    raise BadAnswer(problem)
                answer = read_answer(reply.text, run.assignment.answer)
            except BadAnswer as bad:
                _ask_for_repair(run, reply, str(bad))
                continue
            objection = _objection(run, answer) if number < self._limits.model_calls else None
            if objection is None:
                return answer
            run.usable = answer
            _ask_for_repair(run, reply, objection)
        raise _NoAnswer(run.lost or f"The model reached no answer within {self._limits.model_calls} calls.")

    def _ask(self, run: _Run[Answer], number: int) -> ModelReply:
        if run.usage.tokens >= self._limits.tokens:
            raise _NoAnswer(run.lost or f"The limit of {self._limits.tokens} tokens was reached without an answer.")
        request = ModelRequest(
            messages=tuple(run.messages),
            tools=run.tools.offered,
            may_call_tools=number < self._limits.model_calls and run.usage.tool_calls < self._limits.tool_calls,
            answer_format=answer_format(run.assignment.answer_name, run.assignment.answer),
        )

        def ask() -> ModelReply:
            timeout_s = min(self._limits.model_timeout_s, self._seconds_left(run))
            return self._model.complete(request, timeout_s)

        def paid() -> ModelReply:
            refusal = self._budget.refusal(run.assignment.case_id) if self._budget else None
            if refusal is not None:
                raise _NoAnswer(refusal)
            return self._patiently(run, ask)

        reply = run.journal.model_call(number, paid, lambda new: self._use_of(run, new))
        run.usage = run.usage.plus_reply(reply, self._prices.cost_of(reply))
        return reply

    def _use_of(self, run: _Run[Answer], reply: ModelReply) -> ModelUse:
        return ModelUse(
            round=run.assignment.round,
            agent=run.assignment.agent,
            model=reply.model,
            input_tokens=reply.input_tokens,
            output_tokens=max(reply.output_tokens, reply.tokens - reply.input_tokens),
            cost_usd=self._prices.cost_of(reply),
        )

    def _use_tools(self, run: _Run[Answer], number: int, reply: ModelReply) -> None:
        room = max(0, self._limits.tool_calls - run.usage.tool_calls)
        if reply.calls_left_out:
            room = min(room, len(reply.tool_requests) - 1)  # the last one says that there were more
        within, beyond = reply.tool_requests[:room], reply.tool_requests[room:]
        checked = self._check(run, within) + [self._not_run(reply, room)] * len(beyond)
        # What is not carried out is on record all the same, so that nobody takes it for answered.
        asked = (*within, *(request.model_copy(update={"arguments": "{}"}) for request in beyond))
        batch = run.journal.tool_batch(number, lambda: self._run_tools(run, asked, checked))
        run.batches.append(batch)
        run.usage = run.usage.plus_batch(batch)
        run.messages.append(_turn(reply, reply.text))
        run.messages.extend(
            Message(role="tool", call_id=request.call_id, text=self._as_data(call.evidence))
            for request, call in zip(reply.tool_requests, batch.calls, strict=True)
        )

    def _not_run(self, reply: ModelReply, room: int) -> ToolOutcome:
        asked = len(reply.tool_requests) + (reply.calls_left_out or 0)
        why = (
            f"Not carried out: {asked:,} calls were asked for and {room} of the {self._limits.tool_calls} that a run "
            "may make were left. Answer from what is there."
        )
        return ToolOutcome(ok=False, result={"error": why})

    def _check(self, run: _Run[Answer], requests: Sequence[ToolRequest]) -> list[ToolInvocation | ToolOutcome]:
        """Each request as a call, or as the error that is returned to the model, once in a run."""
        checked: list[ToolInvocation | ToolOutcome] = []
        problems: list[str] = []
        for request in requests:
            try:
                checked.append(run.tools.check(request))
            except BadToolRequest as bad:
                problems.append(str(bad))
                checked.append(ToolOutcome(ok=False, result={"error": str(bad)}))
        if problems and run.corrected:
            raise _NoAnswer(f"The model asked for a tool wrongly, again after it had been told why: {problems[0]}")
        run.corrected = run.corrected or bool(problems)
        return checked

    def _run_tools(
        self, run: _Run[Answer], requests: Sequence[ToolRequest], checked: Sequence[ToolInvocation | ToolOutcome]
    ) -> RecordedBatch:
        valid = [call for call in checked if isinstance(call, ToolInvocation)]

        def invoke() -> tuple[ToolOutcome, ...]:
            timeout_s = min(self._limits.tool_timeout_s, self._seconds_left(run))
            return self._toolbox_of(run).invoke(valid, timeout_s)

        answers = iter(self._patiently(run, invoke) if valid else ())
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

    def _as_data(self, evidence: Evidence) -> str:
        return tool_answer(
            evidence.evidence_id, evidence.tool, ok=evidence.ok, result=evidence.result, limit=self._limits.tool_text
        )

    def _patiently(self, run: _Run[Answer], once: Callable[[], Asked]) -> Asked:
        return run.patience.ask(once, lambda: run.deadline - self._monotonic())

    def _seconds_left(self, run: _Run[Answer]) -> float:
        left = run.deadline - self._monotonic()
        if left <= 0:
            slow = f"There was no answer within {self._limits.seconds:g} seconds."
            raise _NoAnswer(run.patience.last_fault or run.lost or slow)
        return left


def _cut_off(reply: ModelReply) -> str | None:
    """Why the model must repeat a reply, whatever its content. Raises _NoAnswer when a repetition would not help."""
    if reply.refusal:
        raise _NoAnswer("The model refused to answer.")
    if reply.finish == "content_filter":
        raise _NoAnswer("The content filter of the model endpoint withheld the answer.")
    if reply.too_long is not None:
        return f"it was longer than {reply.too_long:,} bytes, so be briefer"
    if reply.finish == "length":
        return "it was cut off at the model's length limit, so be briefer"
    return None


def _objection(run: _Run[Answer], answer: Answer) -> str | None:
    """What the model must correct in an answer; None after it was asked once."""
    check = run.assignment.objection
    return None if check is None or run.repaired else check(answer, [call.evidence for call in run.calls])


def _ask_for_repair(run: _Run[Answer], reply: ModelReply, problem: str) -> None:
    if run.repaired:
        raise _NoAnswer(f"The model gave no usable answer, not even when asked again: {problem.rstrip('.')}.")
    run.repaired = True
    # Nothing was run of what it asked for, and requests without results would be refused.
    run.messages.append(_turn(reply.model_copy(update={"tool_requests": ()}), reply.text or NOTHING_SAID))
    run.messages.append(Message(role="user", text=repair_request(problem)))


def _turn(reply: ModelReply, text: str | None) -> Message:
    return Message(
        role="assistant", text=text, tool_requests=reply.tool_requests, extra=reply.extra, origin=reply.origin
    )


def _result(run: _Run[Answer], answer: Answer | None, failure: str | None) -> Result[Answer]:
    log.info(
        "The %s run ended %s: %d model calls, %d retries, %d tool calls, %d tokens, %d ms.",
        run.assignment.agent,
        "with an answer" if failure is None else f"without an answer ({failure})",
        run.usage.model_calls,
        run.patience.retries,
        run.usage.tool_calls,
        run.usage.tokens,
        run.usage.duration_ms,
        extra={"case_id": run.assignment.case_id},
    )
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
