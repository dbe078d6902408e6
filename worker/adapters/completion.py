"""Parses a chat completion. Endpoints deviate from the format, and each answer was paid for.

So every readable part of an answer is used, and only an answer without any is a fault.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from worker.adapters.event_stream import is_event_stream, joined
from worker.agents.json_text import MAX_DEPTH, depth_of, whole_characters
from worker.ports.model import MAX_CALL_ID, Finish

MAX_COUNT = 100_000_000
"""A count of more tokens than any model takes is none."""
MAX_NAME = 200
MAX_BEFORE = 100
"""Characters before the answer, as some servers put there against being read by others' scripts."""
MAX_TEXT = 200_000
"""Characters of an answer: more than twice what a run may spend in tokens on top of its question."""
MAX_REFUSAL = 1_000
MAX_EXTRA = 400_000
"""Characters of JSON of what is given back unread, of a whole turn: thoughts can be long."""

JsonObject = dict[str, JsonValue]

_READ_OF_MESSAGE = frozenset({"role", "content", "refusal", "tool_calls", "function_call"})
_READ_OF_CALL = frozenset({"id", "type", "index", "function"})
_READ_OF_FUNCTION = frozenset({"name", "arguments"})
_THOUGHTS = frozenset({"thinking", "reasoning", "redacted_thinking"})
_SHOW_A_COMPLETION = ('"choices"', '"chat.completion')
_CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
_WITHHELD = frozenset(
    {"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "guardrail_intervened"}
)


class NoCompletion(ValueError):
    """The answer is none of a chat-completions endpoint."""


class ErrorInside(Exception):
    """An error, sent as if it were an answer."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body
        """The error as JSON, without what it came in."""


@dataclass(frozen=True)
class RequestedCall:
    """One tool call as the model wrote it. `call_id` is None where the endpoint gave none."""

    call_id: str | None
    tool: str
    arguments: str
    extra: JsonObject | None = None


@dataclass(frozen=True)
class Count:
    """Tokens as the endpoint counted them; None where it said nothing that can be a count."""

    read: int | None = None
    written: int | None = None
    both: int | None = None


@dataclass(frozen=True)
class Completion:
    """One answer of a model."""

    text: str | None = None
    refusal: str | None = None
    calls: tuple[RequestedCall, ...] = ()
    finish: Finish = "complete"
    model: str | None = None
    count: Count = field(default_factory=Count)
    extra: JsonObject | None = None
    length: int = 0
    """Characters of the answer as it came."""
    is_whole: bool = True
    """Whether it came to its end, as far as it shows."""
    lost: str | None = None
    """One sentence on why nothing of it counts, although it was paid for."""
    too_long: int | None = None
    """Bytes that were read of it, where there were more."""


def read_completion(body: bytes) -> Completion:
    """The answer in a response's body: its first choice that says anything.

    Raises NoCompletion; ErrorInside for an error that came with status 200.
    """
    text = body.decode(json.detect_encoding(body), errors="replace")
    if is_event_stream(text):
        return _of_stream(text)
    try:
        parsed = _parsed(text)
    except (ValueError, RecursionError):
        if text.lstrip().startswith("{") and '"delta"' in text:
            return _of_stream(text)
        return _of_framed(text)
    return _of_answer(parsed, len(text))


def _of_framed(text: str) -> Completion:
    """The answer in what is no JSON as a whole: there is something around it, it was cut off, or nested without end."""
    begins = text.find("{", 0, MAX_BEFORE)
    if begins < 0 or not any(word in text for word in _SHOW_A_COMPLETION):
        raise NoCompletion
    try:
        parsed, _ = _DECODER.raw_decode(text, begins)
        return _of_answer(_whole(parsed), len(text))
    except (ValueError, RecursionError):
        # A model wrote it all the same.
        return Completion(length=len(text), is_whole=False)


def _of_stream(text: str) -> Completion:
    parsed = joined(text, _parsed)
    choices = [_object(choice) for choice in _list(parsed.get("choices"))]
    is_whole = all(choice.get("finish_reason") for choice in choices)
    return replace(_of_answer(parsed, len(text)), is_whole=is_whole)


def _of_answer(parsed: JsonValue, length: int) -> Completion:
    answer = _object(parsed)
    choices = [_object(choice) for choice in _list(answer.get("choices"))]
    if not choices and _is_error(parsed):
        raise ErrorInside(json.dumps(parsed).encode())
    # What was counted was paid for, however little of it can be read.
    if not _object(answer.get("usage")) and not any(_is_well_formed(choice) for choice in choices):
        raise NoCompletion
    read = [_completion(answer, choice, length) for choice in choices or [{}]]
    return next((each for each in read if each.text or each.calls or each.refusal), read[0])


def _completion(answer: JsonObject, choice: JsonObject, length: int) -> Completion:
    message = _object(choice.get("message"))
    content = message.get("content")
    text, refused = _said(content)
    extra = {key: value for key, value in message.items() if key not in _READ_OF_MESSAGE and _says(value)}
    if isinstance(content, list) and content:
        extra["content"] = content
    bounded = _bounded(extra)
    # A truncated text cannot be parsed; the model is asked to be briefer, as when its endpoint truncated it.
    is_cut = text is not None and len(text) > MAX_TEXT
    return Completion(
        text=text[:MAX_TEXT] if text is not None else None,
        refusal=(_text(message.get("refusal")) or refused or "")[:MAX_REFUSAL] or None,
        calls=_with_room(_calls(message), MAX_EXTRA - _written(bounded)),
        finish="length" if is_cut else _finish(choice.get("finish_reason")),
        model=_name(answer.get("model")) or None,
        count=_count(_object(answer.get("usage"))),
        extra=bounded,
        length=length,
    )


def _is_well_formed(choice: JsonObject) -> bool:
    message = choice.get("message")
    if not isinstance(message, dict) or isinstance(message.get("content"), int | float):
        return False
    calls = _calls(message)
    return not calls or any(call.tool for call in calls)


def _said(content: JsonValue) -> tuple[str | None, str | None]:
    """The text and the refusal of a message's content: text, or parts, some of which are thoughts."""
    if isinstance(content, str):
        return content, None
    texts: list[str] = []
    refusals: list[str] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            texts.append(part)
            continue
        fields = _object(part)
        inner = fields.get("text")
        said = _text(inner) or _text(_object(inner).get("value"))
        if said and fields.get("type") not in _THOUGHTS:
            texts.append(said)
        refusals += [refusal] if (refusal := _text(fields.get("refusal"))) else []
    return "".join(texts) or None, "".join(refusals) or None


def _calls(message: JsonObject) -> tuple[RequestedCall, ...]:
    given = message.get("tool_calls")
    wanted = [_object(call) for call in ([given] if isinstance(given, dict) else _list(given))]
    legacy = _object(message.get("function_call"))
    if not wanted and legacy:
        wanted = [JsonObject(function=legacy)]
    # Calls of other kinds have no function.
    return tuple(_call(call) for call in wanted if call.get("function") or call.get("type") in (None, "", "function"))


def _with_room(calls: tuple[RequestedCall, ...], room: int) -> tuple[RequestedCall, ...]:
    """The calls, with what is given back unread of the first ones, as far as there is room for it."""
    kept: list[RequestedCall] = []
    for call in calls:
        room -= _written(call.extra)
        kept.append(call if room >= 0 or call.extra is None else replace(call, extra=None))
    return tuple(kept)


def _call(call: JsonObject) -> RequestedCall:
    # Some endpoints leave out the level between.
    function = _object(call.get("function")) or {key: call[key] for key in _READ_OF_FUNCTION if key in call}
    extra = {key: part for key, part in call.items() if key not in _READ_OF_CALL | _READ_OF_FUNCTION and _says(part)}
    more = {key: part for key, part in function.items() if key not in _READ_OF_FUNCTION and _says(part)}
    call_id = call.get("id")
    return RequestedCall(
        call_id=call_id if isinstance(call_id, str) and call_id.strip() and len(call_id) <= MAX_CALL_ID else None,
        tool=_name(function.get("name")),
        arguments=_arguments(function.get("arguments")),
        extra=_bounded({**extra, **({"function": more} if more else {})}),
    )


def _arguments(value: JsonValue) -> str:
    if isinstance(value, str):
        return value.strip() or "{}"
    try:
        return "{}" if value is None else json.dumps(value)
    except RecursionError:
        return "["  # nothing that can be read


def _finish(reason: JsonValue) -> Finish:
    word = reason.lower() if isinstance(reason, str) else ""
    if word in _CUT_OFF:
        return "length"
    return "content_filter" if word in _WITHHELD else "complete"


def _count(usage: JsonObject) -> Count:
    return Count(
        read=_tokens(usage.get("prompt_tokens", usage.get("input_tokens"))),
        written=_tokens(usage.get("completion_tokens", usage.get("output_tokens"))),
        both=_tokens(usage.get("total_tokens")),
    )


def _tokens(value: JsonValue) -> int | None:
    """A count, if it can be one: nothing is read and written for nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value) if 0 < value <= MAX_COUNT else None


def _is_error(parsed: JsonValue) -> bool:
    first = _object(parsed[0] if isinstance(parsed, list) and parsed else parsed)
    return any(first.get(key) for key in ("error", "errors", "detail"))


def _bounded(extra: JsonObject) -> JsonObject | None:
    if not extra or depth_of(extra) > MAX_DEPTH or _written(extra) > MAX_EXTRA:
        return None
    return extra


def _written(extra: JsonObject | None) -> int:
    return 0 if extra is None else len(json.dumps(extra, ensure_ascii=False))


def _parsed(text: str) -> JsonValue:
    parsed = _DECODER.decode(text)
    # A lone surrogate can be detected only after parsing.
    return _whole(parsed) if "\\ud" in text.lower() else parsed


def _whole(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, list):
        return [_whole(part) for part in value]
    if isinstance(value, dict):
        return {whole_characters(key): _whole(part) for key, part in value.items()}
    return value


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


_DECODER = json.JSONDecoder(parse_constant=lambda _: None, parse_float=_finite)


def _says(value: JsonValue) -> bool:
    return value is not None and value != [] and value != {}


def _name(value: JsonValue) -> str:
    """In one line: it is logged and kept under."""
    return "".join(sign for sign in (_text(value) or "")[:MAX_NAME] if sign.isprintable()).strip()


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()
