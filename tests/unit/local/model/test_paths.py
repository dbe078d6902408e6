"""Azure's paths, and what the server says of what it does not understand."""

from typing import Any

import httpx
import pytest
from openai import AzureOpenAI, BadRequestError, NotFoundError, OpenAI

HELLO: Any = [{"role": "user", "content": "Hello"}]


def test_azure_client_is_answered_at_its_deployment(server_url: str) -> None:
    with AzureOpenAI(azure_endpoint=server_url, api_key="unused", api_version="2024-10-21", max_retries=0) as client:
        answer = client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert answer.choices[0].message.content


@pytest.mark.parametrize("path", ["/openai/deployments/d/chat/completions", "/openai/v1/chat/completions"])
def test_azure_path_answers_as_the_plain_one(http: httpx.Client, path: str) -> None:
    body = {"model": "d", "messages": HELLO}
    assert (
        http.post(f"{path}?api-version=x", json=body).json()["choices"]
        == (http.post("/v1/chat/completions", json=body).json()["choices"])
    )


@pytest.mark.parametrize("model", [{}, {"model": None}])
def test_deployment_stands_for_the_model(http: httpx.Client, model: dict[str, Any]) -> None:
    assert http.post("/openai/deployments/d/chat/completions", json={"messages": HELLO} | model).status_code == 200


@pytest.mark.parametrize("path", ["/openai/v1/responses", "/openai/responses"])
def test_azure_paths_serve_responses(http: httpx.Client, path: str) -> None:
    assert http.post(path, json={"model": "d", "input": "Hello"}).json()["object"] == "response"


def test_model_can_be_looked_up_by_its_id(openai_client: OpenAI) -> None:
    assert openai_client.models.retrieve("casewright-rules-1").id == "casewright-rules-1"
    with pytest.raises(NotFoundError):
        openai_client.models.retrieve("another")


@pytest.mark.parametrize(
    ("change", "param", "words"),
    [
        ({"messages": []}, "messages", "at least 1"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, "messages[0].role", "'system', 'developer'"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "Missing required parameter"),
        ({"messages": 5}, "messages", "expected an array, but got a number"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "Invalid"),
        ({"model": None}, "model", "expected a string, but got null"),
        ({"n": 2}, "n", "expected 1"),
        ({"max_tokens": 0}, "max_tokens", "at least 1"),
        ({"tools": [{"type": "custom"}]}, "tools[0].type", "'function'"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice", "Invalid"),
        ({"response_format": {"type": "xml"}}, "response_format", "json_schema"),
    ],
)
def test_refusal_names_the_parameter_without_internals(
    openai_client: OpenAI, change: dict[str, Any], param: str, words: str
) -> None:
    with pytest.raises(BadRequestError) as refused:
        openai_client.post(
            "/chat/completions", cast_to=object, body={"model": "casewright-rules-1", "messages": HELLO} | change
        )
    assert refused.value.param == param or str(refused.value.param).startswith(f"{param}.")
    assert words in str(refused.value)
    for internal in ("Tuple", "NamedToolChoice", "literal[", "pydantic", "union", "model_"):
        assert internal not in str(refused.value)
