"""Reads settings from the environment, and reports invalid ones in one way."""

from typing import Literal, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.log_lines import LogFormat

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class ProcessSettings(BaseSettings):
    """The settings that all processes have. Each process's own class adds to them."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, allow_inf_nan=False)

    log_format: LogFormat = "text"
    log_level: LogLevel = "INFO"


class SettingsInvalid(Exception):
    """The environment cannot be used; one sentence for each setting says what is wrong and how to mend it."""


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def read_settings(kind: type[SettingsT]) -> SettingsT:
    """The settings of a process from its environment. Raises SettingsInvalid, which repeats no value."""
    try:
        return kind()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise SettingsInvalid(" ".join(map(_sentence, faults))) from None


def _sentence(fault: ErrorDetails) -> str:
    message = fault["msg"].removeprefix("Value error, ").rstrip(".")
    if not fault["loc"]:
        return f"{message}."
    name = str(fault["loc"][0]).upper()
    if fault["type"] == "missing":
        return f"{name} is not set: set it."
    return f"{name} is wrong ({message}): correct it or unset it."
