"""The ways in which endpoints take tools and an answer format, and which one a deployment understands."""

import json
from dataclasses import dataclass
from typing import Literal

from openai import APIStatusError, Omit, omit
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema

from worker.adapters import chat_format, schema_dialect
from worker.ports.model import Message, ModelRequest

Dialect = Literal["native", "apart", "schema"]
"""`native`: tools and answer format in one request. `apart`: never both in one request, as Gemini 2 wants it.
`schema`: no tools at all; a JSON schema says either calls or the answer."""

DIALECTS: tuple[Dialect, ...] = ("native", "apart", "schema")
"""In the order in which `auto` tries them."""

_HINTS = ("tool", "function", "response_format", "response format", "json_schema", "grammar", "mime type")


@dataclass(frozen=True)
class ChatCall:
    """The parts of a chat-completions request in which dialects differ."""

    messages: list[ChatCompletionMessageParam]
    tools: list[ChatCompletionFunctionToolParam] | Omit
    tool_choice: Literal["none"] | Omit
    response_format: ResponseFormatJSONSchema | Omit

    def body(self) -> dict[str, object]:
        """The fields of the request's JSON."""
        parts = {
            "messages": self.messages,
            "tools": self.tools,
            "tool_choice": self.tool_choice,
            "response_format": self.response_format,
        }
        return {name: part for name, part in parts.items() if not isinstance(part, Omit)}


def chat_call(request: ModelRequest, dialect: Dialect) -> ChatCall:
    """The request in the words of a dialect."""
    if not request.tools or dialect == "native":
        return ChatCall(
            chat_format.messages_of(request),
            chat_format.tools_of(request),
            chat_format.tool_choice_of(request),
            chat_format.response_format_of(request.answer_format),
        )
    if dialect == "schema":
        return ChatCall(schema_dialect.messages_of(request), omit, omit, schema_dialect.response_format_of(request))
    if not request.may_call_tools:
        return ChatCall(
            chat_format.messages_of(request), omit, omit, chat_format.response_format_of(request.answer_format)
        )
    told = request.model_copy(update={"messages": _with_schema(request)})
    return ChatCall(chat_format.messages_of(told), chat_format.tools_of(request), omit, omit)


def _with_schema(request: ModelRequest) -> tuple[Message, ...]:
    """The conversation, the answer's schema in its first message."""
    schema = json.dumps(request.answer_format.json_schema, ensure_ascii=False)
    first, *more = request.messages
    told = f"{first.text or ''}\n\nYour last answer is one JSON object of this schema and nothing else: {schema}"
    return (first.model_copy(update={"text": told}), *more)


def is_about_dialect(error: APIStatusError) -> bool:
    """Whether an endpoint refused a request because of its tools or its answer format, not of what it says."""
    if error.status_code not in (400, 422, 501) or (error.param or "").startswith("messages"):
        return False
    said = f"{error.param or ''} {error.message}".lower()
    return any(hint in said for hint in _HINTS)
