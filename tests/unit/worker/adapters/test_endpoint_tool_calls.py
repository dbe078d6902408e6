"""Tool calls as real endpoints send them: each is read as far as it can be, and harms no other."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from runtime.backoff import no_jitter
from tests.unit.worker.support.endpoint import (
    Endpoint,
    Said,
    completion,
    failure,
    one_after_the_other,
)
from tests.unit.worker.support.endpoint_runs import (
    ARGUMENTS,
    DONE,
    a_call,
    a_model,
    asks,
    changed,
    investigate,
    raw,
)
from worker.adapters.circuit_breaker import CircuitBreaker
from worker.adapters.client_loop import ClientLoop
from worker.adapters.failover import Deployment, FailoverModel
from worker.ports.model import ToolCalling

READABLE_TURNS: dict[str, Said] = {
    "as it should be": asks(),
    "no id": asks({"type": "function", "function": {"name": "get_customer", "arguments": ARGUMENTS}}),
    "an empty id": asks(a_call("")),
    "a number as id": asks(a_call(3)),
    "arguments as an object": asks(a_call(arguments={"customer_id": 7})),
    "arguments encoded twice": asks(a_call(arguments=json.dumps(ARGUMENTS))),
    "no type": asks({"id": "c1", "function": {"name": "get_customer", "arguments": ARGUMENTS}}),
    "no level between": asks({"id": "c1", "name": "get_customer", "arguments": {"customer_id": 7}}),
    "one call and no list": completion(None, tool_calls=a_call()),
    "the older function_call": completion(None, function_call={"name": "get_customer", "arguments": ARGUMENTS}),
    "a prefix of OpenAI's": asks(a_call(name="functions.get_customer")),
    "a prefix of Gemini's": asks(a_call(name="default_api.get_customer")),
    "a prefix with a colon": asks(a_call(name="default_api:get_customer")),
    "a prefix and a number": asks(a_call(name="functions.get_customer:0")),
    "a name with marks behind it": asks(a_call(name=" get_customer<|channel|>commentary ")),
    "words beside the call": asks(content=[{"type": "text", "text": "Let me look."}]),
    "an odd reason to stop": completion(None, finish="STOP", tool_calls=[a_call()]),
    "no reason to stop": Said(body={"choices": [{"message": {"tool_calls": [a_call()]}}]}),
    "a number as reason to stop": Said(body={"choices": [{"finish_reason": 3, "message": {"tool_calls": [a_call()]}}]}),
    "the call in a second choice": changed(
        asks(), choices=[{"message": {"content": ""}}, {"message": {"tool_calls": [a_call()]}}]
    ),
    "another model's name": changed(asks(), model="somebody-else"),
    "no model's name": changed(asks(), model=None),
    "a model's name that is none": changed(asks(), model={"name": "m"}),
    "a byte-order mark": Said(raw=b"\xef\xbb\xbf" + json.dumps(asks().body).encode()),
    "half a character in a thought": raw(asks(reasoning="Hm."), "Hm.", b"Hm \\ud83d."),
    "bytes that are no UTF-8": raw(asks(reasoning="Hm."), "Hm.", b"Hm \xff\xfe."),
    "NaN beside it": raw(changed(asks(), cost=1234), "1234", b"NaN"),
    "a number beyond all bounds": raw(changed(asks(), cost=1234), "1234", b"1e999"),
    "thoughts nested deeper than can be kept": asks(reasoning=json.loads("[" * 200 + "]" * 200)),
}


@pytest.mark.parametrize("turn", READABLE_TURNS.values(), ids=READABLE_TURNS.keys())
def test_a_tool_request_is_read_however_it_is_worded(loop: ClientLoop, turn: Said) -> None:
    with Endpoint(one_after_the_other(turn, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert outcome.arguments == [{"customer_id": 7}]
    assert [call.tool for call in outcome.result.tool_calls] == ["get_customer"]
    assert len(outcome.kept.uses) == len(endpoint.asked) == 2
    called, told = endpoint.asked[1].body["messages"][2:]
    (call,) = called["tool_calls"]
    assert call["function"] == {"name": "get_customer", "arguments": call["function"]["arguments"]}
    assert json.loads(json.dumps(call["function"]["arguments"]))
    assert call["id"] == told["tool_call_id"]
    assert call["id"]


@pytest.mark.parametrize("call_id", [None, "", 3, "c1"])
def test_every_call_has_a_unique_id_in_its_conversation(loop: ClientLoop, call_id: Any) -> None:
    twice = asks([a_call(call_id), a_call(call_id)])
    with Endpoint(one_after_the_other(twice, twice, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    messages = endpoint.asked[2].body["messages"]
    ids = [call["id"] for message in messages for call in message.get("tool_calls", ())]
    assert len(set(ids)) == len(ids) == 4
    assert ids == [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    assert all(len(made) == 9 and made.isalnum() for made in ids if made != "c1"), "Mistral takes no other form"


UNREADABLE_ARGUMENTS: dict[str, Any] = {
    "half a character": '{"customer_id": 7, "note": "\\ud83d"}',
    "nested without end": '{"a":' * 20_000,
    "nested deeper than is read": '{"customer_id": 7, "a": ' + "[" * 300 + "]" * 300 + "}",
    "a list": "[7]",
    "a list that is no text": [7],
    "a number": 7,
    "NaN": '{"customer_id": NaN}',
    "infinity": '{"customer_id": 1e999}',
    "a number without end": '{"customer_id": ' + "7" * 5_000 + "}",
    "a name twice": '{"customer_id": 8, "customer_id": 7}',
    "cut off": '{"customer_id": 7',
    "nothing": "",
    "null": None,
    "an object nested without end": json.loads('{"a":' * 400 + "1" + "}" * 400),
}


@pytest.mark.parametrize("arguments", UNREADABLE_ARGUMENTS.values(), ids=UNREADABLE_ARGUMENTS.keys())
def test_unreadable_arguments_are_returned_once_and_paid_once(loop: ClientLoop, arguments: Any) -> None:
    with Endpoint(one_after_the_other(asks(a_call(arguments=arguments)), asks(), DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert [item.ok for item in outcome.result.evidence] == [False, True]
    assert len(outcome.kept.uses) == len(endpoint.asked) == 3
    assert "The arguments" in str(endpoint.asked[1].body["messages"][-1]["content"])
    given_back = endpoint.asked[1].body["messages"][2]["tool_calls"][0]["function"]["arguments"]
    assert isinstance(json.loads(given_back), dict), "an endpoint that reads it would fail over its own model's words"


@pytest.mark.parametrize("wrap", [json.dumps, dict[str, Any]], ids=["as text", "as an object"])
def test_arguments_beyond_all_bounds_harm_their_call_alone(loop: ClientLoop, wrap: Callable[[Any], Any]) -> None:
    endless = a_call("c1", arguments=wrap({"customer_id": 7, "note": "x" * 5_000_000}))
    with Endpoint(one_after_the_other(asks([endless, a_call("c2")]), DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert [item.ok for item in outcome.result.evidence] == [False, True]
    assert "characters, more than 4,000" in endpoint.asked[1].body["messages"][3]["content"]
    assert len(json.dumps(endpoint.asked[1].body)) < 20_000
    assert sum(len(entry.body) for entry in outcome.kept.entries) < 20_000
    assert sum(len(item.model_dump_json()) for item in outcome.result.evidence) < 20_000


@pytest.mark.parametrize("tool_calling", ["native", "apart", "schema"])
def test_calls_beyond_all_limits_are_left_out_and_reported(loop: ClientLoop, tool_calling: ToolCalling) -> None:
    step = {"step": {"calls": [{"tool": "get_customer", "arguments": {"customer_id": 7}}] * 2_000}}
    many = completion(json.dumps(step)) if tool_calling == "schema" else asks([a_call()] * 2_000)
    with Endpoint(one_after_the_other(many, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url, tool_calling))

    assert outcome.result.failure is None
    assert len(outcome.arguments) == 16
    assert len(outcome.result.tool_calls) == 32
    assert "2,000 calls were asked for" in json.dumps(endpoint.asked[1].body["messages"])
    assert len(json.dumps(endpoint.asked[1].body)) < 40_000


def test_overly_nested_object_is_paid_for_and_corrected(loop: ClientLoop) -> None:
    endless = raw(asks(a_call(arguments=4711)), "4711", b'{"a":' * 20_000 + b"1" + b"}" * 20_000)
    with Endpoint(one_after_the_other(endless, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert [use.output_tokens > 10_000 for use in outcome.kept.uses] == [True, False]


GROQ = failure(
    400,
    "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
    code="tool_use_failed",
    failed_generation="<function=get_customer>{}",
)


def test_unreadable_request_is_sent_again_and_blames_nobody(loop: ClientLoop) -> None:
    with Endpoint(one_after_the_other(GROQ, GROQ, asks(), DONE)) as endpoint:
        model = a_model(loop, endpoint.url, "auto")
        circuit = CircuitBreaker(2, 15.0, lambda: 0.0, no_jitter)
        outcome = investigate(FailoverModel([Deployment("groq", model, circuit)], lambda: 0.0))

    assert outcome.result.failure is None
    assert model.dialect == "native"
    assert all("tools" in asked.body and "response_format" in asked.body for asked in endpoint.asked)
    assert not circuit.has_failed_lately


def test_numbers_in_an_enum_are_described_in_words(loop: ClientLoop) -> None:
    with Endpoint(lambda _: DONE) as endpoint:
        investigate(a_model(loop, endpoint.url))

    (tool,) = endpoint.asked[0].body["tools"]
    customer = tool["function"]["parameters"]["properties"]["customer_id"]
    assert customer == {
        "type": "integer",
        "minimum": 7,
        "maximum": 7,
        "description": "Always 7: the customer of this case.",
    }
