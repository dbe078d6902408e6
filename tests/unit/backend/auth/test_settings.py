"""How people sign in, by the environment; what cannot be meant is refused in one sentence."""

import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from backend.auth.oidc.assertions import CertificateAssertion, FederatedAssertion
from backend.auth.personas import PERSONAS
from backend.settings import BackendSettings
from contracts.far_settings import why_far, why_far_from_desk
from contracts.sessions import AuthMode
from runtime.settings import SettingsInvalid, read_settings

ENTRA = {
    "AUTH_MODE": "oidc",
    "OIDC_ISSUER": "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0",
    "OIDC_CLIENT_ID": "11111111-1111-1111-1111-111111111111",
    "PUBLIC_ORIGIN": "https://desk.example",
}


def read(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> BackendSettings:
    for name, value in {**ENTRA, **changes}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return read_settings(BackendSettings)


def refusal(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> str:
    with pytest.raises(SettingsInvalid) as refused:
        read(monkeypatch, **changes)
    return str(refused.value)


def test_entra_needs_three_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, BACKEND_HOST="0.0.0.0")
    options = settings.provider()
    assert options is not None
    assert (options.issuer, options.client_id) == (ENTRA["OIDC_ISSUER"], ENTRA["OIDC_CLIENT_ID"])
    assert options.redirect_uri == "https://desk.example/api/session/callback"
    assert (options.audiences, options.assertion) == (frozenset(), None)
    assert (options.recheck_after, options.subject_claim) == (timedelta(minutes=15), "sub")
    # Whoever reaches it from elsewhere does not call it by a name of loopback.
    assert settings.names == {"desk.example"}


def test_everything_can_be_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "desk.pem").touch()
    options = read(
        monkeypatch,
        OIDC_AUDIENCES="api://desk, 11111111-1111-1111-1111-111111111111",
        OIDC_ROLES="Desk.Analyst: analyst; Desk.Lead: manager",
        OIDC_SUBJECT_CLAIM="oid",
        OIDC_SCOPES="openid  profile",
        OIDC_RECHECK_MINUTES="5",
        OIDC_CLIENT_CERTIFICATE_FILE=str(tmp_path / "desk.pem"),
    ).provider()
    assert options is not None
    assert options.audiences == {"api://desk", ENTRA["OIDC_CLIENT_ID"]}
    assert options.roles.granted(["Desk.Lead", "manager"]).roles == ("manager",)
    assert (options.subject_claim, options.scope, options.recheck_after) == (
        "oid",
        "openid profile",
        timedelta(minutes=5),
    )
    assert isinstance(options.assertion, CertificateAssertion)


