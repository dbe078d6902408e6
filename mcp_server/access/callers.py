"""Who calls: the tokens of callers whose public keys this server knows."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast, get_args

from contracts.access import TOOLS_AUDIENCE, ToolScope
from runtime.caller_tokens import LONGEST_S
from runtime.signatures import KeyInvalid, KnownKey, TokenInvalid, read_public_keys, verified

SCOPES: frozenset[str] = frozenset(get_args(ToolScope))
MOST_REMEMBERED = 256
"""Tokens: each caller has a few at a time."""


@dataclass(frozen=True)
class Caller:
    """Who shows a token, and what it lets them do."""

    name: str
    scopes: frozenset[ToolScope]


class CallersUnavailable(Exception):
    """Nobody can say now who shows a token: it may be good."""


class CallerVerifier(Protocol):
    """Judges the tokens of callers."""

    async def caller(self, token: str) -> Caller:
        """Who shows it. Raises TokenInvalid and CallersUnavailable."""
        ...


class KnownCallers:
    """Callers who sign their own tokens. Fulfils `CallerVerifier`."""

    def __init__(self, keys: Mapping[str, KnownKey], now: Callable[[], float] = time.time) -> None:
        """`keys`: each with the notes `sub`, the caller's name, and `scopes`, which it may have. Raises KeyInvalid."""
        self._keys = keys
        self._now = now
        self._callers = {key_id: _caller_of(known.notes) for key_id, known in keys.items()}
        self._verified: dict[str, tuple[float, Caller]] = {}

    @classmethod
    def read(cls, text: str) -> "KnownCallers":
        """The callers of a JSON Web Key Set. Raises KeyInvalid."""
        return cls(read_public_keys(text))

    async def caller(self, token: str) -> Caller:
        """Who shows it. Raises TokenInvalid."""
        # A caller shows each token many times, and a signature takes a fifth of a millisecond.
        ends_at, caller = self._verified.get(token) or (0.0, None)
        if caller is None or ends_at <= self._now():
            ends_at, caller = self._judged(token)
            if len(self._verified) >= MOST_REMEMBERED:
                self._verified.clear()
            self._verified[token] = (ends_at, caller)
        return caller

    def _judged(self, token: str) -> tuple[float, Caller]:
        """Until when the token is valid, and who shows it. Raises TokenInvalid."""
        known, claims = verified(token, self._keys, audience=TOOLS_AUDIENCE, now=self._now, longest_s=LONGEST_S)
        if claims.get("iss") != known.key_id:
            raise TokenInvalid("somebody else issued it")
        allowed, scope = self._callers[known.key_id], claims.get("scope")
        asked = frozenset(scope.split()) if isinstance(scope, str) else frozenset[str]()
        if not asked <= allowed.scopes:
            raise TokenInvalid(f"it has scopes that its caller, '{allowed.name}', may not have")
        return float(claims["exp"]), Caller(allowed.name, frozenset(cast("ToolScope", each) for each in asked))


def _caller_of(notes: Mapping[str, object]) -> Caller:
    name, scopes = notes.get("sub"), notes.get("scopes")
    named = cast("list[object]", scopes) if isinstance(scopes, list) else None
    if not isinstance(name, str) or not name or named is None or not all(str(each) in SCOPES for each in named):
        raise KeyInvalid(f"each key needs 'sub', its caller, and 'scopes', a list of {', '.join(sorted(SCOPES))}")
    return Caller(name, frozenset(cast("list[ToolScope]", named)))
