"""What an endpoint's error means: one exact sentence, and whether asking again or elsewhere may help.

The body of an error may quote keys or prompts, so only the status, a few known codes and Retry-After are read.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from openai import APIConnectionError, APIResponseValidationError, APIStatusError, APITimeoutError, OpenAIError

from worker.ports.model import ModelRejected, ModelUnavailable

NO_COMPLETION = "The model endpoint did not give a chat completion."
NOT_IN_TIME = "The model did not answer in time."

PASSING_STATUSES = frozenset({408, 409, 425, 429})
"""Beside all of 500 and above: asking again later may help."""

_CONTENT_FILTER = frozenset({"content_filter", "content_policy_violation"})
_TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error"})


class IdentityUnavailable(Exception):
    """No token could be had from the managed identity."""


def fault_of(error: Exception, utc_now: datetime) -> ModelUnavailable | ModelRejected:
    """The fault that a client's exception stands for. `utc_now` dates a Retry-After that names an instant."""
    if isinstance(error, IdentityUnavailable):
        return ModelUnavailable("The managed identity gave no token for the model endpoint.")
    if isinstance(error, APIConnectionError | aiohttp.ClientError):
        return ModelUnavailable(_connection_sentence(error))
    if isinstance(error, APIStatusError):
        return _status_fault(error, utc_now)
    if isinstance(error, APIResponseValidationError | OpenAIError | ValueError):
        return ModelUnavailable(NO_COMPLETION)
    raise error


def _connection_sentence(error: Exception) -> str:
    # Above aiohttp's own error, connections that break and those that never came about are called time-outs, too.
    broken = _root(error)
    if isinstance(broken, aiohttp.ClientConnectorError):
        return "The model endpoint could not be reached."
    if isinstance(broken, aiohttp.ServerTimeoutError) or (broken is None and isinstance(error, APITimeoutError)):
        return NOT_IN_TIME
    return "The model endpoint broke the connection before it answered."


def _root(error: BaseException | None) -> aiohttp.ClientError | None:
    """The transport's error that `error` comes from."""
    while error is not None and not isinstance(error, aiohttp.ClientError):
        error = error.__cause__
    return error


def _status_fault(error: APIStatusError, utc_now: datetime) -> ModelUnavailable | ModelRejected:
    status = error.status_code
    if status == 429:
        return _overload(error, utc_now)
    if status in PASSING_STATUSES or status >= 500:
        wait_s = retry_after_s(error.response.headers, utc_now)
        return ModelUnavailable(f"The model endpoint failed with status {status}.", retry_after_s=wait_s)
    if status in (401, 403):
        return ModelRejected(f"The model endpoint refused the worker's credentials (status {status}).", elsewhere=True)
    if status == 404:
        return ModelRejected("The model endpoint knows no such model or deployment (status 404).", elsewhere=True)
    if error.code in _CONTENT_FILTER:
        return ModelRejected(f"The content filter of the model endpoint refused the case (status {status}).")
    if error.code in _TOO_LONG or error.type in _TOO_LONG:
        return ModelRejected(f"The case is too long for the model (status {status}).")
    return ModelRejected(f"The model endpoint refused the request with status {status}.")


def _overload(error: APIStatusError, utc_now: datetime) -> ModelUnavailable | ModelRejected:
    if error.code == "insufficient_quota":
        return ModelRejected("The quota of the model endpoint is used up (status 429).", elsewhere=True)
    wait_s = retry_after_s(error.response.headers, utc_now)
    if wait_s is None:
        return ModelUnavailable("The model endpoint is overloaded (status 429).")
    return ModelUnavailable(
        f"The model endpoint is overloaded (status 429) and asks to wait {wait_s:g} seconds.", retry_after_s=wait_s
    )


def retry_after_s(headers: Mapping[str, str], utc_now: datetime) -> float | None:
    """How long the server asks to wait, in seconds; None when it does not say so in a form that is known."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - utc_now).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
