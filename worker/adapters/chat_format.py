"""A `ModelRequest` in the words of the chat-completions API."""

from typing import Any

from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema

from worker.ports.model import AnswerFormat, Message, ModelRequest
from worker.ports.tools import ToolDescription


def chat_parameters(request: ModelRequest) -> dict[str, Any]:
    """Keyword arguments for `chat.completions.create`, without model and time-out."""
    parameters: dict[str, Any] = {
        "messages": [_message(message) for message in request.messages],
        "response_format": _response_format(request.answer_format),
    }
    if request.tools:
        parameters["tools"] = [_tool(tool) for tool in request.tools]
        if not request.may_call_tools:
            parameters["tool_choice"] = "none"
    return parameters


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


def _response_format(answer: AnswerFormat) -> ResponseFormatJSONSchema:
    return {
        "type": "json_schema",
        "json_schema": {"name": answer.name, "schema": dict(answer.json_schema), "strict": True},
    }
