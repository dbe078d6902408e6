"""Reads settings from the environment, and reports invalid ones in one way."""

import logging
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, PrivateAttr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from runtime.authorities import believe_only
from runtime.log_lines import LogFormat
from runtime.secret_sources import FoundSecrets, SecretUnreadable, find_secrets, secret_names

log = logging.getLogger("casewright.settings")

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

VAULT = "KEY_VAULT_URL"
_VAULT = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?", re.ASCII)


def _vault(address: str) -> str:
    if _VAULT.fullmatch(address) is None:
        raise ValueError("a vault is an https:// address with no path, such as https://contoso.vault.azure.net")
    if not 0 < int(urlsplit(address).netloc.partition(":")[2] or 443) < 65536:
        raise ValueError("its port is none: ports are 1 to 65535")
    return address


def no_longer(why: str) -> AfterValidator:
    """For a setting that does not exist any more: it is unset, or refused with this clause."""

    def refuse(value: str | None) -> None:
        if value:
            raise ValueError(why)

    return AfterValidator(refuse)


class ProcessSettings(BaseSettings):
    """The settings that all processes have. Each process's own class adds to them."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, allow_inf_nan=False)

    log_format: LogFormat = "text"
    log_level: LogLevel = "INFO"
    key_vault_url: Annotated[str, AfterValidator(_vault)] | None = None
    """The vault that is asked for secrets that nothing else gives: `https://contoso.vault.azure.net`."""

    ca_file: Path | None = None
    """The authorities whose certificates are believed, in PEM, instead of the public ones."""
    allow_plain_http: bool = False
    """Whether secrets may be sent unencrypted to other machines: over a network that is one's own, for example."""

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict[str, str])

    @classmethod
    def read(cls) -> Self:
        """The settings from the environment, and secrets from where it says that they are.

        Where there is a CA_FILE, it is believed from here on. Raises ValidationError, SecretUnreadable and
        SettingsInvalid.
        """
        _believe(_given(os.environ, "CA_FILE"))
        found = _find_secrets(secret_names(cls.model_fields), os.environ)
        values: dict[str, Any] = {name.lower(): value for name, value in found.values.items()}
        settings = cls(**values)
        settings._sources = found.sources
        return settings

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """What is shown of the settings: of those that may hold a secret, only that they are set."""
        secret = {name.lower() for name in secret_names(type(self).model_fields)}
        for name, value in super().__repr_args__():
            yield name, "**********" if name in secret and value else value

    def log_secret_sources(self) -> None:
        """Say in a log line where each secret came from, and none of them. To be called once logging is set up."""
        if self._sources:
            said = "; ".join(f"{name}: {source}" for name, source in self._sources.items())
            log.info("Secrets and where they came from: %s.", said)


class SettingsInvalid(Exception):
    """The environment cannot be used; one sentence for each setting says what is wrong and how to mend it."""


SettingsT = TypeVar("SettingsT", bound=ProcessSettings)


def read_settings(kind: type[SettingsT]) -> SettingsT:
    """The settings of a process from its environment. Raises SettingsInvalid, which repeats no value."""
    try:
        return kind.read()
    except SecretUnreadable as error:
        raise SettingsInvalid(str(error)) from None
    except SettingsError as error:
        # Its cause quotes the value; it names the field in quotation marks.
        raise SettingsInvalid(f"{_named(str(error))} is wrong (it is no JSON): correct it or unset it.") from None
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise SettingsInvalid(" ".join(map(_sentence, faults))) from None


def _find_secrets(names: list[str], environment: Mapping[str, str]) -> FoundSecrets:
    url = _given(environment, VAULT)
    if not names or not url:
        return find_secrets(names, environment, None, "")
    try:
        host = urlsplit(_vault(url)).netloc
    except ValueError as why:
        raise SettingsInvalid(f"{VAULT} is wrong ({why}): correct it or unset it.") from None
    from runtime.key_vault import open_key_vault, within

    def look_up() -> FoundSecrets:
        with open_key_vault(url) as vault:
            return find_secrets(names, environment, vault.secret, host)

    return within(look_up, host)


def _given(environment: Mapping[str, str], wanted: str) -> str:
    """A setting that is needed before the others are read, whatever the case of its name; empty: unset."""
    return next((value for name, value in environment.items() if name.upper() == wanted), "")


def _believe(file: str) -> None:
    if not file:
        return
    try:
        believe_only(Path(file))
    except ValueError as why:
        raise SettingsInvalid(f"CA_FILE is wrong ({why}): correct it or unset it.") from None


def _named(message: str) -> str:
    found = re.search(r'field "(\w+)"', message)
    return "A setting" if found is None else found[1].upper()


def _sentence(fault: ErrorDetails) -> str:
    message = fault["msg"].removeprefix("Value error, ").rstrip(".")
    if not fault["loc"]:
        return f"{message}."
    name = str(fault["loc"][0]).upper()
    if fault["type"] == "missing":
        return f"{name} is not set: set it."
    return f"{name} is wrong ({message}): correct it or unset it."
