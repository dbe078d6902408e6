"""The chat-completions API, through the real client."""

import asyncio
import json
from typing import Any, cast

import httpx
import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from openai.types.chat import ChatCompletionMessageFunctionToolCall
from pydantic import BaseModel, ConfigDict

from tests.unit.local.model.casefile import TOOLS, CaseFile, JsonObject

HELLO: Any = [{"role": "user", "content": "Who are you? My password is hunter2."}]


class SpecialistVerdict(BaseModel):
    """What a specialist must answer, as a client would declare it."""

    model_config = ConfigDict(extra="forbid")

    class Claim(BaseModel):
        model_config = ConfigDict(extra="forbid")
        statement: str
        evidence_ids: list[str]

    evaluable: bool
    reason: str | None
    risk_score: float | None
    findings: list[Claim]
    suspicious_charge_ids: list[str]
    feedback_answer: str | None


def verdict_format() -> JsonObject:
    schema = {"name": "specialist_verdict", "strict": True, "schema": SpecialistVerdict.model_json_schema()}
    return {"type": "json_schema", "json_schema": schema}


def ask(client: OpenAI, body: JsonObject, **more: Any) -> Any:
    create: Any = client.chat.completions.create
    return create(**body, **more)


def test_unrelated_request_gets_fixed_text_without_echo(openai_client: OpenAI):
    answer = openai_client.chat.completions.create(model="casewright-rules-1", messages=HELLO)
    text = answer.choices[0].message.content or ""
    assert "casewright-rules-1" in text
    assert "hunter2" not in text
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "casewright-rules-1"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


@pytest.mark.parametrize("part", ["usage", "location", "billing"])
def test_specialist_calls_all_tools_then_gives_its_verdict(openai_client: OpenAI, part: str):
    case = CaseFile(part)
    first = ask(openai_client, case.request(), response_format=verdict_format())
    assert first.choices[0].finish_reason == "tool_calls"
    calls = [call.model_dump() for call in first.choices[0].message.tool_calls]
    assert [call["function"]["name"] for call in calls] == list(TOOLS[part])
    assert all(json.loads(call["function"]["arguments"])["customer_id"] == 7 for call in calls)
    messages = case.opening() + case.answer_calls(calls)
    second = ask(openai_client, case.request(messages), response_format=verdict_format())
    verdict = SpecialistVerdict.model_validate_json(second.choices[0].message.content)
    assert verdict.evaluable
    assert verdict.risk_score == case.verdict()["risk_score"]


def test_without_parallel_calls_only_one_tool_is_called(openai_client: OpenAI):
    answer = ask(openai_client, CaseFile("usage").request(), parallel_tool_calls=False)
    assert len(answer.choices[0].message.tool_calls) == 1


def test_tool_choice_is_obeyed(openai_client: OpenAI):
    body = CaseFile("usage").request()
    none = ask(openai_client, body, tool_choice="none").choices[0].message
    assert none.tool_calls is None
    named: Any = {"type": "function", "function": {"name": "get_data_usage"}}
    (call,) = ask(openai_client, body, tool_choice=named).choices[0].message.tool_calls
    assert call.function.name == "get_data_usage"
    required = openai_client.chat.completions.create(
        model="m", messages=HELLO, tools=body["tools"], tool_choice="required"
    )
    assert required.choices[0].message.tool_calls is not None
    (call,) = required.choices[0].message.tool_calls
    assert isinstance(call, ChatCompletionMessageFunctionToolCall)
    assert json.loads(call.function.arguments).keys() >= {"customer_id"}


