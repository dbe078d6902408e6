"""How endpoints accept tools and a response format, and which way a deployment needs."""

import json
from dataclasses import dataclass
from typing import Literal

from openai import Omit, omit
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema

from worker.adapters import chat_format, schema_dialect
from worker.adapters.model_errors import Refusal
from worker.ports.model import Message, ModelRequest

Dialect = Literal["native", "apart", "schema"]
"""`native`: tools and answer format in one request. `apart`: never both in one request, as Gemini 2 wants it.
`schema`: no tools at all; a JSON schema says either calls or the answer."""

DIALECTS: tuple[Dialect, ...] = ("native", "apart", "schema")
"""In the order in which `auto` tries them."""

_HINTS = ("tool", "function", "response_format", "response format", "json_schema", "grammar", "mime type")

# What some endpoints say with a status that means something else.
_NO_TOOLS = ("tools param requires", "does not support tools", "no endpoints found that support tool use")


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


def chat_call(request: ModelRequest, dialect: Dialect, origin: str | None = None) -> ChatCall:
    """The request in the words of a dialect. What the deployment `origin` said of its own turns is given back to it."""
    if not request.tools or dialect == "native":
        return ChatCall(
            chat_format.messages_of(request, origin),
            chat_format.tools_of(request),
            chat_format.tool_choice_of(request),
            chat_format.response_format_of(request.answer_format),
        )
    if dialect == "schema":
        return ChatCall(
            schema_dialect.messages_of(request, origin), omit, omit, schema_dialect.response_format_of(request)
        )
    if not request.may_call_tools:
        return ChatCall(
            chat_format.messages_of(request, origin), omit, omit, chat_format.response_format_of(request.answer_format)
        )
    prompted = request.model_copy(update={"messages": _with_schema(request)})
    return ChatCall(chat_format.messages_of(prompted, origin), chat_format.tools_of(request), omit, omit)


def _with_schema(request: ModelRequest) -> tuple[Message, ...]:
    """The conversation, the answer's schema in its first message."""
    schema = json.dumps(request.answer_format.json_schema, ensure_ascii=False)
    first, *more = request.messages
    prompted = f"{first.text or ''}\n\nYour last answer is one JSON object of this schema and nothing else: {schema}"
    return (first.model_copy(update={"text": prompted}), *more)


def is_about_dialect(refusal: Refusal) -> bool:
    """Whether an endpoint refused a request because of its tools or its answer format, not of what it says.

    One that gives no reason at all may mean either: the next dialect is tried.
    """
    if refusal.is_too_long or refusal.is_filtered or refusal.is_ill_written or refusal.about.startswith("messages"):
        return False
    if refusal.status >= 400 and any(words in refusal.said for words in _NO_TOOLS):
        return True
    if refusal.status not in (0, 400, 422, 501):
        return False
    said = f"{refusal.about} {refusal.said}".lower()
    return not said.strip() or any(hint in said for hint in _HINTS)
