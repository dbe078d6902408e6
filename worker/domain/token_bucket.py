"""A token bucket: when the next call may begin. Pure: the time is an argument, in seconds."""

from dataclasses import dataclass, replace
from typing import Self

WINDOW_S = 61.0
"""Calls are spread over a minute and a second more: some arrive later than they were sent, and so closer together."""
HOLDS = 1.0
"""Tokens of a full bucket: providers judge a rate per minute by windows of seconds, in which a burst is too much."""


@dataclass(frozen=True)
class TokenBucket:
    """Lets at most `per_minute` calls begin in any minute, evenly; None: as many as like to.

    One more call may begin when there is a whole token, and it is not closed.
    """

    per_minute: int | None
    tokens: float
    as_of: float
    """When there were so many tokens."""
    closed_until: float = float("-inf")
    """No call begins before then: the provider said that none is left."""

    @classmethod
    def full(cls, per_minute: int | None, now: float) -> Self:
        """A bucket of which nothing was taken."""
        return cls(per_minute, HOLDS, now)

    def wait_s(self, now: float, ahead: int = 0) -> float:
        """How long a call has to wait that begins after `ahead` others which wait already; 0: it may begin."""
        closed_s = max(0.0, self.closed_until - now)
        if self.per_minute is None:
            return closed_s
        missing = ahead + 1 - self._tokens_at(now + closed_s)
        return closed_s + max(0.0, missing) * WINDOW_S / self.per_minute

    def taken(self, now: float) -> Self:
        """After a call has begun, which `wait_s` let begin."""
        return replace(self, tokens=self._tokens_at(now) - 1, as_of=now)

    def at_rate(self, per_minute: int | None, now: float) -> Self:
        """The same with another rate from now on. Where there was none, a call has just begun."""
        left = 0.0 if self.per_minute is None else self._tokens_at(now)
        return replace(self, per_minute=per_minute, tokens=left, as_of=now)

    def closed(self, now: float, seconds: float) -> Self:
        """The same with no call before so many seconds have passed, unless it is closed for longer."""
        return replace(self, closed_until=max(self.closed_until, now + seconds))

    def _tokens_at(self, now: float) -> float:
        if self.per_minute is None:
            return HOLDS
        # A clock that goes back takes nothing away.
        gained = max(0.0, now - self.as_of) * self.per_minute / WINDOW_S
        return min(HOLDS, self.tokens + gained)
