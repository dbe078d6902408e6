"""How often somebody may do something: a token bucket for each, in bounded memory."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_KEYS = 10_000
TINY_S = 1e-6
"""Less is rounding."""
BURST_S = 20
"""How long somebody may have saved up for a burst."""


@dataclass(frozen=True)
class Rate:
    """So many in a minute, and so many at once."""

    per_minute: int
    saved_s: int = BURST_S

    @property
    def burst(self) -> int:
        """Whoever did nothing for a while may do so many at once."""
        return max(1, self.per_minute * self.saved_s // 60)


class TokenBuckets:
    """Of each key only the moment is kept at which its bucket is full again (generic cell rate algorithm, ITU-T I.371).

    Of more than `most` keys those are forgotten that were used longest ago: their buckets are full.
    """

    def __init__(self, rate: Rate, now: Callable[[], float], most: int = MAX_KEYS) -> None:
        self._seconds_each = 60 / rate.per_minute
        self._saved_s = (rate.burst - 1) * self._seconds_each
        self._now = now
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: str) -> float:
        """Take one; or, if there is none, say in how many seconds there will be. 0: it was taken."""
        now = self._now()
        full_at = max(self._full_at.get(key, now), now)
        wait_s = full_at - now - self._saved_s
        if wait_s > TINY_S:
            return wait_s
        self._full_at[key] = full_at + self._seconds_each
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        return 0.0
