import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.main import public_config
from backend.settings import BackendSettings
from runtime.settings import SettingsInvalid, read_settings
from runtime.signatures import PrivateKey


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)


def refusal() -> str:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(BackendSettings)
    return str(refused.value)


def test_without_any_setting_it_serves_one_machine() -> None:
    settings = read_settings(BackendSettings)
    assert (settings.backend_host, settings.backend_port) == ("127.0.0.1", 8001)
    assert settings.dts_endpoint == "http://127.0.0.1:8080"
    assert settings.casebook_url == "sqlite:///.casewright/casebook.db"
    assert settings.replay_files == ()
    assert settings.decision_hold_seconds == 5


def test_lists_split_like_paths_and_empty_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLAY_FILES", f"a.jsonl{os.pathsep}b c.jsonl.gz")
    monkeypatch.setenv("ALLOWED_ORIGINS", "http://localhost:5173, http://localhost:5174")
    monkeypatch.setenv("TELEMETRY_URL", "")
    settings = read_settings(BackendSettings)
    assert settings.replay_files == (Path("a.jsonl"), Path("b c.jsonl.gz"))
    assert settings.allowed_origins == ("http://localhost:5173", "http://localhost:5174")
    assert settings.telemetry_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BACKEND_PORT", "eighty"),
        ("BACKEND_PORT", "70000"),
        ("AUTH_MODE", "none"),
        ("DTS_ENDPOINT", "127.0.0.1:8080"),
        ("REPLAY_PACE", "-1"),
        ("REPLAY_PACE", "nan"),
        ("AUTO_CLEAR_THRESHOLD", "1.5"),
        ("EVENT_PRODUCER_ENABLED", "perhaps"),
        ("SESSION_HOURS", "0"),
        ("SESSION_IDLE_MINUTES", "0"),
        ("SECURITY_LOG_DAYS", "0"),
        ("REQUESTS_PER_MINUTE", "-1"),
        ("MAX_CONNECTIONS", "0"),
        ("DECISION_HOLD_SECONDS", "-1"),
        ("DECISION_HOLD_SECONDS", "601"),
        ("DECISION_HOLD_SECONDS", "inf"),
        ("CLOSING_POLICY", "clear"),
        ("CLOSING_POLICY", "clear:"),
        ("CLOSING_POLICY", "clear: mood"),
        ("CLOSING_POLICY", "shut: comment"),
    ],
)
def test_bad_value_is_refused_by_setting_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    sentence = refusal()
    assert sentence.startswith(f"{name} is wrong (")
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "casewright.example"])
def test_without_sign_in_it_binds_nothing_but_loopback(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("BACKEND_HOST", host)
    assert refusal() == (
        f"BACKEND_HOST={host} is not loopback, and AUTH_MODE=local lets everybody in who can connect: "
        "set BACKEND_HOST to 127.0.0.1."
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_loopback_in_any_form_is_fine(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("BACKEND_HOST", host)
    assert read_settings(BackendSettings).backend_host == host


def test_site_is_what_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_ORIGIN", "https://desk.example")
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://ui.example")
    monkeypatch.setenv("TRUSTED_PROXIES", "10.1.0.0/16, fd12::1")
    monkeypatch.setenv("MAX_CONNECTIONS", "50")
    settings = read_settings(BackendSettings)
    assert settings.site.names == {"desk.example", "127.0.0.1", "localhost", "::1"}
    assert (settings.site.public_origin, settings.site.allowed_origins) == (
        "https://desk.example",
        {"https://ui.example"},
    )
    assert [str(network) for network in settings.site.trusted_proxies] == ["10.1.0.0/16", "fd12::1/128"]
    assert settings.connection_limits.connections == 50


@pytest.mark.parametrize("proxies", ["0.0.0.0/0", "::/0", "*", "proxy.example", "10.1.2.3/16"])
def test_not_everybody_is_a_proxy(monkeypatch: pytest.MonkeyPatch, proxies: str) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", proxies)
    assert refusal().startswith("TRUSTED_PROXIES is wrong")


def test_only_the_rules_model_has_a_badge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "casewright-rules-1")
    assert public_config(read_settings(BackendSettings)).model_badge is not None
    monkeypatch.setenv("AZURE_OPENAI_CHAT_DEPLOYMENT", "gpt-5")
    config = public_config(read_settings(BackendSettings))
    assert (config.model, config.model_badge) == ("gpt-5", None)


def test_public_config_names_the_source_of_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert public_config(read_settings(BackendSettings)).telemetry_source == "none"
    monkeypatch.setenv("TELEMETRY_URL", "http://127.0.0.1:8070/events")
    assert public_config(read_settings(BackendSettings)).telemetry_source == "simulator"
    monkeypatch.setenv("REPLAY_FILES", "a.jsonl")
    assert public_config(read_settings(BackendSettings)).telemetry_source == "replay"


def test_closing_policy_is_shown_for_every_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(public_config(read_settings(BackendSettings)).required_fields.values())
    monkeypatch.setenv("CLOSING_POLICY", "any: disposition; clear: comment,reason_code; clear: comment;")
    shown = public_config(read_settings(BackendSettings))
    assert shown.required_fields == {
        "clear": ("disposition", "reason_code", "comment"),
        "lock_account": ("disposition",),
        "refund_charges": ("disposition",),
        "lock_and_refund": ("disposition",),
        "reject": ("disposition",),
        "send": (),
        "send_edited": (),
        "reject_reply": (),
    }
    assert "known_device" in shown.reason_codes["false_positive"]


HUB = {"EVENTHUB_TELEMETRY_NAME": "telemetry", "EVENTHUB_TELEMETRY_NAMESPACE": "contoso.servicebus.windows.net"}
BLOBS = {"EVENTHUB_CHECKPOINT_URL": "https://contoso.blob.core.windows.net"}
EMULATOR = "Endpoint=sb://127.0.0.1;SharedAccessKeyName=a;SharedAccessKey=k3y;UseDevelopmentEmulator=true"


def set_all(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def test_telemetry_comes_from_a_hub_by_managed_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {**HUB, **BLOBS, "EVENTHUB_TELEMETRY_START": "2026-03-02T12:00:00Z"})
    hub = read_settings(BackendSettings).telemetry_hub
    assert hub is not None
    assert (hub.address.namespace, hub.address.connection_string) == (HUB["EVENTHUB_TELEMETRY_NAMESPACE"], None)
    assert (hub.checkpoints.url, hub.checkpoints.container) == (BLOBS["EVENTHUB_CHECKPOINT_URL"], "checkpoints")
    assert hub.start == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert hub.lease_s == 30


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"EVENTHUB_TELEMETRY_NAME": ""}, "EVENTHUB_TELEMETRY_NAME is missing"),
        ({"EVENTHUB_TELEMETRY_CONNECTION_STRING": EMULATOR}, "give either a namespace or"),
        ({"EVENTHUB_CHECKPOINT_URL": ""}, "give either the URL of the blob account"),
        (
            {
                "EVENTHUB_CHECKPOINT_URL": "",
                "EVENTHUB_CHECKPOINT_CONNECTION_STRING": "AccountName=contoso;AccountKey=k3y",
            },
            "only the connection string of a stand-in",
        ),
        (
            {
                "EVENTHUB_TELEMETRY_NAMESPACE": "",
                "EVENTHUB_TELEMETRY_CONNECTION_STRING": EMULATOR.replace("=true", "=false"),
            },
            "only the emulator's connection string",
        ),
        ({"EVENTHUB_CHECKPOINT_URL": "http://contoso.blob.core.windows.net"}, "EVENTHUB_CHECKPOINT_URL is wrong"),
        ({"EVENTHUB_TELEMETRY_START": "yesterday"}, "EVENTHUB_TELEMETRY_START is wrong"),
        ({"EVENTHUB_TELEMETRY_TIME_UNIT": "days"}, "EVENTHUB_TELEMETRY_TIME_UNIT is wrong"),
    ],
)
def test_half_a_hub_or_a_key_is_refused(monkeypatch: pytest.MonkeyPatch, more: dict[str, str], why: str) -> None:
    set_all(monkeypatch, {**HUB, **BLOBS, **more})
    sentence = refusal()
    assert why in sentence
    assert "k3y" not in sentence


