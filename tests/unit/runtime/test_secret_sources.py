"""A secret comes from the environment, a file or a vault; which of them is said, and the secret never."""

import logging
import os
import threading
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, SecretStr

from runtime.authorities import READ_BY_LIBRARIES
from runtime.key_vault import KeyVault, within
from runtime.secret_sources import FoundSecrets, HoldsSecret, SecretUnreadable, VaultUnavailable, with_files_read
from runtime.settings import ProcessSettings, SettingsInvalid, read_settings
from tests.support.certificates import Authority
from tests.support.key_vault import key_vault
from tests.support.ports import free_port

SECRET = "hunter2-and-more"


class Settings(ProcessSettings):
    token: Annotated[SecretStr, Field(min_length=8)] | None = None
    database: Annotated[str, HoldsSecret()] = "sqlite://"
    port: int = 1


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file that TOKEN_FILE names."""
    path = tmp_path / "token"
    monkeypatch.setenv("TOKEN_FILE", str(path))
    path.touch(mode=0o600)
    return path


def token(settings: Settings) -> str:
    assert settings.token is not None
    return settings.token.get_secret_value()


def refusal() -> str:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(Settings)
    return str(refused.value)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_a_file_holds_a_secret_and_its_lines_end(file: Path, end: str) -> None:
    file.write_bytes(f" {SECRET} {end}".encode())
    assert token(read_settings(Settings)) == f" {SECRET} "


def test_byte_order_mark_is_no_part_of_a_secret(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + SECRET.encode())
    assert token(read_settings(Settings)) == SECRET


def test_found_secrets_are_shown_without_values() -> None:
    assert SECRET not in repr(FoundSecrets({"TOKEN": SECRET}, {"TOKEN": "environment"}))


def test_address_with_a_password_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "database").write_text("postgresql://desk:hunter2@db/desk\n")
    monkeypatch.setenv("database_file", str(tmp_path / "database"))
    assert read_settings(Settings).database == "postgresql://desk:hunter2@db/desk"


def test_what_holds_no_secret_has_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("2")
    monkeypatch.setenv("PORT_FILE", str(tmp_path / "port"))
    assert read_settings(Settings).port == 1


def test_secret_in_two_places_is_refused(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text(SECRET)
    monkeypatch.setenv("TOKEN", "another-secret")
    assert refusal() == "TOKEN and TOKEN_FILE are both set: unset one of them."


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        (b"", "TOKEN_FILE is wrong (the file is empty): write the value into it, or unset TOKEN_FILE."),
        (b" \n", "TOKEN_FILE is wrong (the file is empty): write the value into it, or unset TOKEN_FILE."),
        (b"hunter2\xff", "TOKEN_FILE is wrong (the file is no UTF-8 text): write the value alone into it."),
        (
            b"hunter2" * 10_000,
            "TOKEN_FILE is wrong (the file has more than 64 kB): name the file that holds the value alone.",
        ),
        (b"hunter2", "TOKEN is wrong (Value should have at least 8 items after validation, not 7): correct it or"),
    ],
)
def test_unusable_file_is_refused_without_its_text(file: Path, held: bytes, sentence: str) -> None:
    file.write_bytes(held)
    said = refusal()
    assert said.startswith(sentence)
    assert "hunter2" not in said


def test_file_that_is_not_there_is_refused(file: Path) -> None:
    file.unlink()
    assert refusal() == (
        "TOKEN_FILE is wrong (the file cannot be read: No such file or directory): mend that, or name another."
    )


def test_a_pipe_is_refused_and_not_waited_for(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)
    assert refusal() == "TOKEN_FILE is wrong (it is not a file): name the file that holds the value."


def sources(caplog: pytest.LogCaptureFixture, settings: ProcessSettings) -> str:
    with caplog.at_level(logging.INFO, "casewright.settings"):
        settings.log_secret_sources()
    (line,) = caplog.messages
    return line


def test_a_line_says_where_each_secret_came_from(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    file.write_text(SECRET)
    monkeypatch.setenv("DATABASE", "postgresql://desk:hunter2@db/desk")
    line = sources(caplog, read_settings(Settings))
    assert line == f"Secrets and where they came from: DATABASE: environment; TOKEN: file {file}."


@pytest.mark.parametrize("mode", [0o604, 0o640])
def test_the_line_warns_of_a_file_others_can_read(caplog: pytest.LogCaptureFixture, file: Path, mode: int) -> None:
    file.write_text(SECRET)
    file.chmod(mode)
    line = sources(caplog, read_settings(Settings))
    assert line.endswith(f"DATABASE: not set; TOKEN: file {file}, which others can read.")


def test_process_without_secrets_has_no_such_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "casewright.settings"):
        read_settings(ProcessSettings).log_secret_sources()
    assert caplog.messages == []


def believe(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    for name in READ_BY_LIBRARIES:
        monkeypatch.setenv(name, "")  # puts back what CA_FILE sets
    monkeypatch.setenv("CA_FILE", str(authority.file))


def test_a_vault_gives_what_nothing_else_gives(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    believe(monkeypatch, authority)
    monkeypatch.setenv("DATABASE", "postgresql://127.0.0.1/desk")
    with key_vault(monkeypatch, authority, {"TOKEN": SECRET, "DATABASE": "x", "PORT": "2"}, frozenset()) as vault:
        monkeypatch.setenv("KEY_VAULT_URL", f"https://{vault.netloc}/")
        settings = read_settings(Settings)

    assert (token(settings), settings.database, settings.port) == (SECRET, "postgresql://127.0.0.1/desk", 1)
    assert vault.asked == ["TOKEN"]
    line = sources(caplog, settings)
    assert line == f"Secrets and where they came from: DATABASE: environment; TOKEN: Key Vault {vault.netloc}."


def test_what_a_vault_does_not_have_is_unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    believe(monkeypatch, authority)
    with key_vault(monkeypatch, authority, {}, frozenset()) as vault:
        monkeypatch.setenv("KEY_VAULT_URL", f"https://{vault.netloc}")
        settings = read_settings(Settings)

    assert (settings.token, settings.database) == (None, "sqlite://")
    assert sorted(vault.asked) == ["DATABASE", "TOKEN"]


def test_vault_that_refuses_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    believe(monkeypatch, authority)
    with key_vault(monkeypatch, authority, {}, frozenset({"TOKEN"})) as vault:
        monkeypatch.setenv("KEY_VAULT_URL", f"https://{vault.netloc}")
        assert refusal() == (
            f"Key Vault {vault.netloc} does not give the secret TOKEN (it answers 403): let the identity of this "
            "process read it (role Key Vault Secrets User), or set TOKEN."
        )


@pytest.mark.parametrize(
    "address", ["http://desk.vault.test", "desk.vault.test", "https://me:hunter2@desk.vault.test", "https://a.test/x"]
)
def test_a_vault_is_a_host_over_https(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("KEY_VAULT_URL", address)
    assert refusal() == (
        "KEY_VAULT_URL is wrong (a vault is an https:// address with no path, such as "
        "https://contoso.vault.azure.net): correct it or unset it."
    )


def test_vault_has_a_port_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_VAULT_URL", "https://desk.vault.test:99999")
    assert refusal() == "KEY_VAULT_URL is wrong (its port is none: ports are 1 to 65535): correct it or unset it."


def test_vault_that_is_away_is_asked_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    believe(monkeypatch, authority)
    asked: list[str] = []
    ask = KeyVault.secret

    def noted(vault: KeyVault, setting: str) -> str | None:
        asked.append(setting)
        return ask(vault, setting)

    monkeypatch.setattr(KeyVault, "secret", noted)
    port = free_port()
    with key_vault(monkeypatch, authority, {}, frozenset()):
        monkeypatch.setenv("KEY_VAULT_URL", f"https://127.0.0.1:{port}")
        said = refusal()
    assert said == (
        f"Key Vault 127.0.0.1:{port} cannot be reached (ServiceRequestError): check KEY_VAULT_URL, the network and "
        "CA_FILE."
    )
    assert asked == ["DATABASE"]


def test_process_without_an_identity_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    believe(monkeypatch, authority)
    with key_vault(monkeypatch, authority, {}, frozenset()) as vault:
        monkeypatch.setenv("IDENTITY_HEADER", "of nobody")
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        monkeypatch.setenv("KEY_VAULT_URL", f"https://{vault.netloc}")
        said = refusal()
    assert said.startswith(f"Key Vault {vault.netloc} cannot be asked (")
    assert said.endswith("): give this process a managed or workload identity.")


def test_look_up_that_hangs_ends_the_start() -> None:
    hangs = threading.Event()
    with pytest.raises(VaultUnavailable) as ended:
        within(hangs.wait, "desk.vault.test", 0.01)
    hangs.set()
    assert str(ended.value) == (
        "Key Vault desk.vault.test cannot be reached (no answer in 0.01 s): check KEY_VAULT_URL, the network and "
        "CA_FILE."
    )


def test_files_are_read_for_processes_started_later(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    given = {"TOKEN_FILE": str(tmp_path / "token"), "HOME": "/root", "WORKER_READY_FILE": "/x"}
    assert with_files_read(given, {"TOKEN", "DATABASE"}) == {
        "HOME": "/root",
        "WORKER_READY_FILE": "/x",
        "TOKEN": SECRET,
    }
    with pytest.raises(SecretUnreadable, match="TOKEN and TOKEN_FILE are both set"):
        with_files_read(given | {"TOKEN": "x"}, {"TOKEN"})
