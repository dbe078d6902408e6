"""Every documented way to choose a model: who is started, who is asked, and which key is shown to whom."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from local.parts import BadSetting, Part, StackOptions, StackPlan, plan_stack
from tests.unit.worker.support.endpoint import Endpoint, completion
from worker.adapters.client_loop import ClientLoop
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import NO_KEY, AzureProvider, OpenAIProvider, open_client
from worker.agents.response_schemas import RiskVerdict, answer_format
from worker.main import providers_of
from worker.ports.model import Message, ModelRequest
from worker.settings import WorkerSettings

OPTIONS = StackOptions(data=Path("/data"), web_dist=Path("/web"))
KEY = "sk-hunter2"
REQUEST = ModelRequest(
    messages=(Message(role="user", text="The case."),), answer_format=answer_format("risk_verdict", RiskVerdict)
)
LOCAL_URL = "http://127.0.0.1:8090/v1"
LOCAL = OpenAIProvider(LOCAL_URL, "casewright-rules-1", NO_KEY)
GEMINI = "https://generativelanguage.googleapis.com/v1beta/openai/"
AZURE = {
    "AUTH_MODE": "oidc",
    "AZURE_OPENAI_ENDPOINT": "https://desk.openai.azure.com",
    "AZURE_OPENAI_CHAT_DEPLOYMENT": "gpt-5",
}

WAYS: dict[str, tuple[Mapping[str, str], bool, list[AzureProvider | OpenAIProvider]]] = {
    "nothing": ({}, True, [LOCAL]),
    "empty values": ({"OPENAI_API_KEY": "", "OPENAI_MODEL": "", "OPENAI_BASE_URL": ""}, True, [LOCAL]),
    "OpenAI": (
        {"OPENAI_API_KEY": KEY, "OPENAI_MODEL": "gpt-5"},
        False,
        [OpenAIProvider("https://api.openai.com/v1", "gpt-5", KEY)],
    ),
    "Gemini": (
        {"OPENAI_BASE_URL": GEMINI, "OPENAI_API_KEY": KEY, "OPENAI_MODEL": "gemini-2.5-pro"},
        False,
        [OpenAIProvider(GEMINI, "gemini-2.5-pro", KEY)],
    ),
    "another machine": (
        {"OPENAI_BASE_URL": "https://vllm.example.test/v1", "OPENAI_API_KEY": KEY, "OPENAI_MODEL": "qwen3"},
        False,
        [OpenAIProvider("https://vllm.example.test/v1", "qwen3", KEY)],
    ),
    "this machine without a key": (
        {"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_MODEL": "qwen3"},
        False,
        [OpenAIProvider("http://127.0.0.1:11434/v1", "qwen3", NO_KEY)],
    ),
    "this machine with a key": (
        {"OPENAI_BASE_URL": "http://127.0.0.1:4000/v1", "OPENAI_MODEL": "any", "OPENAI_API_KEY": KEY},
        False,
        [OpenAIProvider("http://127.0.0.1:4000/v1", "any", KEY)],
    ),
    "the local model by its address": (
        {"OPENAI_BASE_URL": LOCAL_URL, "OPENAI_MODEL": "casewright-rules-1", "OPENAI_API_KEY": KEY},
        False,
        [LOCAL],
    ),
    "the local model by its name": ({"OPENAI_MODEL": "casewright-rules-1", "OPENAI_API_KEY": KEY}, True, [LOCAL]),
    "Azure": (AZURE, False, [AzureProvider("https://desk.openai.azure.com", "gpt-5")]),
    "Azure before OpenAI": (
        {**AZURE, "OPENAI_API_KEY": KEY, "OPENAI_MODEL": "gpt-5-mini"},
        False,
        [AzureProvider("https://desk.openai.azure.com", "gpt-5")],
    ),
    "tool calling by schema": (
        {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_MODEL": "m", "MODEL_TOOL_CALLING": "schema"},
        False,
        [OpenAIProvider("http://127.0.0.1:1/v1", "m", NO_KEY, "schema")],
    ),
    "the local model, then others": (
        {
            "MODEL_FAILOVER": '[{"OPENAI_API_KEY": "sk-hunter2", "OPENAI_MODEL": "gpt-5"},'
            ' {"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_MODEL": "qwen3"}]'
        },
        True,
        [
            LOCAL,
            OpenAIProvider("https://api.openai.com/v1", "gpt-5", KEY),
            OpenAIProvider("http://127.0.0.1:11434/v1", "qwen3", NO_KEY),
        ],
    ),
    "OpenAI, then others": (
        {
            "OPENAI_API_KEY": KEY,
            "OPENAI_MODEL": "gpt-5",
            "MODEL_FAILOVER": '[{"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_MODEL": "qwen3"}]',
        },
        False,
        [
            OpenAIProvider("https://api.openai.com/v1", "gpt-5", KEY),
            OpenAIProvider("http://127.0.0.1:11434/v1", "qwen3", NO_KEY),
        ],
    ),
}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WorkerSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def part(plan: StackPlan, name: str) -> Part:
    (found,) = [part for part in plan.parts if part.name == name]
    return found


@pytest.mark.parametrize(("env", "starts_local", "asked"), WAYS.values(), ids=WAYS.keys())
def test_model_that_is_chosen_is_asked_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
    env: Mapping[str, str],
    starts_local: bool,
    asked: list[AzureProvider | OpenAIProvider],
) -> None:
    plan = plan_stack(OPTIONS, env)
    for name, value in part(plan, "worker").environment(env).items():
        monkeypatch.setenv(name, value)

    providers = providers_of(WorkerSettings())

    assert ("model" in [part.name for part in plan.parts]) == starts_local
    assert providers == asked
    assert [getattr(each, "api_key", None) for each in providers] == [getattr(each, "api_key", None) for each in asked]
    assert len(plan.given) == (0 if starts_local else 1)
    for each in plan.parts:
        holds_key = any("hunter2" in value for value in each.environment(env).values())
        assert not holds_key or each.name == "worker"
    shown = part(plan, "backend").environment(env)
    name = shown.get("AZURE_OPENAI_CHAT_DEPLOYMENT") or shown["OPENAI_MODEL"]
    assert name == asked[0].model, "the page names the model that is asked"


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        (
            {"OPENAI_API_KEY": KEY},
            "OPENAI_API_KEY is set and OPENAI_MODEL is not: "
            "set it to a model of OpenAI, or unset OPENAI_API_KEY to use the local model.",
        ),
        (
            {"OPENAI_MODEL": "gpt-5"},
            "OPENAI_MODEL=gpt-5 is set and nothing says where it answers: set OPENAI_API_KEY for OpenAI or "
            "OPENAI_BASE_URL for another endpoint, or unset OPENAI_MODEL to use the local model.",
        ),
        (
            {
                "AUTH_MODE": "oidc",
                "AZURE_OPENAI_CHAT_DEPLOYMENT": "gpt-5",
                "OPENAI_API_KEY": KEY,
                "OPENAI_MODEL": "gpt-5",
            },
            "AZURE_OPENAI_CHAT_DEPLOYMENT is set and AZURE_OPENAI_ENDPOINT is not: "
            "set it to the address of the deployment, or unset both.",
        ),
    ],
)
def test_half_choice_is_one_sentence_and_never_local_model(env: Mapping[str, str], sentence: str) -> None:
    with pytest.raises(BadSetting) as raised:
        plan_stack(OPTIONS, env)

    assert str(raised.value) == sentence


def test_openai_settings_are_sent_to_openai_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-hunter2")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-hunter2")

    other = open_client(OpenAIProvider(LOCAL_URL, "m"))
    own = open_client(OpenAIProvider("https://api.openai.com/v1", "m", KEY))

    assert "hunter2" not in str(other.default_headers)
    assert own.default_headers["OpenAI-Organization"] == "org-hunter2"


@pytest.mark.parametrize(("key", "sent"), [(NO_KEY, "Basic YW5hOmh1bnRlcjI="), (KEY, f"Bearer {KEY}")])
def test_address_with_password_is_asked_with_it_or_key(key: str, sent: str) -> None:
    with Endpoint(lambda _: completion("{}")) as endpoint, ClientLoop() as loop:
        client = open_client(OpenAIProvider(endpoint.url.replace("://", "://ana:hunter2@"), "m", key))
        loop.close_with(client.close)
        OpenAIModel(client, "m", loop).complete(REQUEST, 60)

    assert endpoint.asked[0].headers["authorization"] == sent
    assert "hunter2" not in str(client.base_url)