@pytest.mark.parametrize(
    ("name", "address", "sentence"),
    [
        (
            "TELEMETRY_URL",
            "http://ana:hunter2@events.example.test/events",
            "The user, password or key of TELEMETRY_URL would be sent unencrypted to "
            "http://events.example.test/events: use https://, "
            "or set ALLOW_PLAIN_HTTP=true if nobody else can read on that network.",
        ),
        (
            "TELEMETRY_URL",
            "http://events.example.test/events?key=hunter2",
            "The user, password or key of TELEMETRY_URL would be sent unencrypted to http://events.example.test/events?…:",
        ),
        (
            "MCP_SERVER_URI",
            "http://ana:hunter2@tools.example.test/mcp",
            "The user, password or key of MCP_SERVER_URI would be sent unencrypted to http://tools.example.test/mcp:",
        ),
        (
            "DTS_ENDPOINT",
            "http://dts.example.test:8080",
            "What DTS_ENDPOINT is told would be sent unencrypted to http://dts.example.test:8080: use https://",
        ),
    ],
)
def test_no_secret_crosses_a_network_unencrypted(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str, sentence: str
) -> None:
    monkeypatch.setenv(name, address)
    said = refusal()
    assert said.startswith(sentence)
    assert "hunter2" not in said
    for allowed in ({name: address.replace("http:", "https:")}, {name: address, "ALLOW_PLAIN_HTTP": "true"}):
        for each, value in allowed.items():
            monkeypatch.setenv(each, value)
        assert getattr(read_settings(BackendSettings), name.lower()) == allowed[name]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("TELEMETRY_URL", "http://events.example.test/events"),
        ("TELEMETRY_URL", "http://ana:hunter2@127.0.0.1:8070/events?key=hunter2"),
        ("MCP_SERVER_URI", "http://ana:hunter2@localhost:8000/mcp"),
    ],
)
def test_what_holds_no_secret_may_go_unencrypted(monkeypatch: pytest.MonkeyPatch, name: str, address: str) -> None:
    monkeypatch.setenv(name, address)
    assert getattr(read_settings(BackendSettings), name.lower()) == address


