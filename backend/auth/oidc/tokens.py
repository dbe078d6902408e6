"""Judges the provider's tokens: who signed them, for whom, and whether they are valid now.

OpenID Connect Core 1.0, section 3.1.3.7; RFC 9068; OpenID Connect Back-Channel Logout 1.0, section 2.6; RFC 8725.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from joserfc import jws, jwt
from joserfc.errors import JoseError

from backend.auth.oidc.errors import TokenRefused
from backend.auth.oidc.provider import Provider
from contracts.base import FiniteJson
from runtime.signatures import TokenInvalid, check_claims

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures with a private key. None of these is `none`, and none can be made with what the provider publishes."""
MAX_TOKEN = 16 * 1024
"""Characters. Tokens travel in a header."""
LEEWAY = timedelta(seconds=60)
"""How far the provider's clock may be off."""
MAX_SUBJECT = 200
LONGEST = timedelta(days=7)
"""How long an access token may be valid. Providers say minutes or hours."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

TokenKind = Literal["identity", "access", "logout"]
Claims = Mapping[str, FiniteJson]


@dataclass(frozen=True)
class Verifier:
    """Judges tokens of one provider for one desk."""

    provider: Provider
    client_id: str
    audiences: frozenset[str]
    """What access tokens for this desk are issued for."""
    now: Callable[[], datetime]

    async def identity(self, token: str, nonce: str | None) -> Claims:
        """The claims of an ID token. `nonce`: of the sign-in it answers; None: it answers a refresh.

        Raises TokenRefused, ProviderUnavailable.
        """
        claims = await self._claims(token, "identity", frozenset({self.client_id}))
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self.client_id:
            raise TokenRefused("it was issued to somebody else")
        shown = claims.get("nonce")
        if nonce is not None and not (isinstance(shown, str) and hmac.compare_digest(shown.encode(), nonce.encode())):
            raise TokenRefused("it answers another sign-in")
        return claims

    async def access(self, token: str) -> Claims:
        """The claims of an access token. Raises TokenRefused, ProviderUnavailable."""
        if not self.audiences:
            raise TokenRefused("this desk takes none: its OIDC_AUDIENCES says for whom they would be")
        claims = await self._claims(token, "access", self.audiences)
        if not {"nonce", "at_hash", "c_hash", "events"}.isdisjoint(claims):
            raise TokenRefused("it says who somebody is, and gives access to nothing")
        if "cnf" in claims:
            raise TokenRefused("it is bound to a key that was not shown")
        if _moment(claims["exp"]) > self.now() + LONGEST:
            raise TokenRefused(f"it is valid for longer than {LONGEST.days} days")
        return claims

    def ends_at(self, claims: Claims) -> datetime:
        """Until when an access token that was accepted is accepted."""
        return _moment(claims["exp"]) + LEEWAY

    async def logout(self, token: str) -> Claims:
        """The claims of a logout token. Raises TokenRefused, ProviderUnavailable."""
        claims = await self._claims(token, "logout", frozenset({self.client_id}))
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in claims:
            raise TokenRefused("it ends no session")
        return claims

    async def _claims(self, token: str, kind: TokenKind, audiences: frozenset[str]) -> Claims:
        if len(token) > MAX_TOKEN:
            raise TokenRefused(f"it is longer than {MAX_TOKEN:,} characters")
        header = _header(token)
        _check_type(header.get("typ"), kind)
        key = await self.provider.key(_key_id(header.get("kid")))
        try:
            claims = jwt.decode(token, key, [*ALGORITHMS]).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            raise TokenRefused("its signature is not the provider's") from None
        self._check(claims, kind, audiences)
        return claims

    def _check(self, claims: dict[str, FiniteJson], kind: TokenKind, audiences: frozenset[str]) -> None:
        now = self.now()
        registry = jwt.JWTClaimsRegistry(
            int(now.timestamp()),
            int(LEEWAY.total_seconds()),
            iss={"essential": True, "value": self.provider.issuer},
            aud={"essential": True, "values": [*audiences]},
            exp={"essential": True},
            iat={"essential": kind != "access"},
            sub={"essential": kind != "logout"},
        )
        try:
            check_claims(registry, claims, _REASONS)
        except TokenInvalid as fault:
            raise TokenRefused(str(fault)) from None
        subject = claims.get("sub")
        if subject is not None and not (isinstance(subject, str) and 0 < len(subject) <= MAX_SUBJECT):
            raise TokenRefused(f"it is about nobody, or their id is longer than {MAX_SUBJECT} characters")


def issued_at(claims: Claims) -> datetime:
    """When a token that was accepted was issued."""
    return _moment(claims["iat"])


def _moment(value: FiniteJson) -> datetime:
    assert isinstance(value, int | float)
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC) - LEEWAY


_NO_TOKEN = "it is no signed JSON Web Token"  # noqa: S105 - it is a sentence
_REASONS = {
    "iss": "another provider issued it",
    "aud": "it is for somebody else than this desk",
    "nbf": "it is not valid yet",
    "iat": "it was issued in the future",
}


def _header(token: str) -> Mapping[str, object]:
    try:
        header = jws.extract_compact(token.encode("ascii")).protected
    except (JoseError, ValueError, RecursionError):
        raise TokenRefused(_NO_TOKEN) from None
    if "crit" in header:
        raise TokenRefused("it asks for an extension that is not known here")
    if header.get("alg") not in ALGORITHMS:
        raise TokenRefused("it is not signed with a private key")
    return header


def _key_id(shown: object) -> str | None:
    if shown is not None and not isinstance(shown, str):
        raise TokenRefused(_NO_TOKEN)
    return shown


def _check_type(shown: object, kind: TokenKind) -> None:
    """One kind of token is not taken for another (RFC 8725, section 3.11). Providers that say `JWT` are common."""
    name = shown.lower().removeprefix("application/") if isinstance(shown, str) else "jwt"
    allowed = {"identity": ("jwt",), "access": ("jwt", "at+jwt"), "logout": ("jwt", "logout+jwt")}
    if name not in allowed[kind]:
        raise TokenRefused("it is a token of another kind")
