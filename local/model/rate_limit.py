"""The limit of requests per minute that `PUT /control` sets: refuses what is above it, and tells of it in headers."""

import time
from collections import defaultdict, deque
from collections.abc import Callable

from local.model.errors import RateLimited

MINUTE_S = 60.0
SHORT_S = 10.0
"""A sixth of the limit is all that is let through in this time, as on Azure: bursts are refused."""


class RateLimit:
    """Counts the requests of the last minute, apart for each deployment. Lives on one event loop."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._taken: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, deployment: str, per_minute: int | None) -> dict[str, str]:
        """Let one request of a deployment through; the headers that go with its answer, none without a limit.

        Raises RateLimited when the deployment has had as many as it takes.
        """
        if per_minute is None:
            return {}
        now, taken = self._monotonic(), self._taken[deployment]
        while taken and taken[0] <= now - MINUTE_S:
            taken.popleft()
        wait_s = max(
            _until_room(taken, now, per_minute, MINUTE_S), _until_room(taken, now, _short(per_minute), SHORT_S)
        )
        if wait_s > 0:
            raise RateLimited(
                f"Rate limit reached: {per_minute} requests per minute, as was asked for by PUT /control.",
                code="rate_limit_exceeded",
                headers={**_headers(taken, now, per_minute), "Retry-After": f"{wait_s:.3f}"},
            )
        taken.append(now)
        return _headers(taken, now, per_minute)


def _short(per_minute: int) -> int:
    return max(1, round(per_minute * SHORT_S / MINUTE_S))


def _until_room(taken: deque[float], now: float, limit: int, window_s: float) -> float:
    """Seconds until one more may come; 0 or less: it may."""
    return taken[-limit] + window_s - now if len(taken) >= limit else 0.0


def _headers(taken: deque[float], now: float, per_minute: int) -> dict[str, str]:
    reset_s = taken[-1] + MINUTE_S - now if taken else 0.0
    return {
        "x-ratelimit-limit-requests": str(per_minute),
        "x-ratelimit-remaining-requests": str(max(0, per_minute - len(taken))),
        "x-ratelimit-reset-requests": f"{round(reset_s * 1000)}ms",
    }
