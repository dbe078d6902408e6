"""Classifies an endpoint's error: one exact sentence, and whether a retry or a failover may help.

The body of an error may quote keys or prompts, so it is classified and never shown or logged.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast

import aiohttp
import httpx2
from openai import APIConnectionError, APIResponseValidationError, APIStatusError, APITimeoutError, OpenAIError

from worker.adapters.whole_answers import MAX_ANSWER_BYTES, Missing
from worker.ports.model import ModelRejected, ModelUnavailable

NO_COMPLETION = "The model endpoint did not give a chat completion."
NOT_IN_TIME = "The model did not answer in time."
_MISSING = {
    "broken": "The model endpoint broke the connection within its answer.",
    "late": "The model did not finish its answer in time.",
    "damaged": "The Content-Encoding of the model endpoint's answer cannot be undone.",
    "too_long": f"The model endpoint's answer is longer than {MAX_ANSWER_BYTES:,} bytes.",
}

PASSING_STATUSES = frozenset({408, 409, 425, 429})
"""Beside all of 500 and above: asking again later may help."""
LONGEST_PAUSE_S = 300.0
"""No server keeps its model from all cases for longer by one answer: after that it is tried again."""
DAY_S = 86_400.0
EPOCH_FROM_S = 1_000_000_000
"""A pause of more than thirty years is an instant, in seconds since 1970; a thousandfold, in milliseconds."""

MOST_SAID = 4_000
MOST_PARTS = 500

_CONTENT_FILTER = frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation"})
_TOO_LONG = frozenset(
    {"context_length_exceeded", "exceed_context_size_error", "request_too_large", "string_above_max_length"}
)
_TOO_LONG_WORDS = ("context length", "context window", "context size", "prompt is too long", "maximum number of tokens")
_NO_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_ILL_WRITTEN = frozenset({"tool_use_failed", "json_validate_failed", "output_parse_failed"})
_ILL_WRITTEN_WORDS = ("failed to call a function", "failed to generate json", "failed to parse tool call")
# Some write the unit behind it, or the figure as a text of its own.
_FIGURE = re.compile(r"\"?\+?(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?) ?(ms|s|sec|seconds?)?\"?", re.ASCII)
_BETWEEN_VALUES = re.compile(r"(?<!day)(?<!Mon)(?<!Tue)(?<!Wed)(?<!Thu)(?<!Fri)(?<!Sat)(?<!Sun),")
_CODES = frozenset({"code", "type", "status", "reason"})
# The parts of an error that repeat the request, or the model's text, do not classify it.
_QUOTED = frozenset({"input", "ctx", "url", "failed_generation"})


@dataclass(frozen=True)
class Refusal:
    """What an endpoint said instead of an answer, in whatever shape."""

    status: int
    codes: frozenset[str] = frozenset()
    """Its words for what is wrong, in small letters."""
    said: str = ""
    """All else that it said, in small letters: to look for hints in, and never to be shown."""
    about: str = ""
    """The part of the request that it names, such as `messages[2].role`."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_too_long(self) -> bool:
        """Whether the conversation is more than the model takes."""
        return bool(self.codes & _TOO_LONG) or any(words in self.said for words in _TOO_LONG_WORDS)

    @property
    def is_filtered(self) -> bool:
        """Whether a content filter stopped the request."""
        return bool(self.codes & _CONTENT_FILTER)

    @property
    def is_ill_written(self) -> bool:
        """Whether the endpoint could not read what its own model wrote: the next answer may be better."""
        return bool(self.codes & _ILL_WRITTEN) or any(words in self.said for words in _ILL_WRITTEN_WORDS)


def read_refusal(status: int, body: bytes, headers: Mapping[str, str]) -> Refusal:
    """The refusal in an error's body: an object, a list, text, a page, nothing, or bytes that are no text."""
    text = body.decode("utf-8-sig", errors="replace")
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        return Refusal(status, said=text[:MOST_SAID].lower(), headers=headers)
    codes: set[str] = set()
    said: list[str] = []
    about: list[str] = []
    numbers: list[int] = []
    parts: list[tuple[str, object]] = [("", parsed)]
    for name, part in parts:
        if isinstance(part, dict):
            fields = cast("dict[str, object]", part).items()
            parts += [(key, value) for key, value in fields if key not in _QUOTED][: MOST_PARTS - len(parts)]
        elif isinstance(part, list):
            items = cast("list[object]", part)
            parts += [(name, value) for value in items][: max(0, MOST_PARTS - len(parts))]
        elif isinstance(part, str):
            if name in ("param", "loc"):
                about.append(part)
            codes |= {part.lower()} if name in _CODES else set()
            said.append(part)
        elif isinstance(part, int) and name in ("code", "status"):
            numbers.append(part)
    named = next((number for number in numbers if 400 <= number <= 599), 0)
    place = " ".join(part for part in about if part != "body")
    return Refusal(
        status if status >= 300 or status < 200 else named,
        frozenset(codes),
        " ".join(said)[:MOST_SAID].lower(),
        place,
        headers,
    )


class IdentityUnavailable(Exception):
    """No token could be had from the managed identity."""


