"""Converts a completion to the agents' reply: call ids, tool names as offered, and token counts."""

import json
import re
from collections.abc import Sequence

from worker.adapters.completion import MAX_TEXT, Completion, RequestedCall
from worker.adapters.dialects import Dialect
from worker.adapters.schema_dialect import made_id, read_step
from worker.ports.model import MAX_ARGUMENTS, MAX_CALLS, ModelReply, ModelRequest, ToolRequest

CHARACTERS_PER_TOKEN = 4
"""The usual estimate, for endpoints that do not count."""

_CALL_NUMBER = re.compile(r":[0-9]+$")
_NAME_PARTS = re.compile(r"[.:/]+")


def reply_of(
    request: ModelRequest, dialect: Dialect, answer: Completion, model: str, origin: str, duration_ms: int
) -> ModelReply:
    """The reply that `answer` is to `request`. `model` is its name where the endpoint says none."""
    text, requests = answer.text, _tool_requests(request, answer.calls)
    if dialect == "schema" and request.tools and request.may_call_tools and not requests:
        text, requests = read_step(text, len(request.messages))
    left_out = max(0, len(requests) - MAX_CALLS)
    requests = tuple(map(_bounded, requests[:MAX_CALLS]))
    read, written, both, is_estimated = _tokens(request, answer)
    wants_back = answer.extra is not None or any(call.extra for call in requests)
    return ModelReply(
        text=text,
        refusal=answer.refusal,
        tool_requests=requests,
        finish=answer.finish,
        model=answer.model or model,
        tokens=both,
        input_tokens=read,
        output_tokens=written,
        duration_ms=duration_ms,
        estimated=is_estimated or None,
        extra=answer.extra,
        origin=origin if wants_back else None,
        calls_left_out=left_out or None,
        lost=answer.lost,
        too_long=answer.too_long,
    )


def _bounded(request: ToolRequest) -> ToolRequest:
    """The request without arguments that are too long: what was left of them would mean something else."""
    length = len(request.arguments)
    return request if length <= MAX_ARGUMENTS else request.model_copy(update={"arguments": "{}", "left_out": length})


def _tool_requests(request: ModelRequest, calls: Sequence[RequestedCall]) -> tuple[ToolRequest, ...]:
    offered = {tool.name for tool in request.tools}
    taken = {call.call_id for message in request.messages for call in message.tool_requests}
    requests: list[ToolRequest] = []
    for index, call in enumerate(calls, start=1):
        # Without an id of its own, a call's result could not be distinguished from another's.
        call_id = call.call_id if call.call_id and call.call_id not in taken else made_id(len(request.messages), index)
        taken.add(call_id)
        requests.append(
            ToolRequest(
                call_id=call_id, tool=_offered_name(call.tool, offered), arguments=call.arguments, extra=call.extra
            )
        )
    return tuple(requests)


def _offered_name(name: str, offered: set[str]) -> str:
    """The offered tool that a name means: models put the namespace that they were trained with before it."""
    if name in offered:
        return name
    plain = _CALL_NUMBER.sub("", name.partition("<|")[0].strip())
    last = _NAME_PARTS.split(plain)[-1].strip()
    return last if last in offered else name


def _tokens(request: ModelRequest, answer: Completion) -> tuple[int, int, int, bool]:
    """Tokens read, written, and both, and whether a count was missing: then it is estimated, so that limits hold."""
    read, written, both = answer.count.read, answer.count.written, answer.count.both
    if read is not None and written is not None:
        # What a model thinks to itself is in the total of some endpoints and in no other number.
        return read, written, max(both or 0, read + written), False
    if both is not None and read is not None and both > read:
        return read, both - read, both, True
    if both is not None and written is not None and both > written:
        return both - written, written, both, True
    read = _estimated_read(request) if read is None else read
    if written is None:
        # What is more is no model's writing, and one bad answer is not to use up what its run may spend.
        written = _estimate(min(answer.length if _is_unread(answer) else _length(answer), MAX_TEXT))
    return read, written, max(both or 0, read + written), True


def _estimated_read(request: ModelRequest) -> int:
    return _estimate(len(json.dumps([each.model_dump(mode="json") for each in request.messages])))


def _is_unread(answer: Completion) -> bool:
    return not (answer.text or answer.calls or answer.refusal)


def _length(answer: Completion) -> int:
    thoughts = "" if answer.extra is None else json.dumps(answer.extra, ensure_ascii=False)
    written = (answer.text or "", answer.refusal or "", thoughts, *(call.arguments for call in answer.calls))
    return sum(map(len, written))


def _estimate(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)
