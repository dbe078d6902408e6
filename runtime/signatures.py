"""Signs and verifies short texts that one process shows another: JSON Web Tokens (RFC 7519) with Ed25519.

One algorithm, chosen here and never by the token: none, or one that is keyed with a public key, is refused.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from joserfc import jws, jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError, MissingClaimError
from joserfc.jwk import OKPKey

ALGORITHM = "Ed25519"
"""As RFC 9864 names the algorithm, in place of the EdDSA of RFC 8037, which names the curve so."""
LEEWAY_S = 60
"""How far the clocks of two machines may be apart."""
MAX_TOKEN = 256 * 1024
"""Characters: a grant names up to 200 charges twice, and ids of charges are as long as their system wants."""


class KeyInvalid(ValueError):
    """A text is no key of the kind that is needed; the message is a clause that quotes nothing of it."""


class TokenInvalid(Exception):
    """A token proves nothing; the message is a clause that says why, and quotes nothing of it."""


class TokenTooLong(ValueError):
    """What is to be signed makes a token that nobody takes; the message is a clause that says how long it would be."""


class PrivateKey:
    """What its holder signs with."""

    def __init__(self, pem: str) -> None:
        """Raises KeyInvalid."""
        try:
            self._key = OKPKey.import_key(pem.strip() + "\n")
        except (JoseError, ValueError, TypeError):
            raise KeyInvalid("it is no Ed25519 key in PEM") from None
        if not self._key.is_private or self._key.curve_name != ALGORITHM:
            raise KeyInvalid("it is no private Ed25519 key in PEM")
        self.key_id = self._key.thumbprint()
        """The thumbprint of the public key (RFC 7638)."""

    @classmethod
    def new(cls) -> "PrivateKey":
        """A key that nobody else has."""
        return cls(cls._pem(OKPKey.generate_key(ALGORITHM)))

    @property
    def pem(self) -> str:
        """The key itself: for a file that only its holder can read."""
        return self._pem(self._key)

    @property
    def public(self) -> dict[str, str]:
        """The public key as JSON Web Key."""
        known = self._key.as_dict(private=False)
        return {"kty": "OKP", "crv": ALGORITHM, "x": str(known["x"]), "kid": self.key_id}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token that says `claims`. Raises TokenTooLong."""
        header = {"alg": ALGORITHM, "kid": self.key_id}
        token = jwt.encode(header, dict(claims), self._key, algorithms=[ALGORITHM])
        if len(token) > MAX_TOKEN:
            raise TokenTooLong(f"it would have {len(token):,} characters, and {MAX_TOKEN:,} are taken")
        return token

    @staticmethod
    def _pem(key: OKPKey) -> str:
        return key.as_pem(private=True).decode("ascii")


@dataclass(frozen=True)
class KnownKey:
    """A public key, and what is written beside it."""

    key_id: str
    key: OKPKey
    notes: Mapping[str, Any]


def read_public_keys(text: str) -> dict[str, KnownKey]:
    """The keys of a JSON Web Key Set (RFC 7517), by their ids. Raises KeyInvalid for one that cannot be used."""
    try:
        listed = json.loads(text)["keys"]
        if not isinstance(listed, list):
            raise TypeError("its 'keys' are no list")
        found = [_public_key(entry) for entry in cast("list[object]", listed)]
    except KeyInvalid:
        raise
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise KeyInvalid("it is no JSON Web Key Set with Ed25519 keys") from None
    if not found:
        raise KeyInvalid("it names no key")
    return {each.key_id: each for each in found}


def _public_key(found: object) -> KnownKey:
    if not isinstance(found, dict):
        raise TypeError("it lists something that is no key")
    entry = cast("dict[str, Any]", found)
    if "d" in entry:
        raise KeyInvalid("it holds a private key, which is nobody's business here: leave 'd' out")
    if (entry.get("kty"), entry.get("crv")) != ("OKP", ALGORITHM):
        raise KeyInvalid("it holds a key that is not Ed25519")
    key = OKPKey.import_key({"kty": "OKP", "crv": ALGORITHM, "x": str(entry["x"])})
    # The name of a key is what it is, whatever the file says: two keys never share one.
    return KnownKey(key.thumbprint(), key, entry)


def verified(
    token: str,
    keys: Mapping[str, KnownKey],
    *,
    audience: str,
    now: Callable[[], float],
    longest_s: int,
    expects: Mapping[str, str] | None = None,
) -> tuple[KnownKey, dict[str, Any]]:
    """Whose key signed a token, and what it says.

    It must be for `audience`, valid now and for no longer than `longest_s`, and say what `expects` says. Raises
    TokenInvalid.
    """
    known = _signer(token, keys)
    try:
        claims = jwt.decode(token, known.key, algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        raise TokenInvalid("its signature is wrong") from None
    _check(claims, audience, int(now()), longest_s, expects or {})
    return known, claims


def _signer(token: str, keys: Mapping[str, KnownKey]) -> KnownKey:
    if len(token) > MAX_TOKEN:
        raise TokenInvalid(f"it is longer than {MAX_TOKEN:,} characters")
    try:
        header = jws.extract_compact(token.encode("ascii")).protected
    except (JoseError, ValueError, RecursionError):
        raise TokenInvalid("it is no signed JSON Web Token") from None
    if "crit" in header:
        raise TokenInvalid("it asks for an extension that is not known here")
    if header.get("alg") != ALGORITHM:
        raise TokenInvalid(f"it is not signed with {ALGORITHM}")
    key_id = header.get("kid")
    known = keys.get(key_id) if isinstance(key_id, str) else None
    if known is None:
        raise TokenInvalid("the key that signed it is not known here")
    return known


_REASONS = {
    "aud": "it is for somebody else",
    "iss": "somebody else issued it",
    "nbf": "it is not valid yet",
    "iat": "it was issued in the future",
}


def check_claims(registry: jwt.JWTClaimsRegistry, claims: dict[str, Any], reasons: Mapping[str, str]) -> None:
    """Raises TokenInvalid where a claim is not as `registry` says; `reasons`: why, by the claim that is wrong."""
    try:
        registry.validate(claims)
    except ExpiredTokenError:
        raise TokenInvalid("it has expired") from None
    except MissingClaimError as error:
        raise TokenInvalid(f"it does not say '{error.claim}'") from None
    except ClaimError as error:
        raise TokenInvalid(reasons.get(error.claim, f"its claim '{error.claim}' is wrong")) from None


def _check(claims: dict[str, Any], audience: str, now: int, longest_s: int, expects: Mapping[str, str]) -> None:
    others: dict[str, jwt.ClaimsOption] = {name: {"essential": True, "value": value} for name, value in expects.items()}
    registry = jwt.JWTClaimsRegistry(
        now,
        LEEWAY_S,
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        iat={"essential": True},
        **others,
    )
    check_claims(registry, claims, _REASONS)
    if claims["exp"] - claims["iat"] > longest_s:
        raise TokenInvalid("it is valid for longer than such a token may be")
