"""Judges grants: whether people have approved exactly this call."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from contracts.access import TOOLS_AUDIENCE
from contracts.grants import GRANT_ISSUER, GRANT_LIFE_S
from contracts.hashing import canonical_json
from runtime.signatures import KnownKey, TokenInvalid, verified


class GrantRefused(Exception):
    """A call is not allowed by its grant, or has none; the message is a clause that says why."""


class GrantVerifier(Protocol):
    """Judges the grant of a call."""

    def check(self, grant: object, tool: str, arguments: Mapping[str, Any]) -> None:
        """Return if the grant allows the call. Raises GrantRefused."""
        ...


class SignedGrants:
    """Grants that the backend signs. Fulfils `GrantVerifier`.

    A grant is good for one effect: its id is the key of the call, under which the ledger does everything once.
    """

    def __init__(self, keys: Mapping[str, KnownKey], now: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._now = now

    def check(self, grant: object, tool: str, arguments: Mapping[str, Any]) -> None:
        """Return if the grant allows the call. Raises GrantRefused."""
        if not isinstance(grant, str) or not grant:
            raise GrantRefused("it has none: nobody has approved it, or the backend has not signed it yet")
        try:
            _, claims = verified(
                grant,
                self._keys,
                audience=TOOLS_AUDIENCE,
                now=self._now,
                longest_s=GRANT_LIFE_S,
                expects={"iss": GRANT_ISSUER},
            )
        except TokenInvalid as fault:
            raise GrantRefused(str(fault)) from None
        # As JSON: true is not 1, and 1.0 is not 1.
        if claims.get("jti") != arguments.get("idempotency_key") or _canonical(claims.get("call")) != _canonical(
            {"tool": tool, "arguments": dict(arguments)}
        ):
            raise GrantRefused("it allows another call than this one")


def _canonical(call: object) -> str:
    try:
        return canonical_json({"call": call})
    except (ValueError, TypeError):
        raise GrantRefused("its call cannot be read") from None
