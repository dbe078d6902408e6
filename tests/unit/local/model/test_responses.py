"""The Responses API, through the real client."""

import json
from typing import Any

import httpx
import pytest
from openai import BadRequestError, NotFoundError, OpenAI
from pydantic import BaseModel, ConfigDict

from local.model.conversation_store import KeptConversations
from tests.unit.local.model.casefile import TOOLS, CaseFile, JsonObject

MODEL = "casewright-rules-1"
LOOK_UP: JsonObject = {
    "type": "function",
    "name": "look_up",
    "description": "Looks something up.",
    "parameters": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
    "strict": False,
}


class Weather(BaseModel):
    """A schema that a caller wants its answer in."""

    model_config = ConfigDict(extra="forbid")
    city: str
    degrees: float


def create(client: OpenAI, **body: Any) -> Any:
    made: Any = client.responses.create
    return made(**{"model": MODEL, **body})


def as_responses(case: CaseFile) -> JsonObject:
    """A specialist's request in the format of this API."""
    chat = case.request()
    tools = [{"type": "function", "strict": False, **tool["function"]} for tool in chat["tools"]]
    system, *others = chat["messages"]
    return {"instructions": system["content"], "input": others, "tools": tools}


def answered(case: CaseFile, calls: list[Any]) -> list[JsonObject]:
    chat_calls = [
        {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    outputs = [message for message in case.answer_calls(chat_calls) if message["role"] == "tool"]
    return [
        {"type": "function_call_output", "call_id": output["tool_call_id"], "output": output["content"]}
        for output in outputs
    ]


def test_unrelated_question_is_answered_with_what_this_model_is(openai_client: OpenAI) -> None:
    answer = create(openai_client, input="Who are you? My password is hunter2.")
    assert MODEL in answer.output_text
    assert "hunter2" not in answer.output_text
    assert (answer.status, answer.model) == ("completed", MODEL)
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0


def test_specialist_calls_tools_then_judges_from_whole_input(openai_client: OpenAI) -> None:
    case = CaseFile("usage")
    body = as_responses(case)
    first = create(openai_client, **body, store=False)
    assert [call.name for call in first.output] == list(TOOLS["usage"])
    items = [*body["input"], *(call.model_dump() for call in first.output), *answered(case, first.output)]
    second = create(openai_client, **{**body, "input": items}, store=False)
    assert json.loads(second.output_text)["risk_score"] == case.verdict()["risk_score"]


def test_specialist_continues_from_previous_response(openai_client: OpenAI) -> None:
    case = CaseFile("usage")
    body = as_responses(case)
    first = create(openai_client, **body)
    second = create(openai_client, **{**body, "input": answered(case, first.output)}, previous_response_id=first.id)
    assert json.loads(second.output_text)["risk_score"] == case.verdict()["risk_score"]
    assert second.previous_response_id == first.id


def test_response_that_was_not_kept_cannot_go_on(openai_client: OpenAI) -> None:
    first = create(openai_client, input="Hello, keep nothing.", store=False)
    with pytest.raises(NotFoundError) as refused:
        create(openai_client, input="And now?", previous_response_id=first.id)
    assert refused.value.code == "previous_response_not_found"


def test_structured_output_follows_its_schema(openai_client: OpenAI) -> None:
    answer = openai_client.responses.parse(model=MODEL, input="What is the weather?", text_format=Weather)
    assert isinstance(answer.output_parsed, Weather)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "look_up"}])
def test_tool_choice_is_obeyed(openai_client: OpenAI, choice: Any) -> None:
    answer = create(openai_client, input="Look it up.", tools=[LOOK_UP], tool_choice=choice)
    assert [(call.type, call.name) for call in answer.output] == [("function_call", "look_up")]
    assert "word" in json.loads(answer.output[0].arguments)


@pytest.mark.parametrize("calls", [True, False])
def test_streamed_response_equals_the_whole_one(openai_client: OpenAI, calls: bool) -> None:
    more: JsonObject = {"tools": [LOOK_UP], "tool_choice": "required"} if calls else {}
    whole = create(openai_client, input="Say who you are.", **more)
    with openai_client.responses.stream(model=MODEL, input="Say who you are.", **more) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.sequence_number for event in events] == sorted(event.sequence_number for event in events)
    assert events[0].type == "response.created"
    assert final.output_text == whole.output_text
    assert [item.type for item in final.output] == [item.type for item in whole.output]
    deltas = "".join(str(getattr(event, "delta", "")) for event in events)
    assert deltas == (whole.output[0].arguments if calls else whole.output_text)


def test_answer_cut_at_its_limit_is_incomplete(openai_client: OpenAI) -> None:
    answer = create(openai_client, input="Who are you?", max_output_tokens=4)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")


def test_faults_reach_this_api_too(openai_client: OpenAI, http: httpx.Client) -> None:
    http.put("/control", json={"fault": "refusal"}).raise_for_status()
    answer = create(openai_client, input="Who are you?")
    assert answer.output[0].content[0].type == "refusal"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": [5]}, "input[0]"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].type"),
        ({"input": [{"type": "function_call_output", "call_id": "c9", "output": "x"}]}, "input[0]"),
        ({"input": "x", "tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"input": "x", "tool_choice": "required"}, "tool_choice"),
        ({"input": "x", "max_output_tokens": 0}, "max_output_tokens"),
        ({"input": "x", "model": None}, "model"),
        ({"input": 5}, "input"),
        ({"input": [{"role": "wizard", "content": "x"}]}, "input"),
        ({"input": "x", "instructions": ["x"]}, "instructions"),
        ({"input": "x", "text": {"format": {"type": "xml"}}}, "text.format"),
        ({"input": "x", "text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
        ({"input": "x", "tools": [{"type": "function", "name": "a b"}]}, "tools[0].name"),
        ({"input": "x", "temperature": 3}, "temperature"),
        ({"input": "x", "stream": "yes"}, "stream"),
        ({"input": "x", "background": True}, "background"),
        ({"input": "x", "conversation": "conv_1"}, "conversation"),
    ],
)
def test_bad_request_names_the_parameter_that_is_wrong(openai_client: OpenAI, body: JsonObject, param: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        openai_client.post("/responses", cast_to=object, body={"model": MODEL, **body})
    assert refused.value.param == param


def test_oldest_conversation_is_forgotten_first() -> None:
    kept = KeptConversations(most=2, most_characters=100_000)
    for name in ("a", "b", "a", "c"):
        kept.keep(name, ({"role": "user", "content": name},))
    assert list(kept) == ["a", "c"]


def test_large_conversations_make_room_for_later_ones() -> None:
    kept = KeptConversations(most=10, most_characters=300)
    for name in ("a", "b", "c"):
        kept.keep(name, ({"role": "user", "content": "x" * 100},))
    assert list(kept) == ["b", "c"]