class AnswerMissing(Exception):
    """What there is of an answer shows nothing that a model said."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing.why)
        self.missing = missing


def sentence_of_missing(missing: Missing) -> str:
    """Why there is no more of an answer."""
    return _MISSING[missing.why]


def fault_of(error: Exception, utc_now: datetime) -> ModelUnavailable | ModelRejected:
    """The fault of a client's exception. `utc_now` dates a Retry-After that names an instant."""
    if isinstance(error, IdentityUnavailable):
        return ModelUnavailable("The managed identity gave no token for the model endpoint.")
    if isinstance(error, AnswerMissing):
        broken = error.missing.error
        return ModelUnavailable(sentence_of_missing(error.missing) if broken is None else _connection_sentence(broken))
    if isinstance(error, APIConnectionError | aiohttp.ClientError):
        return ModelUnavailable(_connection_sentence(error))
    if isinstance(error, APIStatusError):
        return fault_of_refusal(refusal_of(error), utc_now)
    if isinstance(error, APIResponseValidationError | OpenAIError | ValueError):
        return ModelUnavailable(NO_COMPLETION)
    raise error


def _connection_sentence(error: Exception) -> str:
    # aiohttp reports broken connections, and those that were never established, as time-outs too.
    broken = _root(error)
    if isinstance(broken, aiohttp.ClientConnectorError):
        return "The model endpoint could not be reached."
    if isinstance(broken, aiohttp.ServerTimeoutError) or (
        broken is None and isinstance(error, APITimeoutError | httpx2.TimeoutException)
    ):
        return NOT_IN_TIME
    return "The model endpoint broke the connection before it answered."


def _root(error: BaseException | None) -> aiohttp.ClientError | None:
    """The transport's error that `error` comes from."""
    while error is not None and not isinstance(error, aiohttp.ClientError):
        error = error.__cause__
    return error


def refusal_of(error: APIStatusError) -> Refusal:
    """What the endpoint said with this status."""
    return read_refusal(error.status_code, error.response.content, error.response.headers)


def fault_of_refusal(refusal: Refusal, utc_now: datetime) -> ModelUnavailable | ModelRejected:
    """The fault of an endpoint's refusal."""
    status = refusal.status
    if not status:
        return ModelUnavailable(NO_COMPLETION)
    if status == 402 or (status == 429 and refusal.codes & _NO_QUOTA):
        return ModelRejected(f"The quota of the model endpoint is used up (status {status}).", elsewhere=True)
    if status in PASSING_STATUSES or status >= 500:
        return _passing(refusal, utc_now)
    if status < 400:
        does = "sends elsewhere instead of answering" if "location" in refusal.headers else "did not answer"
        return ModelRejected(f"The model endpoint {does} (status {status}).", elsewhere=True)
    if status in (401, 403):
        return ModelRejected(f"The model endpoint refused the worker's credentials (status {status}).", elsewhere=True)
    if status == 404:
        return ModelRejected("The model endpoint knows no such model or deployment (status 404).", elsewhere=True)
    if refusal.is_filtered:
        return ModelRejected(f"The content filter of the model endpoint refused the case (status {status}).")
    if refusal.is_ill_written:
        return ModelUnavailable(
            f"The model wrote what its endpoint could not read (status {status}).", endpoint_is_well=True
        )
    if status == 413 or refusal.is_too_long:
        return ModelRejected(f"The case is too long for the model (status {status}).")
    return ModelRejected(f"The model endpoint refused the request with status {status}.")


def _passing(refusal: Refusal, utc_now: datetime) -> ModelUnavailable:
    asked_s = _asked_pause_s(refusal.headers, utc_now)
    wait_s = None if asked_s is None else min(asked_s, LONGEST_PAUSE_S)
    if refusal.status not in (429, 529):
        return ModelUnavailable(f"The model endpoint failed with status {refusal.status}.", retry_after_s=wait_s)
    sentence = f"The model endpoint is overloaded (status {refusal.status})"
    if asked_s is None:
        return ModelUnavailable(f"{sentence}.")
    named = f"{asked_s:g} seconds" if asked_s < DAY_S else "a day or longer"
    return ModelUnavailable(f"{sentence} and asks to wait {named}.", retry_after_s=wait_s)


def retry_after_s(headers: Mapping[str, str], utc_now: datetime) -> float | None:
    """How long to wait by the server's wish, in seconds, at most LONGEST_PAUSE_S.

    None when it names no pause in a form that is known: milliseconds, seconds, an instant.
    """
    asked_s = _asked_pause_s(headers, utc_now)
    return None if asked_s is None else min(asked_s, LONGEST_PAUSE_S)


def _asked_pause_s(headers: Mapping[str, str], utc_now: datetime) -> float | None:
    """The longest pause that is named: proxies add theirs to that of the server."""
    named = [s for each in _values(headers.get("retry-after-ms")) if (s := _seconds(each, "ms")) is not None]
    if named:
        return max(named)
    pauses = [_pause_s(each, utc_now) for each in _values(headers.get("retry-after"))]
    return max((pause for pause in pauses if pause is not None), default=None)


def _values(header: str | None) -> list[str]:
    """The values of a header that came several times. A comma behind the name of a day separates nothing."""
    return [] if header is None else _BETWEEN_VALUES.split(header[:MOST_SAID])


def _pause_s(value: str, utc_now: datetime) -> float | None:
    seconds = _seconds(value, "s")
    if seconds is not None:
        return _from_epoch(seconds, utc_now)
    try:
        at = parsedate_to_datetime(value)
        wait_s = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - utc_now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, wait_s)


def _from_epoch(seconds: float, utc_now: datetime) -> float:
    if seconds < EPOCH_FROM_S:
        return seconds
    since_1970_s = seconds / 1000 if seconds >= EPOCH_FROM_S * 1000 else seconds
    return max(0.0, since_1970_s - utc_now.timestamp())


def _seconds(text: str, unit: str) -> float | None:
    """A figure in decimals, not negative, in `unit` unless it names its own; infinite where it is too great for one."""
    match = _FIGURE.fullmatch(text.strip())
    if match is None:
        return None
    return float(match[1]) / (1000 if (match[2] or unit) == "ms" else 1)