def test_federated_token_is_another_proof(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").touch()
    options = read(monkeypatch, OIDC_FEDERATED_TOKEN_FILE=str(tmp_path / "token")).provider()
    assert options is not None
    assert isinstance(options.assertion, FederatedAssertion)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"OIDC_ISSUER": None}, "AUTH_MODE=oidc needs OIDC_ISSUER: set it."),
        (
            {"OIDC_CLIENT_ID": None, "PUBLIC_ORIGIN": None},
            "AUTH_MODE=oidc needs OIDC_CLIENT_ID, PUBLIC_ORIGIN: set them.",
        ),
        ({"OIDC_ISSUER": "http://login.example"}, "never fetched over plain http from another machine: use https://"),
        ({"OIDC_ISSUER": "login.example"}, "OIDC_ISSUER is wrong"),
        ({"OIDC_ISSUER": "https://user:secret@login.example"}, "OIDC_ISSUER is wrong"),
        ({"OIDC_ISSUER": "https://login.example?a=b"}, "OIDC_ISSUER is wrong"),
        ({"PUBLIC_ORIGIN": "http://desk.example"}, "PUBLIC_ORIGIN is plain http, over which sessions can be read"),
        ({"PUBLIC_ORIGIN": "https://desk.example/"}, "PUBLIC_ORIGIN is wrong (an origin is a scheme, a host"),
        ({"PUBLIC_ORIGIN": "https://desk.example/desk"}, "PUBLIC_ORIGIN is wrong"),
        ({"PUBLIC_ORIGIN": "https://Desk.example"}, "PUBLIC_ORIGIN is wrong (an origin is a scheme, a host"),
        ({"PUBLIC_ORIGIN": "https://*.example"}, "PUBLIC_ORIGIN is wrong"),
        ({"PUBLIC_ORIGIN": "https://desk.example "}, "PUBLIC_ORIGIN is wrong"),
        ({"PUBLIC_ORIGIN": "https://desk.example:"}, "PUBLIC_ORIGIN is wrong"),
        ({"PUBLIC_ORIGIN": "https://desk.example:443"}, "browsers leave out port 443 of https://: leave it out, too"),
        ({"PUBLIC_ORIGIN": "https://desk.example\\x"}, "PUBLIC_ORIGIN is wrong"),
        ({"PUBLIC_ORIGIN": "http://127.0.0.1:8001", "BACKEND_HOST": "0.0.0.0"}, "PUBLIC_ORIGIN is of this machine"),
        ({"ALLOWED_ORIGINS": "null"}, "ALLOWED_ORIGINS is wrong"),
        ({"ALLOWED_ORIGINS": "https://desk.example, *"}, "ALLOWED_ORIGINS is wrong"),
        ({"OIDC_ISSUER": "https://login.microsoftonline.com/common/v2.0"}, "it lets people of every tenant in"),
        ({"OIDC_ISSUER": " https://login.example"}, "OIDC_ISSUER is wrong"),
        ({"OIDC_ISSUER": "https://login.example/.well-known/openid-configuration"}, "without spaces and /.well-known/"),
        ({"OIDC_SUBJECT_CLAIM": "name"}, "OIDC_SUBJECT_CLAIM is wrong"),
        ({"OIDC_CLIENT_ID": " "}, "OIDC_CLIENT_ID is wrong"),
        ({"OIDC_FEDERATED_TOKEN_FILE": "/nowhere/token"}, "OIDC_FEDERATED_TOKEN_FILE is wrong (there is no such file)"),
        ({"OIDC_ROLES": "Desk.Lead: manager, Desk.Analyst: analyst"}, "OIDC_ROLES is wrong"),
        ({"PUBLIC_ORIGIN": "null"}, "PUBLIC_ORIGIN is wrong"),
        ({"PUBLIC_ORIGIN": "*"}, "PUBLIC_ORIGIN is wrong"),
        ({"PUBLIC_ORIGIN": "javascript:alert(1)"}, "PUBLIC_ORIGIN is wrong"),
        ({"OIDC_ROLES": "Desk.Lead"}, "OIDC_ROLES is wrong (an entry is not understood"),
        ({"OIDC_SCOPES": "profile"}, "OIDC_SCOPES is wrong"),
        ({"OIDC_RECHECK_MINUTES": "0"}, "OIDC_RECHECK_MINUTES is wrong"),
        (
            {"OIDC_CLIENT_CERTIFICATE_FILE": __file__, "OIDC_MANAGED_IDENTITY_CLIENT_ID": "b"},
            "OIDC_CLIENT_CERTIFICATE_FILE, OIDC_MANAGED_IDENTITY_CLIENT_ID are set: this desk proves in one way",
        ),
        ({"AUTH_MODE": "none"}, "AUTH_MODE is wrong"),
        ({"ALLOWED_HOSTS": "*.desk.example"}, "ALLOWED_HOSTS is wrong"),
        ({"ALLOWED_HOSTS": "https://desk.example"}, "ALLOWED_HOSTS is wrong"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str | None], sentence: str
) -> None:
    said = refusal(monkeypatch, **changes)
    assert sentence in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("mode", "name", "value"),
    [
        ("local", "OIDC_ISSUER", "https://login.example"),
        ("local", "OIDC_CLIENT_ID", "desk"),
        ("local", "AZURE_OPENAI_ENDPOINT", "https://models.example"),
        ("local", "AZURE_OPENAI_CHAT_DEPLOYMENT", "gpt"),
        ("local", "AZURE_CLIENT_ID", "1"),
        ("local", "EVENTHUB_TELEMETRY_NAMESPACE", "contoso.servicebus.windows.net"),
        ("local", "DTS_ENDPOINT", "https://contoso.durabletask.io"),
        ("local", "EVENTHUB_CHECKPOINT_URL", "https://contoso.blob.core.windows.net"),
        ("local", "MODEL_FAILOVER", '[{"AZURE_OPENAI_ENDPOINT": "https://models.example"}]'),
        ("local", "azure_openai_endpoint", "https://models.example"),
        ("demo", "casebook_url", "postgresql://db.example/casebook"),
        ("demo", "AZURE_OPENAI_ENDPOINT", "https://models.example"),
        ("local", "KEY_VAULT_URL", "https://contoso.vault.azure.net"),
        ("local", "MODEL_FAILOVER_FILE", "/run/secrets/failover"),
        ("demo", "OPENAI_API_KEY", "sk"),
        ("demo", "OPENAI_API_KEY_FILE", "/run/secrets/key"),
        ("demo", "CASEBOOK_URL_FILE", "/run/secrets/casebook"),
        ("demo", "OPENAI_BASE_URL", "https://models.example"),
        ("demo", "CASEBOOK_URL", "postgresql://db.example/casebook"),
        ("demo", "EVENTHUB_TELEMETRY_NAME", "telemetry"),
        ("demo", "MCP_SERVER_URI", "https://tools.example/mcp"),
    ],
)
def test_desk_for_anybody_stays_away_from_what_is_real(mode: AuthMode, name: str, value: str) -> None:
    assert why_far(mode, {name: value, "HOME": "/root"}) == (
        f"{name} is set, and AUTH_MODE={mode} lets everybody be anybody: unset what is far away, or set AUTH_MODE=oidc."
    )
    assert why_far("oidc", {name: value}) is None
    assert why_far(mode, {name: ""}) is None