def test_streamed_answer_is_answer_in_pieces_with_its_usage(openai_client: OpenAI):
    whole = openai_client.chat.completions.create(model="m", messages=HELLO)
    stream = openai_client.chat.completions.create(
        model="m", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    pieces = list(stream)
    assert len(pieces) > 4
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert text == whole.choices[0].message.content
    assert pieces[-1].choices == []
    assert pieces[-1].usage == whole.usage
    assert [piece.choices[0].finish_reason for piece in pieces if piece.choices][-1] == "stop"


def test_streamed_tool_calls_add_up_to_the_plain_ones(openai_client: OpenAI):
    body = CaseFile("billing").request()
    plain = ask(openai_client, body).choices[0].message.tool_calls
    with openai_client.chat.completions.stream(**cast("Any", body)) as stream:
        streamed = stream.get_final_completion().choices[0]
    assert streamed.finish_reason == "tool_calls"
    names_and_arguments = [(call.function.name, call.function.arguments) for call in streamed.message.tool_calls or ()]
    assert names_and_arguments == [(call.function.name, call.function.arguments) for call in plain]


def test_stream_ends_with_done_and_usage_only_if_asked(http: httpx.Client):
    answer = http.post("/v1/chat/completions", json={"model": "m", "messages": HELLO, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert events[-1] == "[DONE]"
    assert all("usage" not in json.loads(event) for event in events[:-1])


def test_the_async_client_gets_the_same_answers(server_url: str):
    async def talk() -> tuple[str | None, str]:
        async with AsyncOpenAI(base_url=f"{server_url}/v1", api_key="unused", max_retries=0) as client:
            whole = await client.chat.completions.create(model="m", messages=HELLO)
            stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
            text = "".join([piece.choices[0].delta.content or "" async for piece in stream])
            return whole.choices[0].message.content, text

    whole, streamed = asyncio.run(talk())
    assert whole == streamed


def test_json_modes_give_json_outside_a_case_too(openai_client: OpenAI):
    plain = openai_client.chat.completions.create(model="m", messages=HELLO, response_format={"type": "json_object"})
    assert "casewright-rules-1" in json.loads(plain.choices[0].message.content or "")["message"]
    parsed = openai_client.chat.completions.parse(model="m", messages=HELLO, response_format=SpecialistVerdict)
    assert parsed.choices[0].message.parsed is not None


def test_unknown_request_fields_are_tolerated(openai_client: OpenAI):
    answer = openai_client.chat.completions.create(
        model="m", messages=HELLO, temperature=0.1, extra_body={"flavour": "vanilla"}
    )
    assert answer.choices[0].message.content


def test_a_token_limit_cuts_the_answer_and_says_so(openai_client: OpenAI):
    answer = openai_client.chat.completions.create(model="m", messages=HELLO, max_completion_tokens=5)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 5


OPEN_SCHEMA = {"name": "x", "strict": True, "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "wizard", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "tool_call_id": "c1", "content": "{}"}]}, "messages[0].role"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"response_format": {"type": "json_schema", "json_schema": OPEN_SCHEMA}}, "response_format"),
        ({"n": 2}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 2.5}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"seed": "x"}, "seed"),
        ({"stop": 3}, "stop"),
        ({"parallel_tool_calls": 1}, "parallel_tool_calls"),
    ],
)
def test_malformed_request_is_refused_with_the_parameter_at_fault(
    openai_client: OpenAI, change: JsonObject, param: str
):
    body: Any = {"model": "m", "messages": HELLO} | change
    with pytest.raises(BadRequestError) as refused:
        openai_client.post("/chat/completions", body=body, cast_to=object)
    assert refused.value.param == param
    assert refused.value.type == "invalid_request_error"


def test_an_unanswered_tool_call_is_refused(openai_client: OpenAI):
    case = CaseFile("usage")
    calls: list[JsonObject] = [
        {"id": f"c{n}", "type": "function", "function": {"name": "get_customer", "arguments": "{}"}} for n in range(2)
    ]
    with pytest.raises(BadRequestError, match="did not have response messages: c1"):
        ask(openai_client, case.request((case.opening() + case.answer_calls(calls))[:-1]))


def test_invalid_json_is_refused(http: httpx.Client):
    answer = http.post("/v1/chat/completions", content=b'{"model": ', headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_models_are_listed_and_others_unknown(openai_client: OpenAI):
    assert [model.id for model in openai_client.models.list()] == ["casewright-rules-1"]
    assert openai_client.models.retrieve("casewright-rules-1").owned_by == "casewright"
    with pytest.raises(NotFoundError):
        openai_client.models.retrieve("gpt-99")


def test_unknown_paths_and_methods_are_refused_in_same_format(http: httpx.Client):
    assert http.get("/v1/nothing").json()["error"]["code"] == "unknown_url"
    assert http.get("/v1/chat/completions").status_code == 405
    assert http.get("/healthz").json()["status"] == "ok"


def test_hundreds_of_slow_calls_are_in_flight_at_once(server_url: str, http: httpx.Client):
    http.put("/control", json={"latency_s": 3600}).raise_for_status()

    async def crowd(size: int) -> None:
        async with httpx.AsyncClient(base_url=server_url, timeout=None, limits=httpx.Limits()) as client:
            body = {"model": "m", "messages": HELLO}
            calls = [asyncio.create_task(client.post("/v1/chat/completions", json=body)) for _ in range(size)]
            while (await client.get("/control/stats")).json()["in_flight"] < size:
                pass  # the server tells nobody that a call has arrived
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(crowd(300))
    while http.get("/control/stats").json()["in_flight"]:
        continue  # nor does it tell that it has noticed that all have left
