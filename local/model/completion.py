"""Formats a turn as a chat completion: one document, or a stream of chunks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from contracts.hashing import HASH_PREFIX, content_hash
from local.model.tokens import CHARACTERS_PER_TOKEN, Usage
from local.model.turn import Turn

MODEL_NAME = "casewright-rules-1"
CHUNK_CHARACTERS = 8 * CHARACTERS_PER_TOKEN
DONE = "[DONE]"


@dataclass(frozen=True)
class Envelope:
    """What all chunks of one answer share. `created` is in seconds since 1970."""

    completion_id: str
    created: int

    def wrap(self, kind: str, choices: list[JsonValue]) -> dict[str, JsonValue]:
        """The outermost object around `choices`."""
        return {
            "id": self.completion_id,
            "object": kind,
            "created": self.created,
            "model": MODEL_NAME,
            "choices": choices,
            "system_fingerprint": MODEL_NAME,
        }


def completion(turn: Turn, usage: Usage, envelope: Envelope) -> dict[str, JsonValue]:
    """The whole answer as one `chat.completion`."""
    message: dict[str, JsonValue] = {"role": "assistant", "content": turn.text, "refusal": turn.refusal}
    if turn.tool_calls:
        message["tool_calls"] = [
            {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call_id, call in zip(call_ids(turn, envelope), turn.tool_calls, strict=True)
        ]
    choice: JsonValue = {"index": 0, "message": message, "logprobs": None, "finish_reason": turn.finish_reason}
    return {**envelope.wrap("chat.completion", [choice]), "usage": {**usage.as_json()}}


def chunks(turn: Turn, usage: Usage | None, envelope: Envelope) -> Iterator[str]:
    """The answer as the data of server-sent events, `[DONE]` at the end.

    With `usage`, every chunk has a `usage` field, null in all but the last one, which has no choices.
    """
    for delta in _deltas(turn, envelope):
        yield _chunk(envelope, delta, None, with_usage=usage is not None)
    yield _chunk(envelope, {}, turn.finish_reason, with_usage=usage is not None)
    if usage is not None:
        yield json.dumps({**envelope.wrap("chat.completion.chunk", []), "usage": usage.as_json()})
    yield DONE


def _chunk(envelope: Envelope, delta: dict[str, JsonValue], finish_reason: str | None, *, with_usage: bool) -> str:
    choice: JsonValue = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    chunk = envelope.wrap("chat.completion.chunk", [choice])
    if with_usage:
        chunk["usage"] = None
    return json.dumps(chunk)


def _deltas(turn: Turn, envelope: Envelope) -> Iterator[dict[str, JsonValue]]:
    yield {"role": "assistant", "content": None if turn.tool_calls or turn.refusal else "", "refusal": None}
    for piece in pieces(turn.text or ""):
        yield {"content": piece}
    for piece in pieces(turn.refusal or ""):
        yield {"refusal": piece}
    for index, (call_id, call) in enumerate(zip(call_ids(turn, envelope), turn.tool_calls, strict=True)):
        opening: JsonValue = {"name": call.name, "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": opening}]}
        for piece in pieces(call.arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def pieces(text: str) -> Iterator[str]:
    """`text` in the parts in which it is streamed."""
    for start in range(0, len(text), CHUNK_CHARACTERS):
        yield text[start : start + CHUNK_CHARACTERS]


def call_ids(turn: Turn, envelope: Envelope) -> list[str]:
    """Unique within a conversation, the same for the same answer."""
    return [
        "call_" + content_hash([envelope.completion_id, index, call.name]).removeprefix(HASH_PREFIX)[:24]
        for index, call in enumerate(turn.tool_calls)
    ]
