"""The switches: how each fault looks to a client, for how long, and who may set it."""

import json
import math
from collections.abc import Sequence
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from starlette.testclient import TestClient

from local.model import assistant
from local.model.app import build_app
from local.model.control import FAULTS, ControlPanel
from local.model.request import Message
from local.model.rules.conversation import Conversation, read_conversation
from local.model.stats import Stats
from tests.unit.local.model.casefile import CaseFile, JsonObject

HELLO: Any = [{"role": "user", "content": "Hello"}]


def chat(client: OpenAI, **more: Any) -> Any:
    create: Any = client.chat.completions.create
    return create(model="m", messages=HELLO, **more).choices[0]


def finished_case() -> JsonObject:
    """A request whose answer is a verdict."""
    return {key: value for key, value in CaseFile("location").request().items() if key != "tools"}


def verdict_under(http: httpx.Client, fault: str) -> str:
    http.put("/control", json={"fault": fault}).raise_for_status()
    answer = http.post("/v1/chat/completions", json=finished_case())
    return str(answer.json()["choices"][0]["message"]["content"])


def test_the_control_is_shown_as_it_was_set(http: httpx.Client):
    wanted = {"latency_s": 0, "fault": "500", "text": None, "times": 3}
    assert http.put("/control", json=wanted).json() == wanted | {
        "retry_after_s": None,
        "agent": None,
        "requests_per_minute": None,
    }
    assert http.get("/control").json()["fault"] == "500"
    assert http.put("/control", json={}).json()["fault"] is None


def test_times_counts_calls_and_then_all_is_normal(openai_client: OpenAI, http: httpx.Client):
    http.put("/control", json={"text": "canned", "times": 2})
    assert [chat(openai_client).message.content for _ in range(2)] == ["canned", "canned"]
    assert http.get("/control").json()["text"] is None
    assert "casewright" in chat(openai_client).message.content


def test_429_carries_retry_after_when_configured(openai_client: OpenAI, http: httpx.Client):
    http.put("/control", json={"fault": 429, "retry_after_s": 7})
    with pytest.raises(openai.RateLimitError) as refused:
        chat(openai_client)
    assert refused.value.response.headers["retry-after"] == "7"


def test_500_is_an_internal_error(openai_client: OpenAI, http: httpx.Client):
    http.put("/control", json={"fault": "500"})
    with pytest.raises(openai.InternalServerError):
        chat(openai_client)


def test_a_retrying_client_gets_over_a_fault_that_passes(openai_client: OpenAI, http: httpx.Client):
    http.put("/control", json={"fault": "429", "times": 1, "retry_after_s": 0})
    assert chat(openai_client.with_options(max_retries=2)).message.content


def test_timeout_never_answers_and_ends_when_the_client_leaves(openai_client: OpenAI, http: httpx.Client):
    http.put("/control", json={"fault": "timeout"})
    with pytest.raises(openai.APITimeoutError):
        chat(openai_client.with_options(timeout=0.3))
    http.put("/control", json={})
    chat(openai_client)
    # That its client has left, the server hears from another connection: soon.
    while http.get("/control/stats").json()["in_flight"]:
        continue


def test_reset_cuts_the_connection(server_url: str, http: httpx.Client):
    http.put("/control", json={"fault": "reset"})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError), match=r"reset by peer|Connection reset|104"):
        httpx.post(f"{server_url}/v1/chat/completions", json={"model": "m", "messages": HELLO}, timeout=60)


def test_empty_refusal_and_length_look_like_the_real_thing(openai_client: OpenAI, http: httpx.Client):
    http.put("/control", json={"fault": "empty"})
    assert chat(openai_client).message.content == ""
    http.put("/control", json={"fault": "refusal"})
    refused = chat(openai_client).message
    assert refused.refusal
    assert refused.content is None
    http.put("/control", json={"fault": "length"})
    assert chat(openai_client).finish_reason == "length"


def test_invalid_json_cannot_be_parsed_and_wrong_shape_can(http: httpx.Client):
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(verdict_under(http, "invalid_json"))
    assert "risk_score" not in json.loads(verdict_under(http, "wrong_shape"))


def test_scores_out_of_range_spoil_the_genuine_verdict(http: httpx.Client):
    spoilt = json.loads(verdict_under(http, "score_9"))
    assert spoilt["risk_score"] == 9
    assert "findings" in spoilt
    assert json.loads(verdict_under(http, "negative"))["risk_score"] < 0
    assert math.isnan(json.loads(verdict_under(http, "nan"))["risk_score"])


def answer_of(http: httpx.Client, agent: str) -> JsonObject:
    body = {key: value for key, value in CaseFile(agent).request().items() if key != "tools"}
    return http.post("/v1/chat/completions", json=body).json()


def test_a_fault_can_be_meant_for_one_agent_alone(http: httpx.Client):
    http.put("/control", json={"fault": "empty", "agent": "billing", "times": 1}).raise_for_status()
    before = http.get("/control/stats").json()["agents"]

    spared = answer_of(http, "usage")["choices"][0]["message"]["content"]
    assert http.get("/control").json()["times"] == 1
    struck = answer_of(http, "billing")["choices"][0]["message"]["content"]

    assert (bool(spared), struck) == (True, "")
    assert http.get("/control").json()["agent"] is None
    after = http.get("/control/stats").json()["agents"]
    assert {name: after[name] - before.get(name, 0) for name in ("usage", "billing")} == {"usage": 1, "billing": 1}


