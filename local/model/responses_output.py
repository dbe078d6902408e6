"""Formats a turn for the Responses API: one document, or a stream of named events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from pydantic import JsonValue

from local.model.completion import MODEL_NAME, Envelope, call_ids, pieces
from local.model.responses_request import JsonObject, ResponsesRequest
from local.model.tokens import Usage
from local.model.turn import ToolRequest, Turn

REPEATED: JsonObject = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""What an answer repeats of its request, with the default of each field."""


@dataclass(frozen=True)
class ResponseEnvelope:
    """One answer: its request, its turn and what both cost."""

    request: ResponsesRequest
    turn: Turn
    usage: Usage
    envelope: Envelope

    @property
    def response_id(self) -> str:
        """By which a later request names this answer."""
        return self.envelope.completion_id

    def document(self) -> JsonObject:
        """The whole answer."""
        reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(self.turn.finish_reason)
        return {
            **self._wrap("incomplete" if reason else "completed", self.items(), reason),
            "usage": self._usage(),
        }

    def items(self) -> list[JsonObject]:
        """The output: a message, or one item for each call."""
        if not self.turn.tool_calls:
            return [self._message("completed", self._part())]
        return [
            self._call(index, call_id, call.arguments, "completed")
            for index, (call_id, call) in enumerate(self._calls())
        ]

    def as_messages(self) -> tuple[JsonObject, ...]:
        """The turn as a message of the conversation that goes on."""
        calls: list[JsonValue] = [
            {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call_id, call in self._calls()
        ]
        message: JsonObject = {"role": "assistant", "content": self.turn.text or self.turn.refusal}
        if calls:
            message["tool_calls"] = calls
        return (message,)

    def events(self) -> Iterator[str]:
        """The answer as server-sent events, numbered from 0."""
        numbers = count()
        for kind, fields in self._events():
            data = {"type": kind, "sequence_number": next(numbers), **fields}
            yield f"event: {kind}\ndata: {json.dumps(data)}\n\n"

    def _events(self) -> Iterator[tuple[str, JsonObject]]:
        begun = self._wrap("in_progress", [], None)
        yield "response.created", {"response": begun}
        yield "response.in_progress", {"response": begun}
        if self.turn.tool_calls:
            yield from self._call_events()
        else:
            yield from self._message_events()
        whole = self.document()
        yield f"response.{whole['status']}", {"response": whole}

    def _call_events(self) -> Iterator[tuple[str, JsonObject]]:
        for index, (call_id, call) in enumerate(self._calls()):
            done = self._call(index, call_id, call.arguments, "completed")
            where: JsonObject = {"output_index": index, "item_id": done["id"]}
            opened = self._call(index, call_id, "", "in_progress")
            yield "response.output_item.added", {"output_index": index, "item": opened}
            for piece in pieces(call.arguments):
                yield "response.function_call_arguments.delta", {**where, "delta": piece}
            whole: JsonObject = {"name": call.name, "arguments": call.arguments}
            yield "response.function_call_arguments.done", where | whole
            yield "response.output_item.done", {"output_index": index, "item": done}

    def _message_events(self) -> Iterator[tuple[str, JsonObject]]:
        part, key = self._part(), "refusal" if self.turn.refusal else "text"
        name = "refusal" if self.turn.refusal else "output_text"
        done = self._message("completed", part)
        where: JsonObject = {"output_index": 0, "item_id": done["id"], "content_index": 0}
        more: JsonObject = {"logprobs": []} if name == "output_text" else {}
        yield "response.output_item.added", {"output_index": 0, "item": self._message("in_progress", None)}
        yield "response.content_part.added", {**where, "part": part | {key: ""}}
        for piece in pieces(str(part[key])):
            yield f"response.{name}.delta", {**where, **more, "delta": piece}
        yield f"response.{name}.done", {**where, **more, key: part[key]}
        yield "response.content_part.done", {**where, "part": part}
        yield "response.output_item.done", {"output_index": 0, "item": done}

    def _wrap(self, status: str, output: list[JsonObject], incomplete: str | None) -> JsonObject:
        body = self.request.body
        return {
            "id": self.response_id,
            "object": "response",
            "created_at": self.envelope.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": incomplete} if incomplete else None,
            "model": MODEL_NAME,
            "output": [*output],
            "reasoning": {"effort": None, "summary": None},
            "usage": None,
            **{name: default if body.get(name) is None else body[name] for name, default in REPEATED.items()},
        }

    def _usage(self) -> JsonObject:
        return {
            "input_tokens": self.usage.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self.usage.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.usage.prompt_tokens + self.usage.completion_tokens,
        }

    def _part(self) -> JsonObject:
        if self.turn.refusal:
            return {"type": "refusal", "refusal": self.turn.refusal}
        return {"type": "output_text", "text": self.turn.text or "", "annotations": [], "logprobs": []}

    def _message(self, status: str, part: JsonObject | None) -> JsonObject:
        message_id = self.response_id.replace("resp_", "msg_", 1)
        content: list[JsonValue] = [part] if part else []
        return {"id": message_id, "type": "message", "status": status, "role": "assistant", "content": content}

    def _calls(self) -> list[tuple[str, ToolRequest]]:
        return list(zip(call_ids(self.turn, self.envelope), self.turn.tool_calls, strict=True))

    def _call(self, index: int, call_id: str, arguments: str, status: str) -> JsonObject:
        return {
            "id": call_id.replace("call_", "fc_", 1),
            "type": "function_call",
            "status": status,
            "call_id": call_id,
            "name": self.turn.tool_calls[index].name,
            "arguments": arguments,
        }
