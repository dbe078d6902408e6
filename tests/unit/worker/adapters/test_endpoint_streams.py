"""Answers that real endpoints stream unasked are read like any other."""

import json
from typing import Any

import pytest

from tests.unit.worker.support.endpoint import (
    Endpoint,
    JsonObject,
    Said,
    one_after_the_other,
)
from tests.unit.worker.support.endpoint_runs import (
    ARGUMENTS,
    DONE,
    VERDICT,
    a_model,
    asks,
    investigate,
)
from worker.adapters.client_loop import ClientLoop


def streamed(*pieces: Any, end: str = "data: [DONE]\n\n", frame: str = "data: {}\n\n") -> Said:
    """An answer in server-sent events."""
    texts = (piece if isinstance(piece, str) else json.dumps(piece) for piece in pieces)
    body = "".join(frame.replace("{}", text) for text in texts) + end
    return Said(raw=body.encode(), headers={"content-type": "text/event-stream"})


def piece(finish: str | None = None, **delta: Any) -> JsonObject:
    """A piece of a streamed completion."""
    return {"model": "endpoint-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def call_piece(index: int | None = 0, call_id: str | None = None, **function: Any) -> JsonObject:
    """A piece of a streamed tool call."""
    call = {"index": index, "id": call_id, "type": "function", "function": function}
    return piece(tool_calls=[{name: part for name, part in call.items() if part is not None}])


COUNTED: JsonObject = {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}}
IN_PIECES = [piece(role="assistant", content=""), *(piece(content=sign) for sign in VERDICT), piece("stop"), COUNTED]
HALVES = [
    call_piece(0, "c1", name="get_customer", arguments=""),
    call_piece(arguments='{"customer'),
    call_piece(arguments='_id": 7}'),
]

STREAMED_TURNS: dict[str, Said] = {
    "a call in pieces": streamed(piece(role="assistant"), *HALVES, piece("tool_calls"), COUNTED),
    "a call in one piece": streamed(call_piece(0, "c1", name="get_customer", arguments=ARGUMENTS), piece("tool_calls")),
    "a call without number": streamed(
        call_piece(None, "c1", name="get_customer", arguments='{"customer'), call_piece(None, arguments='_id": 7}')
    ),
    "a call without number and id": streamed(
        call_piece(None, name="get_customer", arguments='{"customer'), call_piece(None, arguments='_id": 7}')
    ),
    "id and name again with every piece": streamed(
        call_piece(0, "c1", name="get_customer", arguments='{"customer'),
        call_piece(0, "c1", name="get_customer", arguments='_id": 7}'),
    ),
    "arguments as an object": streamed(call_piece(0, "c1", name="get_customer", arguments={"customer_id": 7})),
    "thoughts in pieces": streamed(piece(reasoning_content="Hm, "), piece(reasoning_content="well."), *HALVES),
    "carriage returns and comments": streamed(*HALVES, frame=": ping\r\n\r\nevent: x\r\ndata: {}\r\n\r\n"),
    "no blank lines": streamed(*HALVES, frame="data:{}\n"),
    "no frames": streamed(*HALVES, frame="{}\n", end=""),
    "no end": streamed(*HALVES, end=""),
    "cut off within a piece": streamed(*HALVES, end='data: {"choices": [{"ind'),
    "a piece that is no JSON": streamed("{", *HALVES, "hello"),
    "pieces of other kinds": streamed({"type": "ping"}, [1], "null", *HALVES, {"choices": None}, {"choices": [3]}),
    "one whole completion": streamed(asks().body),
}


@pytest.mark.parametrize("turn", STREAMED_TURNS.values(), ids=STREAMED_TURNS.keys())
@pytest.mark.parametrize("verdict", [streamed(*IN_PIECES), streamed(DONE.body)], ids=["in pieces", "whole"])
def test_an_answer_that_is_streamed_unasked_is_read(loop: ClientLoop, turn: Said, verdict: Said) -> None:
    with Endpoint(one_after_the_other(turn, verdict)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert outcome.result.answer is not None
    assert outcome.arguments == [{"customer_id": 7}]
    assert len(outcome.kept.uses) == len(endpoint.asked) == 2
    assert outcome.kept.uses[1].input_tokens == 10


def test_interleaved_streamed_calls_are_distinguished(loop: ClientLoop) -> None:
    pieces = [call_piece(number, f"c{number}", name="get_customer", arguments='{"customer') for number in (0, 1)]
    pieces += [call_piece(number, arguments='_id": 7}') for number in (1, 0)]
    with Endpoint(one_after_the_other(streamed(*pieces), streamed(*IN_PIECES))) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert outcome.arguments == [{"customer_id": 7}] * 2


def test_error_within_a_stream_counts_until_something_was_said(loop: ClientLoop) -> None:
    error = {"error": {"message": "Overloaded.", "code": 503}}
    turns = (streamed(error), streamed(piece(content="So"), error), streamed(*IN_PIECES))
    with Endpoint(one_after_the_other(*turns)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert len(endpoint.asked) == 3
    assert len(outcome.kept.uses) == 2, "the first said nothing, and cost nothing"