@pytest.mark.parametrize("mode", ["local", "demo"])
def test_processes_without_callers_follow_their_desk(mode: str) -> None:
    far = {"AZURE_OPENAI_ENDPOINT": "https://models.example"}
    assert why_far_from_desk(far) is None
    assert why_far_from_desk(far | {"AUTH_MODE": "oidc"}) is None
    said = why_far_from_desk(far | {"auth_mode": mode})
    assert said is not None
    assert said.startswith(f"AZURE_OPENAI_ENDPOINT is set, and AUTH_MODE={mode} lets everybody be anybody")


def test_a_desk_lets_everybody_in_unless_told_otherwise() -> None:
    far = {"KEY_VAULT_URL": "https://desk.vault.test", "AUTH_MODE": ""}
    said = why_far_from_desk(far, unless_said="local")
    assert said is not None
    assert said.startswith("KEY_VAULT_URL is set, and AUTH_MODE=local lets everybody be anybody")
    assert why_far_from_desk(far | {"auth_mode": "oidc"}, unless_said="local") is None


@pytest.mark.integration
@pytest.mark.parametrize("process", ["backend", "backend.ingest", "backend.consumers", "backend.jobs", "worker"])
def test_an_open_desk_asks_no_vault(process: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as vault:
        started = subprocess.run(
            [sys.executable, "-m", process, *(["reset-counts"] if process == "backend.jobs" else [])],
            env={**os.environ, "AUTH_MODE": "local", "KEY_VAULT_URL": f"https://127.0.0.1:{vault.getsockname()[1]}"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        vault.setblocking(False)
        with pytest.raises(BlockingIOError):
            vault.accept()
    assert started.returncode == 1
    assert "KEY_VAULT_URL is set, and AUTH_MODE=local lets everybody be anybody" in started.stderr


@pytest.mark.integration
@pytest.mark.parametrize("process", ["backend.ingest", "backend.consumers", "backend.jobs", "worker"])
def test_no_process_of_an_open_desk_leads_far(process: str) -> None:
    environment = {**os.environ, "AUTH_MODE": "local", "AZURE_OPENAI_ENDPOINT": "https://models.example"}
    started = subprocess.run(
        [sys.executable, "-m", process, *(["reset-counts"] if process == "backend.jobs" else [])],
        env=environment | {"AZURE_OPENAI_CHAT_DEPLOYMENT": "gpt", "CASEBOOK_URL": "sqlite:////nowhere/casebook.db"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert started.returncode == 1
    assert "AZURE_OPENAI_ENDPOINT are set, and AUTH_MODE=local lets everybody be anybody" in started.stderr


def test_laptop_may_have_its_own_model_and_database() -> None:
    own = {"OPENAI_API_KEY": "sk", "CASEBOOK_URL": "postgresql://127.0.0.1/c", "DTS_ENDPOINT": "http://127.0.0.1:8080"}
    assert why_far("local", own) is None


def test_demonstration_has_its_own_parts_on_loopback() -> None:
    own = {"OPENAI_BASE_URL": "http://127.0.0.1:8090/v1", "CASEBOOK_URL": "sqlite:////data/casebook.db"}
    assert why_far("demo", own) is None


def test_demonstration_may_be_reached_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENTRA:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AUTH_MODE", "demo")
    monkeypatch.setenv("BACKEND_HOST", "0.0.0.0")
    with pytest.raises(SettingsInvalid, match="nothing says by which name it is called: set PUBLIC_ORIGIN"):
        read_settings(BackendSettings)
    monkeypatch.setenv("ALLOWED_HOSTS", "demo.example, demo.internal")
    settings = read_settings(BackendSettings)
    assert (settings.names, settings.provider()) == ({"demo.example", "demo.internal"}, None)
    assert PERSONAS
