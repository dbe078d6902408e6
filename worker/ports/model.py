"""The language model, as the agents need it."""

from typing import Annotated, Literal, Protocol

from pydantic import Field, JsonValue

from contracts.model import Contract
from worker.ports.tools import ToolDescription


class ModelUnavailable(Exception):
    """The model did not answer this time: asking again later may help. The message is one sentence without secrets."""


class ModelRejected(Exception):
    """The model refuses this request whenever it is asked. The message is one sentence without secrets."""


class ToolRequest(Contract):
    """One tool call that the model asks for. `arguments` is the JSON text that it wrote, valid or not."""

    call_id: str
    tool: str
    arguments: str


class ModelReply(Contract):
    """One answer of the model: tool requests, or text, or a refusal, or nothing at all."""

    text: str | None = None
    refusal: str | None = None
    tool_requests: tuple[ToolRequest, ...] = ()
    model: str
    tokens: Annotated[int, Field(ge=0)] = 0
    """Prompt and completion together."""
    duration_ms: Annotated[int, Field(ge=0)] = 0


class Message(Contract):
    """One turn of a conversation. `tool_requests` only from the assistant, `call_id` only from a tool."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str | None = None
    tool_requests: tuple[ToolRequest, ...] = ()
    call_id: str | None = None


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
        """The model's next turn, within `timeout_s` seconds, asked exactly once.

        Raises ModelUnavailable (no answer, overload, server fault) or ModelRejected (bad request, no permission).
        """
        ...
