"""Converts a `ModelRequest` to the chat-completions API."""

from typing import Literal, cast

from openai import Omit, omit
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema
from pydantic import JsonValue

from worker.adapters.portable_schema import portable
from worker.agents.json_text import is_object
from worker.ports.model import AnswerFormat, Message, ModelRequest, ToolRequest
from worker.ports.tools import ToolDescription

JsonObject = dict[str, JsonValue]


def messages_of(request: ModelRequest, origin: str | None = None) -> list[ChatCompletionMessageParam]:
    """The conversation so far, with what the deployment `origin` wants back of its own turns."""
    return [_message(message, origin) for message in request.messages]


def tools_of(request: ModelRequest) -> list[ChatCompletionFunctionToolParam] | Omit:
    """The tools, if there are any."""
    return [_tool(tool) for tool in request.tools] or omit


def tool_choice_of(request: ModelRequest) -> Literal["none"] | Omit:
    """`none` when the answer is due; with tools in the conversation, they stay listed all the same."""
    return "none" if request.tools and not request.may_call_tools else omit


def extra_of(message: Message, origin: str | None) -> JsonObject:
    """What goes back with a turn of the assistant, to the deployment that said it and to no other."""
    return dict(message.extra or {}) if origin is not None and message.origin == origin else {}


def _message(message: Message, origin: str | None) -> ChatCompletionMessageParam:
    text = message.text or ""
    if message.role == "system":
        return {"role": "system", "content": text}
    if message.role == "user":
        return {"role": "user", "content": text}
    if message.role == "tool":
        return {"role": "tool", "content": text, "tool_call_id": message.call_id or ""}
    turn: JsonObject = {"role": "assistant", "content": message.text if message.tool_requests else text}
    if message.tool_requests:
        is_its_own = origin is not None and message.origin == origin
        turn["tool_calls"] = [_call(call, is_its_own) for call in message.tool_requests]
    return cast("ChatCompletionMessageParam", {**turn, **extra_of(message, origin)})


def _call(call: ToolRequest, is_its_own: bool) -> JsonObject:
    extra = dict(call.extra or {}) if is_its_own else {}
    more = extra.pop("function", None)
    # Endpoints read what they are given back, and some fail over what their own model wrote wrongly.
    function: JsonObject = {"name": call.tool, "arguments": call.arguments if is_object(call.arguments) else "{}"}
    return {
        **extra,
        "id": call.call_id,
        "type": "function",
        "function": {**(more if isinstance(more, dict) else {}), **function},
    }


def _tool(tool: ToolDescription) -> ChatCompletionFunctionToolParam:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": dict(portable(tool.parameters))},
    }


def response_format_of(answer: AnswerFormat) -> ResponseFormatJSONSchema:
    """Structured output, strict."""
    return {
        "type": "json_schema",
        "json_schema": {"name": answer.name, "schema": dict(answer.json_schema), "strict": True},
    }
