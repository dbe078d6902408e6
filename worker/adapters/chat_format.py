"""A `ModelRequest` in the words of the chat-completions API."""

from typing import Literal

from openai import Omit, omit
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema

from worker.ports.model import AnswerFormat, Message, ModelRequest
from worker.ports.tools import ToolDescription


def messages_of(request: ModelRequest) -> list[ChatCompletionMessageParam]:
    """The conversation so far."""
    return [_message(message) for message in request.messages]


def tools_of(request: ModelRequest) -> list[ChatCompletionFunctionToolParam] | Omit:
    """The tools, if there are any."""
    return [_tool(tool) for tool in request.tools] or omit


def tool_choice_of(request: ModelRequest) -> Literal["none"] | Omit:
    """`none` when the answer is due; with tools in the conversation, they stay listed all the same."""
    return "none" if request.tools and not request.may_call_tools else omit


def _message(message: Message) -> ChatCompletionMessageParam:
    text = message.text or ""
    if message.role == "system":
        return {"role": "system", "content": text}
    if message.role == "user":
        return {"role": "user", "content": text}
    if message.role == "tool":
        return {"role": "tool", "content": text, "tool_call_id": message.call_id or ""}
    if not message.tool_requests:
        return {"role": "assistant", "content": text}
    return {
        "role": "assistant",
        "content": message.text,
        "tool_calls": [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.tool, "arguments": call.arguments},
            }
            for call in message.tool_requests
        ],
    }


def _tool(tool: ToolDescription) -> ChatCompletionFunctionToolParam:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
    }


def response_format_of(answer: AnswerFormat) -> ResponseFormatJSONSchema:
    """Structured output, strict."""
    return {
        "type": "json_schema",
        "json_schema": {"name": answer.name, "schema": dict(answer.json_schema), "strict": True},
    }
