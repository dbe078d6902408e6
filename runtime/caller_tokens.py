"""The tokens with which one process calls another: short-lived, and signed with the caller's own key."""

import time
from collections.abc import Callable, Sequence

from runtime.signatures import PrivateKey

LIFE_S = 300
"""How long a caller's token is valid, in seconds."""
LONGEST_S = 600
"""Tokens that say that they are valid for longer are refused."""


class CallerTokens:
    """Makes tokens for one audience, with the scopes that one use of them needs. Safe for threads."""

    def __init__(
        self, key: PrivateKey, audience: str, scopes: Sequence[str], now: Callable[[], float] = time.time
    ) -> None:
        self._key = key
        self._audience = audience
        self._scope = " ".join(scopes)
        self._now = now
        self._made: tuple[float, str] | None = None

    def current(self) -> str:
        """A token that is valid for at least half of its life: it is made anew before it expires on its way."""
        now, made = self._now(), self._made
        # A clock that was set back makes a token that comes from the future.
        if made is None or not made[0] <= now < made[0] + LIFE_S / 2:
            made = self._made = (now, self._sign(int(now)))
        return made[1]

    def _sign(self, now: int) -> str:
        key_id = self._key.key_id
        return self._key.sign(
            {
                "iss": key_id,
                "sub": key_id,
                "aud": self._audience,
                "iat": now,
                "exp": now + LIFE_S,
                "scope": self._scope,
            }
        )
