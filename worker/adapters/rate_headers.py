"""What providers say of their limits in `x-ratelimit-*-requests`: read as far as it is well-formed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MOST_REQUESTS = 10_000_000
LONGEST_HEADER = 64
_SECONDS_OF = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)", re.ASCII)
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h|d))+", re.ASCII)
_FIGURE = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True)
class RateHeaders:
    """What is left of a limit of requests; None where nothing well-formed was said."""

    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None
    """How long until the limit is whole again."""


def read_rate_headers(headers: Mapping[str, str]) -> RateHeaders:
    """What the headers of an answer say. A limit of nothing, -1, or words, is none."""
    limit = _count(headers.get("x-ratelimit-limit-requests"))
    return RateHeaders(
        limit=limit if limit and limit <= MOST_REQUESTS else None,
        remaining=_count(headers.get("x-ratelimit-remaining-requests")),
        reset_s=duration_s(headers.get("x-ratelimit-reset-requests")),
    )


def duration_s(text: str | None) -> float | None:
    """A duration in seconds: `1s`, `6m0s`, `20ms`, or a plain figure of seconds; None when it is neither."""
    said = (text or "").strip()
    if not said or len(said) > LONGEST_HEADER:
        return None
    if _FIGURE.fullmatch(said):
        return float(said)
    if not _DURATION.fullmatch(said):
        return None
    return sum(float(figure) * _SECONDS_OF[unit] for figure, unit in _PART.findall(said))


def _count(text: str | None) -> int | None:
    said = (text or "").strip()
    return int(said) if _COUNT.fullmatch(said) else None
