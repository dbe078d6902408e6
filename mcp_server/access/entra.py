"""Callers that Microsoft Entra ID knows: managed identities whose app roles are the scopes."""

import math
import time
from collections.abc import Callable
from typing import Any, cast

from fastmcp.server.auth.providers.jwt import JWTVerifier

from contracts.access import ToolScope
from mcp_server.access.callers import SCOPES, Caller, CallersUnavailable
from runtime.signatures import LEEWAY_S, TokenInvalid

ROLE_PREFIX = "tools."
"""The app roles `tools.read`, `tools.act` and `tools.tasks`."""
LONGEST_S = 25 * 3600
"""Tokens of managed identities are valid for up to a day."""


class _TenantTokens(JWTVerifier):
    """The library's verifier, which also says that a token was refused for want of keys."""

    keys_fault: str | None = None
    """Why the tenant's keys could not be fetched when they were last asked for."""

    async def _fetch_jwks(self) -> dict[str, Any]:
        try:
            keys = await super()._fetch_jwks()
        except Exception as error:
            # The library makes a refused token of it; and of an answer that is no JSON, too.
            self.keys_fault = type(error).__name__
            raise
        self.keys_fault = None
        return keys


class EntraCallers:
    """Fulfils `CallerVerifier`. FastMCP fetches the keys and verifies signature, issuer and audience."""

    def __init__(self, issuer: str, jwks_url: str, audience: str, now: Callable[[], float] = time.time) -> None:
        self._verifier = _TenantTokens(jwks_uri=jwks_url, issuer=issuer, audience=audience, algorithm="RS256")
        self._now = now

    @classmethod
    def of_tenant(cls, tenant: str, audience: str) -> "EntraCallers":
        """The callers of a tenant, with tokens of version 2.0 for the application `audience`."""
        place = f"https://login.microsoftonline.com/{tenant}"
        return cls(f"{place}/v2.0", f"{place}/discovery/v2.0/keys", audience)

    async def caller(self, token: str) -> Caller:
        """Who shows it. Raises TokenInvalid and CallersUnavailable."""
        accepted = await self._verifier.verify_token(token)
        if accepted is None and (fault := self._verifier.keys_fault):
            raise CallersUnavailable(f"the tenant's keys could not be fetched ({fault})")
        if accepted is None:
            raise TokenInvalid("it is not signed by the tenant, is for somebody else, or has expired")
        claims = accepted.claims
        self._check_times(claims)
        name, roles = claims.get("sub"), claims.get("roles")
        if not isinstance(name, str) or not name:
            raise TokenInvalid("it says nobody's name")
        named = [str(each) for each in cast("list[object]", roles)] if isinstance(roles, list) else []
        scopes = {role.removeprefix(ROLE_PREFIX) for role in named if role.startswith(ROLE_PREFIX)} & SCOPES
        if not scopes:
            raise TokenInvalid("its roles name no scope of the tools: tools.read, tools.act or tools.tasks")
        return Caller(name, frozenset(cast("ToolScope", each) for each in scopes))

    def _check_times(self, claims: dict[str, Any]) -> None:
        """What the library takes when it is missing."""
        times = [claims.get(name) for name in ("exp", "iat", "nbf")]
        ends, issued, begins = (value if _is_time(value) else None for value in times)
        if ends is None or issued is None or (begins is None and claims.get("nbf") is not None):
            raise TokenInvalid("it does not say from when until when it is valid")
        now = self._now()
        if max(issued, issued if begins is None else begins) > now + LEEWAY_S:
            raise TokenInvalid("it is not valid yet")
        # To the second, as the library: a caller whose token ends has a new one by then.
        if ends <= now:
            raise TokenInvalid("it has expired")
        if ends - issued > LONGEST_S:
            raise TokenInvalid("it is valid for longer than such a token may be")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
