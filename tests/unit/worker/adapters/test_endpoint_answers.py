"""What real endpoints send: each answer is paid for once, and bounded."""

import json
from typing import Any

import pytest

from tests.unit.worker.support.endpoint import (
    Endpoint,
    JsonObject,
    Said,
    completion,
    failure,
    one_after_the_other,
)
from tests.unit.worker.support.endpoint_runs import (
    DONE,
    VERDICT,
    a_call,
    a_model,
    asks,
    changed,
    investigate,
)
from worker.adapters.client_loop import ClientLoop

BOUNDED: dict[str, JsonObject] = {
    "the id of a call": {"tool_calls": [a_call("i" * 1_000_000)]},
    "the name of a tool": {"tool_calls": [a_call(name="n" * 1_000_000), a_call("c2")]},
    "what is given back of each call": {"tool_calls": [a_call(f"c{n}", thought="t" * 90_000) for n in range(16)]},
    "what is given back of the turn": {"tool_calls": [a_call()], "reasoning": "t" * 1_000_000},
    "text beside the call": {"tool_calls": [a_call()], "content": "t" * 1_000_000},
    "a text that is no answer": {"content": "t" * 1_000_000},
    "an answer that is too long": {"content": VERDICT.replace("As it was.", "As it was. " * 100_000)},
}


@pytest.mark.parametrize("message", BOUNDED.values(), ids=BOUNDED.keys())
def test_what_a_turn_adds_to_the_request_is_bounded(loop: ClientLoop, message: JsonObject) -> None:
    turn = changed(DONE, choices=[{"message": {"role": "assistant", **message}}])
    with Endpoint(one_after_the_other(turn, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert len(outcome.kept.uses) == len(endpoint.asked) == 2
    assert len(json.dumps(endpoint.asked[1].body)) < 450_000
    assert sum(len(entry.body) for entry in outcome.kept.entries) < 450_000


@pytest.mark.parametrize(
    "said",
    [
        Said(raw=json.dumps(DONE.body).encode()[:-30]),
        changed(DONE, choices=[]),
        changed(DONE, choices=[{}]),
        changed(DONE, choices=[{"message": None, "finish_reason": "MALFORMED_FUNCTION_CALL"}]),
        changed(DONE, choices="none"),
        completion(None),
        completion(""),
        asks(a_call(name=None)),
    ],
)
def test_empty_answer_is_paid_for_and_asked_once_more(loop: ClientLoop, said: Said) -> None:
    with Endpoint(one_after_the_other(said, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert len(outcome.kept.uses) == len(endpoint.asked) == 2
    assert all(message["content"] for message in endpoint.asked[1].body["messages"] if "tool_calls" not in message)


USAGES: dict[str, tuple[Any, tuple[int, int] | None]] = {
    "no total": ({"prompt_tokens": 10, "completion_tokens": 5}, (10, 5)),
    "thoughts in the total only": ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 95}, (10, 85)),
    "other names": ({"input_tokens": 10, "output_tokens": 5}, (10, 5)),
    "nothing written": ({"prompt_tokens": 10, "total_tokens": 15}, None),
    "nothing read": ({"completion_tokens": 5, "total_tokens": 15}, None),
    "only a total": ({"total_tokens": 15}, None),
    "none": (None, None),
    "empty": ({}, None),
    "nulls": ({"prompt_tokens": None, "completion_tokens": None, "total_tokens": None}, None),
    "texts": ({"prompt_tokens": "10", "completion_tokens": "5", "total_tokens": "15"}, None),
    "negative": ({"prompt_tokens": -10, "completion_tokens": -5, "total_tokens": -15}, None),
    "zeros": ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, None),
    "beyond all bounds": ({"prompt_tokens": 10**30, "completion_tokens": 5, "total_tokens": 10**30}, None),
    "truths": ({"prompt_tokens": True, "completion_tokens": False}, None),
    "a list": ([10, 5, 15], None),
    "a text": ("many", None),
}


@pytest.mark.parametrize(("usage", "counted"), USAGES.values(), ids=USAGES.keys())
def test_tokens_are_those_counted_or_else_estimated_and_marked(
    loop: ClientLoop, usage: Any, counted: tuple[int, int] | None
) -> None:
    with Endpoint(one_after_the_other(changed(DONE, usage=usage))) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    (use,) = outcome.kept.uses
    assert outcome.result.failure is None
    assert 0 < use.input_tokens < 100_000
    assert 0 < use.output_tokens < 100_000
    assert outcome.result.usage.spend.estimated_calls == (None if counted else 1)
    if counted:
        assert (use.input_tokens, use.output_tokens) == counted


@pytest.mark.parametrize(
    "inside",
    [
        Said(body={"error": {"code": 429, "message": "Slow down."}}),
        Said(body={"error": {"code": 502, "message": "Upstream."}, "user_id": "u"}),
        Said(body={"error": "Something went wrong."}),
        Said(body={"detail": "Not now."}),
        Said(raw=b"<html>Welcome to the proxy</html>", headers={"content-type": "text/html"}),
        Said(raw=b""),
        Said(raw=b"\xff\xfe"),
        failure(529, type="overloaded_error"),
    ],
)
def test_error_sent_as_an_answer_is_asked_again(loop: ClientLoop, inside: Said) -> None:
    with Endpoint(one_after_the_other(inside, asks(), DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert len(outcome.kept.uses) == 2
