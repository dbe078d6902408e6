"""A request to the Responses API, converted to the equivalent chat-completions request."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from local.model.errors import InvalidRequest, NotFound
from local.model.json_document import read_object
from local.model.request import ChatRequest, read_chat

JsonObject = dict[str, JsonValue]
UNSUPPORTED = ("background", "conversation", "prompt")
_NAMES_HERE = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"max_completion_tokens", "max_output_tokens"),
        (r"response_format(\.json_schema)?", "text.format"),
        (r"(tools\[\d+\]|tool_choice)\.function\b", r"\1"),
        (r"messages\[\d+\](\.\w+)*", "input"),
    )
)
IGNORED_ITEMS = frozenset({"reasoning"})
"""What an earlier answer may hold that says nothing to rules."""


@dataclass(frozen=True)
class ResponsesRequest:
    """What was asked. `messages` is the conversation without the instructions, which belong to one call only."""

    body: JsonObject
    chat: ChatRequest
    messages: tuple[JsonObject, ...]

    @property
    def is_kept(self) -> bool:
        """Whether a later request may name this answer as the one before it."""
        return self.body.get("store") is not False


def parse_responses_request(document: bytes, kept: Mapping[str, Sequence[JsonObject]]) -> ResponsesRequest:
    """The request in a POST's body; `kept` holds the conversations of earlier answers by their id.

    Raises InvalidRequest or NotFound, with the parameter that is at fault.
    """
    body = read_object(document)
    _refuse_unsupported(body)
    messages = _messages(_earlier(body, kept), body.get("input"))
    instructions = body.get("instructions")
    if instructions is not None and not isinstance(instructions, str):
        raise InvalidRequest("Invalid type for 'instructions': expected a string.", param="instructions")
    opening: list[JsonObject] = [{"role": "system", "content": instructions}] if instructions is not None else []
    chat: JsonObject = {"messages": [*opening, *messages]}
    for name, value in {
        "model": body.get("model"),
        "temperature": body.get("temperature"),
        "top_p": body.get("top_p"),
        "tools": _tools(body.get("tools")),
        "tool_choice": _tool_choice(body.get("tool_choice")),
        "response_format": _response_format(body.get("text")),
        "parallel_tool_calls": body.get("parallel_tool_calls"),
        "max_completion_tokens": body.get("max_output_tokens"),
        "stream": body.get("stream"),
    }.items():
        if value is not None:
            chat[name] = value
    try:
        return ResponsesRequest(body, read_chat(chat), messages)
    except InvalidRequest as error:
        param = None if error.param is None else _named_here(error.param)
        raise InvalidRequest(_named_here(error.message), param=param, code=error.code) from None


def _refuse_unsupported(body: JsonObject) -> None:
    """Raises InvalidRequest for what would change the answer, and what this server does not do."""
    for name in UNSUPPORTED:
        if body.get(name) not in (None, False):
            raise InvalidRequest(f"The '{name}' parameter is not supported by this server.", param=name)


def _named_here(text: str) -> str:
    """What names a field of a chat request, with the name that this API has for it."""
    for pattern, name in _NAMES_HERE:
        text = pattern.sub(name, text)
    return text


def _earlier(body: JsonObject, kept: Mapping[str, Sequence[JsonObject]]) -> Sequence[JsonObject]:
    previous = body.get("previous_response_id")
    if previous is None:
        return ()
    if not isinstance(previous, str) or previous not in kept:
        raise NotFound(
            f"Previous response with id '{previous}' not found.",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    return kept[previous]


def _messages(earlier: Sequence[JsonObject], given: JsonValue) -> tuple[JsonObject, ...]:
    if isinstance(given, str):
        return (*earlier, {"role": "user", "content": given})
    if given is not None and not isinstance(given, list):
        raise InvalidRequest("Invalid type for 'input': expected a string or an array.", param="input")
    if not given:
        raise InvalidRequest("Missing required parameter: 'input'.", param="input", code="missing_required_parameter")
    messages = [*earlier]
    for index, item in enumerate(given):
        _add(messages, item, f"input[{index}]")
    return tuple(messages)


def _add(messages: list[JsonObject], item: JsonValue, param: str) -> None:
    if not isinstance(item, dict):
        raise InvalidRequest(f"Invalid type for '{param}': expected an object.", param=param)
    kind = item.get("type") or "message"
    if kind == "message":
        messages.append({"role": item.get("role"), "content": _content(item.get("content"))})
    elif kind == "function_call":
        _add_call(messages, item)
    elif kind == "function_call_output":
        _add_output(messages, item, param)
    elif kind not in IGNORED_ITEMS:
        raise InvalidRequest(f"Items of type '{kind}' are not supported by this server.", param=f"{param}.type")


def _add_call(messages: list[JsonObject], item: JsonObject) -> None:
    function: JsonValue = {"name": item.get("name"), "arguments": item.get("arguments")}
    call: JsonValue = {"id": item.get("call_id"), "type": "function", "function": function}
    last = messages[-1] if messages else {}
    if last.get("role") == "assistant":
        messages[-1] = {**last, "tool_calls": [*cast("list[JsonValue]", last.get("tool_calls") or []), call]}
    else:
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})


def _add_output(messages: list[JsonObject], item: JsonObject, param: str) -> None:
    called = item.get("call_id")
    calls = (call for message in messages for call in cast("list[JsonObject]", message.get("tool_calls") or []))
    if all(call["id"] != called for call in calls):
        raise InvalidRequest(f"No tool call found for function call output with call_id {called}.", param=param)
    messages.append({"role": "tool", "tool_call_id": called, "content": _content(item.get("output"))})


def _content(given: JsonValue) -> JsonValue:
    """Text as it is; of parts, those of every kind as parts of a chat message: the rules read their text."""
    if not isinstance(given, list):
        return given
    return [
        {"type": "text", "text": part.get("text") or part.get("refusal")} if isinstance(part, dict) else part
        for part in given
    ]


def _tools(given: JsonValue) -> JsonValue:
    if not isinstance(given, list):
        return given
    return [_tool(tool, f"tools[{index}]") for index, tool in enumerate(given)] or None


def _tool(given: JsonValue, param: str) -> JsonValue:
    kind = given.get("type") if isinstance(given, dict) else None
    if not isinstance(given, dict) or kind != "function":
        raise InvalidRequest(f"Tools of type '{kind}' are not supported by this server.", param=f"{param}.type")
    function = {name: given[name] for name in ("name", "description", "parameters", "strict") if given.get(name)}
    return {"type": "function", "function": function}


def _tool_choice(given: JsonValue) -> JsonValue:
    if isinstance(given, dict) and given.get("type") == "function":
        return {"type": "function", "function": {"name": given.get("name")}}
    return given


def _response_format(given: JsonValue) -> JsonValue:
    wanted = given.get("format") if isinstance(given, dict) else None
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return wanted
    schema = {name: wanted[name] for name in ("name", "schema", "strict") if wanted.get(name) is not None}
    return {"type": "json_schema", "json_schema": schema}
