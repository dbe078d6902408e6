"""What real endpoints send: each answer is read as far as it can be, paid for once, and harms no other."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from contracts.journal import JournalEntry
from contracts.spend import ModelUse
from runtime.backoff import no_jitter
from tests.unit.worker.support.agents import FakeTools, a_verdict, an_assignment
from tests.unit.worker.support.cases import NOON
from tests.unit.worker.support.endpoint import (
    Endpoint,
    JsonObject,
    Said,
    completion,
    failure,
    one_after_the_other,
)
from worker.adapters.circuit_breaker import CircuitBreaker
from worker.adapters.client_loop import ClientLoop
from worker.adapters.failover import Deployment, FailoverModel
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import OpenAIProvider, open_client
from worker.agents.journal import RunJournal
from worker.agents.limits import Limits
from worker.agents.loop import AgentLoop, Result
from worker.agents.response_schemas import SpecialistVerdict
from worker.ports.model import Model, ToolCalling

ARGUMENTS = '{"customer_id": 7}'
VERDICT = json.dumps(a_verdict(0.3, ["r1-usage-1"]))
DONE = completion(VERDICT)
SIGNATURE: JsonObject = {"google": {"thought_signature": "c2ln"}}


@dataclass
class Kept:
    """A journal that remembers what each step cost."""

    entries: list[JournalEntry] = field(default_factory=list[JournalEntry])

    def save_journal(self, case_id: str, entries: Sequence[JournalEntry]) -> None:
        known = {entry.key for entry in self.entries}
        self.entries += [entry for entry in entries if entry.key not in known]

    def run(self) -> RunJournal:
        return RunJournal(self, "case-1", "r1-usage", {entry.key: entry.body for entry in self.entries})

    @property
    def uses(self) -> list[ModelUse]:
        return [entry.use for entry in self.entries if entry.use is not None]


@dataclass
class Outcome:
    """What came of a run, what it recorded, and what it asked of the tools."""

    result: Result[SpecialistVerdict]
    kept: Kept
    tools: FakeTools

    @property
    def arguments(self) -> list[Mapping[str, Any]]:
        return [call.arguments for batch in self.tools.batches for call in batch]


def a_model(loop: ClientLoop, url: str, tool_calling: ToolCalling = "native") -> OpenAIModel:
    client = open_client(OpenAIProvider(url, "m-1"))
    loop.close_with(client.close)
    return OpenAIModel(client, "m-1", loop, tool_calling)


def investigate(model: Model, kept: Kept | None = None, limits: Limits | None = None) -> Outcome:
    kept, tools = kept or Kept(), FakeTools({"get_customer": {"name": "Ada"}})
    agent = AgentLoop(model, tools, limits or Limits(), monotonic=lambda: 0.0, now=lambda: NOON, pause=lambda _: None)
    journal = kept.run()
    result = agent.run(an_assignment(tools, "usage"), journal)
    journal.keep()
    return Outcome(result, kept, tools)


def asks(call: JsonObject | list[JsonObject] | None = None, content: Any = None, **message: Any) -> Said:
    """A turn that asks for tools."""
    calls = call if isinstance(call, list) else [call or a_call()]
    return completion(content, finish="tool_calls", tool_calls=calls, **message)


def a_call(call_id: Any = "c1", name: Any = "get_customer", arguments: Any = ARGUMENTS, **more: Any) -> JsonObject:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def changed(said: Said, **changes: Any) -> Said:
    return Said(said.status, {**said.body, **changes})


def raw(said: Said, old: str, new: bytes) -> Said:
    """The answer with a part of its bytes exchanged."""
    return Said(raw=json.dumps(said.body, ensure_ascii=False).encode().replace(old.encode(), new))


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
def test_unreadable_arguments_are_told_once_and_paid_once(loop: ClientLoop, arguments: Any) -> None:
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
def test_calls_beyond_all_bounds_are_left_out_and_told(loop: ClientLoop, tool_calling: ToolCalling) -> None:
    step = {"step": {"calls": [{"tool": "get_customer", "arguments": {"customer_id": 7}}] * 2_000}}
    many = completion(json.dumps(step)) if tool_calling == "schema" else asks([a_call()] * 2_000)
    with Endpoint(one_after_the_other(many, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url, tool_calling))

    assert outcome.result.failure is None
    assert len(outcome.arguments) == 16
    assert len(outcome.result.tool_calls) == 32
    assert "2,000 calls were asked for" in json.dumps(endpoint.asked[1].body["messages"])
    assert len(json.dumps(endpoint.asked[1].body)) < 40_000


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


def test_calls_streamed_side_by_side_are_told_apart(loop: ClientLoop) -> None:
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


def test_overly_nested_object_is_paid_for_and_put_right(loop: ClientLoop) -> None:
    endless = raw(asks(a_call(arguments=4711)), "4711", b'{"a":' * 20_000 + b"1" + b"}" * 20_000)
    with Endpoint(one_after_the_other(endless, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert [use.output_tokens > 10_000 for use in outcome.kept.uses] == [True, False]


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


EXTRAS: dict[str, tuple[JsonObject, JsonObject]] = {
    "a signature in the call": ({}, {"extra_content": SIGNATURE}),
    "a signature in the message": ({"extra_content": SIGNATURE}, {}),
    "reasoning": ({"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]}, {}),
    "reasoning_content": ({"reasoning_content": "Hm."}, {"provider_specific_fields": {"signature": "s"}}),
    "all of it": ({"provider_specific": {"a": [1, 2.5, None]}, "reasoning_content": ""}, {"extra_content": SIGNATURE}),
}


@pytest.mark.parametrize(("message", "call"), EXTRAS.values(), ids=EXTRAS.keys())
@pytest.mark.parametrize("crashes", [False, True])
def test_additions_of_an_endpoint_go_back_word_for_word(
    loop: ClientLoop, message: JsonObject, call: JsonObject, crashes: bool
) -> None:
    turn = asks(a_call(**call), **message)
    with Endpoint(one_after_the_other(turn, DONE)) as endpoint:
        kept = Kept()
        if crashes:
            # The first attempt ends when it has one answer; the second, of another process, takes it up.
            investigate(a_model(loop, endpoint.url), kept, Limits(tokens=20))
        outcome = investigate(a_model(loop, endpoint.url), kept)

    assert outcome.result.failure is None
    assert len(outcome.kept.uses) == len(endpoint.asked) == 2
    given_back = endpoint.asked[1].body["messages"][2]
    assert given_back == turn.body["choices"][0]["message"]


def test_parts_of_a_content_go_back_unchanged(loop: ClientLoop) -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "I look."}]
    with Endpoint(one_after_the_other(asks(content=parts), DONE)) as endpoint:
        investigate(a_model(loop, endpoint.url))

    assert endpoint.asked[1].body["messages"][2]["content"] == parts


def test_what_one_endpoint_adds_is_not_shown_to_another(loop: ClientLoop) -> None:
    turn = asks(a_call(extra_content=SIGNATURE), reasoning_content="Hm.")
    with Endpoint(one_after_the_other(turn, failure(500))) as first, Endpoint(lambda _: DONE) as second:
        deployments = [
            Deployment(str(number), a_model(loop, endpoint.url), CircuitBreaker(5, 15.0, lambda: 0.0, no_jitter))
            for number, endpoint in enumerate((first, second))
        ]
        outcome = investigate(FailoverModel(deployments, lambda: 0.0))

    assert outcome.result.failure is None
    assert "thought_signature" in str(first.asked[1].body)
    assert "thought_signature" not in str(second.asked[0].body)
    assert "reasoning_content" not in str(second.asked[0].body)


def test_endpoint_that_refuses_its_own_words_goes_without_them(loop: ClientLoop) -> None:
    def strict(asked: Any) -> Said:
        messages = asked.body["messages"]
        if any("reasoning" in message for message in messages):
            return failure(400, "'messages.2': property 'reasoning' is unsupported")
        return DONE if len(messages) > 4 else asks(reasoning="Hm.")

    with Endpoint(strict) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert len(endpoint.asked) == 4
    assert len(outcome.kept.uses) == 3


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


VERDICTS: dict[str, Said] = {
    "parts": completion([{"type": "text", "text": VERDICT}]),
    "parts that are cut within": completion(
        [{"type": "text", "text": VERDICT[:40]}, {"type": "text", "text": VERDICT[40:]}]
    ),
    "thinking parts": completion(
        [
            {"type": "thinking", "thinking": [{"type": "text", "text": "{"}]},
            {"type": "text", "text": VERDICT},
        ],
    ),
    "texts as parts": completion([VERDICT, None]),
    "one part and no list": completion({"type": "text", "text": VERDICT}),
    "a thought": completion(f"<think>I should weigh {{this}}.</think>\n\n{VERDICT}"),
    "a draft in the thought": completion(f"<think>{json.dumps(a_verdict(0.9))}</think>{VERDICT}"),
    "a thought whose beginning is lost": completion(f"{json.dumps(a_verdict(0.9))}</think>{VERDICT}"),
    "other tags": completion(f"<reasoning>Hm.</reasoning>[THINK]Hm.[/THINK]{VERDICT}"),
    "a fence": completion(f"```json\n{VERDICT}\n```"),
    "a fence and words": completion(f"Here it is:\n```json\n{VERDICT}\n```\nI hope {{this}} helps."),
    "words around it": completion(f'My {{verdict}} is "this": {VERDICT} That is all.'),
    "a brace that never ends": completion(f"Braces {{ are odd. {VERDICT}"),
    "the same twice": completion(f"{VERDICT}\n{VERDICT}"),
    "a byte-order mark": completion(f"\ufeff{VERDICT}"),
}


@pytest.mark.parametrize("said", VERDICTS.values(), ids=VERDICTS.keys())
@pytest.mark.parametrize("tool_calling", ["native", "apart"])
def test_a_verdict_is_found_in_what_is_around_it(loop: ClientLoop, said: Said, tool_calling: ToolCalling) -> None:
    with Endpoint(one_after_the_other(said)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url, tool_calling))

    assert outcome.result.answer is not None
    assert outcome.result.answer.risk_score == 0.3
    assert len(endpoint.asked) == 1


def test_a_step_is_found_in_what_is_around_it(loop: ClientLoop) -> None:
    call = json.dumps({"step": {"calls": [{"tool": "get_customer", "arguments": {"customer_id": 7}}]}})
    answer = json.dumps({"step": {"answer": json.loads(VERDICT)}})
    turns = (completion(f"<think>Hm.</think>```json\n{call}\n```"), completion(f"So: {answer}"))
    with Endpoint(one_after_the_other(*turns)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url, "schema"))

    assert outcome.result.failure is None
    assert outcome.arguments == [{"customer_id": 7}]


@pytest.mark.parametrize(
    "text",
    [
        f"{json.dumps(a_verdict(0.1))} or rather {VERDICT}",
        VERDICT.replace('"risk_score": 0.3', '"risk_score": 0.9, "risk_score": 0.3'),
        f"<think>{VERDICT}",
        VERDICT.replace("As it was.", "As it was \\ud83d."),
        "{" * 100_000,
        '{"a":' * 50_000,
        "<think>" * 50_000,
    ],
)
def test_text_without_exactly_one_verdict_is_put_right_once(loop: ClientLoop, text: str) -> None:
    with Endpoint(one_after_the_other(completion(text), DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.answer is not None
    assert outcome.result.answer.risk_score == 0.3
    assert len(outcome.kept.uses) == len(endpoint.asked) == 2


@pytest.mark.parametrize(
    ("said", "failure_sentence"),
    [
        (completion([{"type": "refusal", "refusal": "No."}]), "The model refused to answer."),
        (completion(None, refusal="No."), "The model refused to answer."),
        (
            completion(None, finish="SAFETY"),
            "The content filter of the model endpoint withheld the answer.",
        ),
        (
            completion(None, finish="PROHIBITED_CONTENT"),
            "The content filter of the model endpoint withheld the answer.",
        ),
    ],
)
def test_a_refusal_is_one_in_every_wording(loop: ClientLoop, said: Said, failure_sentence: str) -> None:
    with Endpoint(lambda _: said) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure == failure_sentence
    assert len(outcome.kept.uses) == 1


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "max_tokens"])
def test_cut_off_answer_is_told_so_in_every_wording(loop: ClientLoop, reason: str) -> None:
    with Endpoint(one_after_the_other(completion(VERDICT[:50], finish=reason), DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert "cut off" in endpoint.asked[1].body["messages"][-1]["content"]


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


def test_numbers_in_an_enum_are_told_in_words(loop: ClientLoop) -> None:
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
