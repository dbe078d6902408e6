"""`casewright models check`: what the configured models can do, in words."""

import json
from dataclasses import replace
from typing import ClassVar

import pytest

from tests.unit.worker.support.agents import a_verdict
from tests.unit.worker.support.endpoint import Asked, Behaviour, Endpoint, Said, completion, failure
from worker.adapters.client_loop import ClientLoop
from worker.adapters.model_check import check_models, table
from worker.adapters.providers import OpenAIProvider
from worker.agents.specialists import SPECIALIST_TOOLS
from worker.main import main


def test_the_local_model_can_do_all_of_it(loop: ClientLoop, rules_model: str) -> None:
    (check,) = check_models([OpenAIProvider(f"{rules_model}/v1", "casewright-rules-1")], loop, 30)

    assert {probe.ability: probe.problem for probe in check.probes} == dict.fromkeys(
        ("plain", "tools", "structured", "streaming")
    )
    assert check.usable


def answers_without_tools(asked: Asked) -> Said:
    """An endpoint that takes tools and never asks for one, answers as it should, and cannot stream."""
    if asked.body.get("stream"):
        return failure(501, "Streaming is off.")
    return completion(json.dumps(a_verdict()) if "response_format" in asked.body else "Hello.")


def test_endpoint_that_asks_for_no_tool_is_not_usable(loop: ClientLoop) -> None:
    with Endpoint(answers_without_tools) as endpoint:
        (check,) = check_models([OpenAIProvider(endpoint.url, "m-1")], loop, 30)

    problems = {probe.ability: probe.problem for probe in check.probes}
    assert (problems["plain"], problems["structured"]) == (None, None)
    assert (problems["tools"] or "").endswith("if it never does, set MODEL_TOOL_CALLING=schema.")
    assert problems["streaming"] == "The model endpoint failed with status 501."
    assert not check.usable


def asks_and_answers(asked: Asked) -> Said:
    """An endpoint that asks for the customer, and then answers."""
    messages = asked.body["messages"]
    if "tools" not in asked.body or any(message["role"] == "tool" for message in messages):
        return completion(json.dumps(a_verdict(0.7)) if "response_format" in asked.body else "Hello.")
    call = {"id": "c1", "type": "function", "function": {"name": "get_customer", "arguments": '{"customer_id": 1}'}}
    return completion(None, finish="tool_calls", tool_calls=[call])


def fails_over_results(asked: Asked) -> Said:
    """An endpoint that asks for tools, and refuses what they answered."""
    if any(message["role"] == "tool" for message in asked.body["messages"]):
        return failure(400, "Function call is missing a thought_signature.")
    return asks_and_answers(asked)


def chokes_on_real_schemas(asked: Asked) -> Said:
    """An endpoint that takes a tool of one argument only."""
    if any(len(tool["function"]["parameters"]["properties"]) > 1 for tool in asked.body.get("tools", ())):
        return failure(500, "Cannot compile this grammar.")
    return asks_and_answers(asked)


def test_tools_are_tried_with_results_and_a_verdict_after(loop: ClientLoop) -> None:
    with Endpoint(asks_and_answers) as endpoint:
        (check,) = check_models([OpenAIProvider(endpoint.url, "m-1")], loop, 30)

    notes = {probe.ability: probe.note for probe in check.probes}
    assert check.usable
    assert notes["tools"] == "tool calling 'native', a verdict after 1 tool calls in 2 turns"
    offered = endpoint.asked[1].body["tools"]
    assert [tool["function"]["name"] for tool in offered] == list(SPECIALIST_TOOLS["location"])


class LikeAzure(OpenAIProvider):
    """A provider whose headers tell the limit of ten seconds."""

    limit_window_s: ClassVar[float] = 10.0


def test_limit_of_ten_seconds_is_read_as_such(loop: ClientLoop) -> None:
    def limited(asked: Asked) -> Said:
        return replace(asks_and_answers(asked), headers={"x-ratelimit-limit-requests": "6"})

    with Endpoint(limited) as endpoint:
        (check,) = check_models([LikeAzure(endpoint.url, "m-1")], loop, 8)

    assert [probe.problem for probe in check.probes if probe.ability in ("tools", "structured")] == [None, None]


@pytest.mark.parametrize(
    ("behaviour", "problem"),
    [
        (fails_over_results, "The model endpoint refused the request with status 400."),
        (chokes_on_real_schemas, "The model endpoint failed with status 500."),
    ],
)
def test_endpoint_that_fails_after_one_turn_is_not_usable(loop: ClientLoop, behaviour: Behaviour, problem: str) -> None:
    with Endpoint(behaviour) as endpoint:
        (check,) = check_models([OpenAIProvider(endpoint.url, "m-1")], loop, 30)

    assert not check.usable
    assert {probe.ability: probe.problem for probe in check.probes}["tools"] == problem


def test_endpoint_that_answers_with_a_page_is_not_usable(loop: ClientLoop) -> None:
    with Endpoint(lambda _: Said(raw=b"<html></html>", headers={"content-type": "text/html"})) as endpoint:
        (check,) = check_models([OpenAIProvider(endpoint.url, "m-1")], loop, 30)

    assert {probe.problem for probe in check.probes if probe.ability != "streaming"} == {
        "The model endpoint did not give a chat completion."
    }


def test_table_has_each_ability_and_what_fails(loop: ClientLoop) -> None:
    with Endpoint(lambda _: failure(401)) as endpoint:
        lines = table(check_models([OpenAIProvider(endpoint.url, "m-1", "sk-secret")], loop, 30)).splitlines()

    assert lines[0].startswith("m-1 at 127.0.0.1:")
    assert lines[0].endswith("NOT usable")
    assert [line.split()[:2] for line in lines[1:]] == [
        [ability, "FAILED"] for ability in ("plain", "tools", "structured", "streaming")
    ]
    assert all("refused the worker's credentials (status 401)." in line for line in lines[1:])
    assert "secret" not in "".join(lines)


def test_command_ends_with_1_when_a_model_is_unusable(
    rules_model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{rules_model}/v1")
    monkeypatch.setenv("OPENAI_MODEL", "casewright-rules-1")
    assert main(["models", "check"]) == 0

    spare = [{"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_MODEL": "spare"}]
    monkeypatch.setenv("MODEL_FAILOVER", json.dumps(spare))
    assert main(["models", "check"]) == 1

    printed = capsys.readouterr().out
    assert "spare at 127.0.0.1:9: NOT usable" in printed
    assert "The model endpoint could not be reached." in printed


def test_an_endpoint_that_loses_its_answers_is_not_usable(loop: ClientLoop) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n"
    lost = Said(wire=head + json.dumps(completion("{}").body).encode()[:150])
    with Endpoint(lambda _: lost) as endpoint:
        (check,) = check_models([OpenAIProvider(endpoint.url, "m-1")], loop, 30)

    problems = {probe.ability: probe.problem for probe in check.probes}
    assert not check.usable
    assert problems["tools"] == problems["structured"] == "The model endpoint broke the connection within its answer."