@pytest.mark.parametrize(
    "shown", [{"MCP_CALLER_KEY": PrivateKey.new().pem}, {"MCP_AUDIENCE": "api://tools"}], ids=["key", "audience"]
)
def test_no_token_crosses_a_network_unencrypted(monkeypatch: pytest.MonkeyPatch, shown: dict[str, str]) -> None:
    set_all(monkeypatch, {**shown, "MCP_SERVER_URI": "http://tools.example.test/mcp"})
    assert refusal().startswith(
        "The token for the tool server would be sent unencrypted to http://tools.example.test/mcp: use https://"
    )
    for address in ("https://tools.example.test/mcp", "http://127.0.0.1:8000/mcp"):
        monkeypatch.setenv("MCP_SERVER_URI", address)
        assert read_settings(BackendSettings).mcp_server_uri == address


def test_two_tokens_for_the_tool_server_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"MCP_CALLER_KEY": PrivateKey.new().pem, "MCP_AUDIENCE": "api://tools"})
    assert refusal() == "MCP_CALLER_KEY and MCP_AUDIENCE are both set: unset the one that is not used."


@pytest.mark.parametrize("name", ["MCP_SERVER_URI", "TELEMETRY_URL"])
@pytest.mark.parametrize("address", ["ftp://ana:hunter2@far.test/x", "hunter2", "https://far.test/a hunter2"])
def test_services_are_asked_over_http_only(monkeypatch: pytest.MonkeyPatch, name: str, address: str) -> None:
    monkeypatch.setenv(name, address)
    said = refusal()
    assert said.startswith(f"{name} is wrong (")
    assert "hunter2" not in said


def test_settings_in_json_are_refused_without_their_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_JOIN_RULES", "{hunter2")
    assert refusal() == "ALERT_JOIN_RULES is wrong (it is no JSON): correct it or unset it."


def test_no_password_is_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_URL", "postgresql://desk:hunter2@db/desk")
    monkeypatch.setenv("TELEMETRY_URL", "http://ana:hunter2@127.0.0.1/events")
    settings = read_settings(BackendSettings)
    assert "hunter2" not in f"{settings!r} {settings}"
    assert "backend_port=8001" in repr(settings)
