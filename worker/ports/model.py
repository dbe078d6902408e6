"""The port of the language model."""

from typing import Annotated, Literal, Protocol

from pydantic import Field, JsonValue

from contracts.base import Contract, FiniteJson
from worker.ports.tools import ToolDescription

ToolCalling = Literal["auto", "native", "apart", "schema"]
"""How a deployment is asked for tool calls: see `worker/adapters/dialects.py`; `auto` finds out."""


class ModelUnavailable(Exception):
    """The model did not answer this time: asking again later may help. The message is one sentence without secrets.

    `retry_after_s`: how long to wait, when that is known. `asked`: False when nothing was sent, because what is
    configured is known to be down; such a try costs nothing. `endpoint_is_well`: True when only this one answer failed,
    which says nothing about the next. `cut_short`: True when the model had less than its time, because the call had
    waited: it may be well or not.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        asked: bool = True,
        endpoint_is_well: bool = False,
        cut_short: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.asked = asked
        self.endpoint_is_well = endpoint_is_well
        self.cut_short = cut_short


class ModelRejected(Exception):
    """The model refuses this request whenever it is asked. The message is one sentence without secrets.

    `elsewhere`: the fault lies in how this deployment is set up, so another one may well answer.
    """

    def __init__(self, message: str, *, elsewhere: bool = False) -> None:
        super().__init__(message)
        self.elsewhere = elsewhere


Extra = dict[str, FiniteJson]
"""What an endpoint says of a turn beyond what is read of it (signatures, reasoning): it wants that back word for word,
and no other endpoint does."""


MAX_ARGUMENTS = 4_000
"""Characters of the arguments of one tool call: no tool takes nearly as many."""
MAX_CALLS = 32
"""Tool calls of one answer that are read: twice what a run may make."""
MAX_CALL_ID = 16_000
"""Characters of the id of a call: some gateways put signatures into it."""


class ToolRequest(Contract):
    """One tool call that the model asks for. `arguments` is the JSON text that it wrote, valid or not."""

    call_id: str
    tool: str
    arguments: str
    extra: Extra | None = None
    left_out: Annotated[int, Field(ge=1)] | None = None
    """Characters of arguments that were left out, because they are more than MAX_ARGUMENTS."""


Finish = Literal["complete", "length", "content_filter"]
"""Why the model stopped: it had said all, or it was cut off."""


class ModelReply(Contract):
    """One answer of the model: tool requests, or text, or a refusal, or nothing at all."""

    text: str | None = None
    refusal: str | None = None
    tool_requests: tuple[ToolRequest, ...] = ()
    finish: Finish = "complete"
    model: str
    """Which model answered, in the endpoint's own words."""
    tokens: Annotated[int, Field(ge=0)] = 0
    """Prompt and completion together; estimated when the endpoint does not count them."""
    input_tokens: Annotated[int, Field(ge=0)] = 0
    output_tokens: Annotated[int, Field(ge=0)] = 0
    duration_ms: Annotated[int, Field(ge=0)] = 0
    estimated: bool | None = None
    """True where tokens are estimated, because the endpoint did not count all of them."""
    extra: Extra | None = None
    origin: str | None = None
    """Which deployment answered, where it wants something back."""
    host: str | None = None
    """Where it answered: host and port, as they are configured."""
    calls_left_out: Annotated[int, Field(ge=1)] | None = None
    """Tool calls that were left out, because they are more than MAX_CALLS."""
    lost: str | None = None
    """One sentence on why nothing arrived of an answer that was paid for: asking again may help."""
    too_long: Annotated[int, Field(ge=1)] | None = None
    """Bytes that were read of an answer that has more, and of which nothing counts therefore."""


class Message(Contract):
    """One turn of a conversation. `tool_requests` only from the assistant, `call_id` only from a tool."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str | None = None
    tool_requests: tuple[ToolRequest, ...] = ()
    call_id: str | None = None
    extra: Extra | None = None
    origin: str | None = None
    """Which deployment said it: `extra`, here and in `tool_requests`, goes to that one only."""


class AnswerFormat(Contract):
    """The JSON schema that the final answer must follow."""

    name: str
    json_schema: dict[str, JsonValue]


class ModelRequest(Contract):
    """What is sent to the model."""

    messages: tuple[Message, ...]
    tools: tuple[ToolDescription, ...] = ()
    may_call_tools: bool = True
    """False when the answer is due now."""
    answer_format: AnswerFormat


class Model(Protocol):
    """A chat-completions model with tools and structured answers."""

    def complete(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        """The model's next turn, within `timeout_s` seconds; no deployment is asked twice.

        Raises ModelUnavailable (no answer, overload, server fault) or ModelRejected (bad request, no permission).
        """
        ...
