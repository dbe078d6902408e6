"""What the environment may say, and one exact sentence for what it may not."""

import json
from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from contracts.investigation import InvestigationPolicy
from runtime.signatures import PrivateKey
from worker.settings import WorkerSettings

LOCAL = {"OPENAI_BASE_URL": "http://127.0.0.1:8090/v1", "OPENAI_MODEL": "casewright-rules-1"}
AZURE = {"AZURE_OPENAI_ENDPOINT": "https://desk.openai.azure.com", "AZURE_OPENAI_CHAT_DEPLOYMENT": "gpt-5"}

KEY = PrivateKey.new().pem


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WorkerSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def settings(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> WorkerSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return WorkerSettings()


def test_a_case_s_limits_have_one_default(monkeypatch: pytest.MonkeyPatch) -> None:
    read, usual = settings(monkeypatch, LOCAL), InvestigationPolicy()

    assert read.auto_clear_threshold == usual.auto_clear_threshold
    assert read.quality_check_share == usual.quality_check_share
    assert read.analyst_approval_timeout_hours == usual.approval_timeout_hours
    assert read.escalation_timeout_hours == usual.escalation_timeout_hours
    assert read.max_review_attempts == usual.max_review_attempts


def test_the_local_model_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings(monkeypatch, LOCAL)

    assert (read.openai_base_url, read.openai_api_key) == ("http://127.0.0.1:8090/v1", None)
    assert (read.dts_endpoint, read.mcp_server_uri) == ("http://127.0.0.1:8080", "http://127.0.0.1:8000/mcp")
    assert (read.analyst_approval_timeout_hours, read.max_review_attempts) == (72.0, 3)


@pytest.mark.parametrize("environment", [AZURE, {"OPENAI_API_KEY": "sk-1", "OPENAI_MODEL": "gpt-5"}, AZURE | LOCAL])
def test_other_providers_are_named_by_the_environment_alone(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]
) -> None:
    assert settings(monkeypatch, environment).openai_model == environment.get("OPENAI_MODEL")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "No language model is configured: set OPENAI_BASE_URL and OPENAI_MODEL"),
        ({"OPENAI_MODEL": "m"}, "No language model is configured"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:8090/v1"}, "OPENAI_MODEL is not set"),
        ({"OPENAI_BASE_URL": "https://llm.example.test/v1", "OPENAI_MODEL": "m"}, "set OPENAI_API_KEY for it"),
        ({"AZURE_OPENAI_ENDPOINT": "https://desk.openai.azure.com"}, "set AZURE_OPENAI_CHAT_DEPLOYMENT"),
        (LOCAL | {"AZURE_OPENAI_CHAT_DEPLOYMENT": "gpt-5"}, "AZURE_OPENAI_ENDPOINT is not"),
    ],
)
def test_a_missing_model_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        settings(monkeypatch, environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DTS_ENDPOINT", "127.0.0.1:8080"),
        ("ANALYST_APPROVAL_TIMEOUT_HOURS", "0"),
        ("ANALYST_APPROVAL_TIMEOUT_HOURS", "nan"),
        ("MAX_REVIEW_ATTEMPTS", "0"),
        ("AUTO_CLEAR_THRESHOLD", "1.5"),
        ("QUALITY_CHECK_SHARE", "-0.1"),
        ("WORKER_THREADS", "many"),
        ("MCP_SERVER_URI", "localhost:8000"),
        ("AZURE_OPENAI_ENDPOINT", "http://desk.openai.azure.com"),
    ],
)
def test_a_bad_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        settings(monkeypatch, LOCAL | {name: value})


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "MCP_SERVER_URI", "DTS_ENDPOINT"])
@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("127.0.0.1:99999", "its port is none"),
        ("127.0.0.1:0", "its port is none"),
        ("127.0.0.1:hunter2", "its port is none"),
        ("[::1", "its host cannot be read"),
        (":8080", "it names no host"),
    ],
)
def test_an_address_where_nobody_can_answer_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, host: str, why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        settings(monkeypatch, LOCAL | {name: f"http://{host}"})