def test_an_unknown_agent_is_refused_with_the_known_ones(http: httpx.Client):
    refused = http.put("/control", json={"agent": "manager"})
    assert refused.status_code == 422
    assert "use one of usage, location, billing, aggregator" in refused.json()["error"]["message"]


def test_a_model_without_tools_refuses_them_and_answers_without(http: httpx.Client):
    http.put("/control", json={"fault": "no_tools"}).raise_for_status()
    refused = http.post("/v1/chat/completions", json=CaseFile("location").request())
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "tools")
    assert json.loads(answer_of(http, "location")["choices"][0]["message"]["content"])["findings"] is not None


def test_a_content_filter_withholds_the_text(http: httpx.Client):
    http.put("/control", json={"fault": "content_filter"}).raise_for_status()
    (choice,) = answer_of(http, "usage")["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("content_filter", "")


def test_a_score_fault_waits_for_the_verdict(http: httpx.Client):
    http.put("/control", json={"fault": "score_9", "times": 1})
    first = http.post("/v1/chat/completions", json=CaseFile("location").request()).json()
    assert first["choices"][0]["finish_reason"] == "tool_calls"
    assert http.get("/control").json()["times"] == 1
    second = http.post("/v1/chat/completions", json=finished_case()).json()
    assert json.loads(second["choices"][0]["message"]["content"])["risk_score"] == 9


def test_tool_faults_call_unknown_tools_wrongly_or_endlessly(http: httpx.Client):
    def first_call(fault: str, body: JsonObject) -> JsonObject:
        http.put("/control", json={"fault": fault})
        answer = http.post("/v1/chat/completions", json=body).json()
        return answer["choices"][0]["message"]["tool_calls"][0]["function"]

    body = CaseFile("usage").request()
    offered = {tool["function"]["name"] for tool in body["tools"]}
    assert first_call("unknown_tool", body)["name"] not in offered
    wrong = first_call("bad_arguments", body)
    assert wrong["name"] in offered
    assert json.loads(wrong["arguments"])["customer_id"] != 7
    endless = first_call("endless_tools", body | {"messages": [*body["messages"], *HELLO]})
    assert endless["name"] in offered
    assert json.loads(endless["arguments"])["customer_id"] == 7


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b'{"fault": "gremlins"}', "Unknown fault 'gremlins': use one of timeout, reset, 429"),
        (b'{"mood": "bad"}', "Unknown field 'mood': use latency_s, fault, text, times"),
        (b'{"latency_s": -1}', "Field 'latency_s' cannot be -1"),
        (b'{"times": 0}', "Field 'times' cannot be 0"),
        (b"[]", "must be a JSON object"),
        (b"{", "must be a JSON object"),
    ],
)
def test_invalid_control_is_refused_with_one_sentence(http: httpx.Client, document: bytes, expected: str):
    answer = http.put("/control", content=document, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert expected in answer.json()["error"]["message"]


def test_an_unknown_fault_lists_every_name(http: httpx.Client):
    message = http.put("/control", json={"fault": "gremlins"}).json()["error"]["message"]
    assert all(name in message for name in FAULTS)


def test_stats_count_calls_tokens_and_faults(openai_client: OpenAI, http: httpx.Client):
    before = http.get("/control/stats").json()
    usage = openai_client.chat.completions.create(model="m", messages=HELLO).usage
    http.put("/control", json={"fault": "empty"})
    chat(openai_client)
    after = http.get("/control/stats").json()
    assert usage is not None
    assert after["calls"] == before["calls"] + 2
    assert after["tokens"] >= before["tokens"] + usage.total_tokens
    assert after["faults"]["empty"] == before["faults"].get("empty", 0) + 1
    assert after["in_flight"] == 0


@pytest.mark.parametrize(("method", "path"), [("PUT", "/control"), ("GET", "/control"), ("GET", "/control/stats")])
def test_another_machine_may_not_control(method: str, path: str):
    app = build_app(ControlPanel(), Stats(), reset=lambda client: None)
    with TestClient(app, client=("192.0.2.1", 5000)) as stranger:
        answer = stranger.request(method, path, json={"fault": "500"} if method == "PUT" else None)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "loopback_only"


@pytest.mark.parametrize(("control", "readings"), [({}, 1), ({"fault": "bad_arguments"}, 2)])
def test_a_conversation_is_read_again_only_for_a_fault(
    monkeypatch: pytest.MonkeyPatch, control: JsonObject, readings: int
):
    read: list[Sequence[Message]] = []

    def note_and_read(messages: Sequence[Message]) -> Conversation | None:
        read.append(messages)
        return read_conversation(messages)

    monkeypatch.setattr(assistant, "read_conversation", note_and_read)
    app = build_app(ControlPanel(), Stats(), reset=lambda _client: None)
    with TestClient(app, client=("127.0.0.1", 1)) as client:
        client.put("/control", json=control).raise_for_status()
        client.post("/v1/chat/completions", json=CaseFile("location").request()).raise_for_status()

    assert len(read) == readings
