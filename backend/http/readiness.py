"""The answers of `/healthz` and `/ready`, during and after the backend's start."""

from typing import Literal

from contracts.base import Contract


class Health(Contract):
    """The process is alive."""

    status: Literal["ok"]


class ReadyParts(Contract):
    """Each `ok`, or a sentence that says what is wrong."""

    casebook: str
    scheduler: str


class Readiness(Contract):
    """Whether everything that the backend needs does its work."""

    status: Literal["ready", "not_ready"]
    parts: ReadyParts