@pytest.mark.parametrize("secret", ["sk-hun\nter2", "sk-hünter2", "sk hunter2", "   ", "sk-\x7f", "\u200bsk-hunter2"])
def test_a_secret_that_no_request_can_carry_is_refused(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    with pytest.raises(ValidationError, match="it holds what no request can carry"):
        settings(monkeypatch, LOCAL | {"OPENAI_API_KEY": secret})


def test_secret_is_read_without_its_line_end(monkeypatch: pytest.MonkeyPatch) -> None:
    key = settings(monkeypatch, LOCAL | {"OPENAI_API_KEY": " sk-hunter2\r\n"}).openai_api_key
    assert key is not None
    assert key.get_secret_value() == "sk-hunter2"


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings(monkeypatch, LOCAL | {"OPENAI_API_KEY": "sk-secret", "MCP_CALLER_KEY": KEY})

    assert "secret" not in repr(read)
    assert KEY not in repr(read)


def test_further_models_are_named_like_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    spare = [AZURE, {"OPENAI_API_KEY": "sk-secret", "OPENAI_MODEL": "gpt-5-mini", "MODEL_TOOL_CALLING": "schema"}]

    read = settings(monkeypatch, LOCAL | {"MODEL_FAILOVER": json.dumps(spare)})

    assert [choice.openai_model or choice.azure_openai_chat_deployment for choice in read.models] == [
        "casewright-rules-1",
        "gpt-5",
        "gpt-5-mini",
    ]
    assert [choice.model_tool_calling for choice in read.models] == ["auto", "auto", "schema"]
    assert "secret" not in repr(read)


@pytest.mark.parametrize(
    ("failover", "sentence"),
    [
        ("gpt-5-mini", "not JSON: give a list"),
        ('[{"OPENAI_BASE_URL": "http://127.0.0.1:8091/v1"}]', "OPENAI_MODEL is not set"),
        ("[{}]", "No language model is configured"),
        ('[{"OPENAI_BASE_URL": "https://a.example.test/v1", "OPENAI_MODEL": "m"}]', "set OPENAI_API_KEY for it"),
        ('[{"MODEL": "m"}]', "Extra inputs"),
        ("{}", "tuple"),
    ],
)
def test_incompletely_named_further_model_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, failover: str, sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        settings(monkeypatch, LOCAL | {"MODEL_FAILOVER": failover})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"MCP_CALLER_KEY": "hunter2"}, "it is no Ed25519 key in PEM"),
        ({"MCP_CALLER_KEY": KEY, "MCP_AUDIENCE": "api"}, "MCP_CALLER_KEY and MCP_AUDIENCE are both set"),
        ({"MCP_WRITE_TOKEN": "hunter2"}, "callers no longer share a token: each has a key of its own"),
    ],
    ids=["no key", "two ways", "the old token"],
)
def test_a_worker_has_one_way_to_identify_itself(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        settings(monkeypatch, LOCAL | changes)


FAR = {"OPENAI_BASE_URL": "http://ana:hunter2@models.example.test/v1", "OPENAI_MODEL": "m"}


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (FAR, "http://models.example.test/v1 is not on this machine: set OPENAI_API_KEY for it."),
        (
            FAR | {"OPENAI_API_KEY": "sk-hunter2"},
            "OPENAI_API_KEY would be sent unencrypted to http://models.example.test/v1: use https://, "
            "or set ALLOW_PLAIN_HTTP=true if nobody else can read on that network.",
        ),
        (
            LOCAL | {"MODEL_FAILOVER": json.dumps([FAR | {"OPENAI_API_KEY": "sk-hunter2"}])},
            "OPENAI_API_KEY would be sent unencrypted to http://models.example.test/v1: use https://",
        ),
        (
            LOCAL | {"MCP_CALLER_KEY": KEY, "MCP_SERVER_URI": "http://ana:hunter2@mcp.example.test:8000/mcp"},
            "The token for the tool server would be sent unencrypted to http://mcp.example.test:8000/mcp: use https://",
        ),
        (
            LOCAL | {"MCP_SERVER_URI": "http://ana:hunter2@mcp.example.test:8000/mcp"},
            "The user and password of MCP_SERVER_URI would be sent unencrypted to http://mcp.example.test:8000/mcp:",
        ),
        (
            LOCAL | {"DTS_ENDPOINT": "http://dts.example.test:8080"},
            "What DTS_ENDPOINT is told would be sent unencrypted to http://dts.example.test:8080: use https://",
        ),
    ],
)
def test_no_secret_crosses_a_network_unencrypted(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], sentence: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        settings(monkeypatch, environment)

    said = raised.value.errors(include_input=False)[0]["msg"]
    assert sentence in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "environment",
    [
        LOCAL | {"OPENAI_API_KEY": "sk-1", "MCP_CALLER_KEY": KEY},
        LOCAL | {"MCP_SERVER_URI": "http://mcp.example.test:8000/mcp"},
        LOCAL | {"MCP_SERVER_URI": "https://mcp.example.test/mcp", "MCP_CALLER_KEY": KEY},
        FAR | {"OPENAI_API_KEY": "sk-1", "ALLOW_PLAIN_HTTP": "true"},
        LOCAL | {"DTS_ENDPOINT": "http://dts.example.test:8080", "ALLOW_PLAIN_HTTP": "true"},
        LOCAL | {"DTS_ENDPOINT": "https://dts.example.test"},
    ],
)
def test_a_secret_may_go_where_nobody_reads_it(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    assert settings(monkeypatch, environment).models
