"""How many requests of a caller are answered in a while."""

from collections.abc import Callable
from dataclasses import dataclass

BURST_S = 10.0
"""Requests that a caller has not made are left to it for so long."""


@dataclass
class _Bucket:
    left: float
    filled_at: float


class RateLimit:
    """A bucket for each caller, which is filled evenly. Callers are few: those whose keys are known."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self._per_second = per_minute / 60
        self._most = max(1.0, self._per_second * BURST_S)
        self._monotonic = monotonic
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, caller: str) -> float:
        """Take one request of the caller; 0, or in how many seconds there is one again."""
        now = self._monotonic()
        bucket = self._buckets.setdefault(caller, _Bucket(self._most, now))
        bucket.left = min(self._most, bucket.left + (now - bucket.filled_at) * self._per_second)
        bucket.filled_at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_second
        bucket.left -= 1
        return 0.0
