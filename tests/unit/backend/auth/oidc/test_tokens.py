"""Tokens that nobody may rely on, one way each, and the sentence that says so."""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from backend.auth.oidc.errors import TokenRefused
from backend.auth.oidc.provider import Provider
from backend.auth.oidc.tokens import LEEWAY, LOGOUT_EVENT, MAX_TOKEN, Claims, Verifier
from tests.unit.backend.auth.oidc.conftest import Clock
from tests.unit.backend.auth.oidc.publisher import Publisher
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio

NONCE = "the-nonce-of-this-sign-in"
API = "https://desk.example/api"
AT = int(NOON.timestamp())
SLACK = int(LEEWAY.total_seconds())
STRANGER = RSAKey.generate_key(2048, {"kid": "first"})


@dataclass(frozen=True)
class Made:
    """What a token is made of."""

    key: RSAKey
    issuer: str
    claims: Mapping[str, Any]
    header: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def with_claims(self, **changes: Any) -> "Made":
        kept = {**self.claims, **changes}
        return Made(self.key, self.issuer, {k: v for k, v in kept.items() if v is not ...}, self.header)

    def with_header(self, **changes: Any) -> "Made":
        return Made(self.key, self.issuer, self.claims, {**self.header, **changes})

    def signed(self, key: RSAKey | ECKey | OctKey | None = None) -> str:
        header = {"alg": "RS256", "kid": "first", **self.header}
        kept = {name: value for name, value in header.items() if value is not ...}
        return jwt.encode(kept, dict(self.claims), key or self.key, [header["alg"]])

    def signed_text(self, text: bytes) -> str:
        """Signed by the provider, whatever it is."""
        return jws.serialize_compact({"alg": "RS256", "kid": "first", **self.header}, text, self.key, ["RS256"])

    def unsigned(self, **header: Any) -> str:
        parts = [{"typ": "JWT", "kid": "first", **header}, self.claims]
        return ".".join([*(_encoded(json.dumps(part).encode()) for part in parts), ""])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture
def identity(key: RSAKey, publisher: Publisher) -> Made:
    """A good ID token."""
    claims = {"iss": publisher.issuer, "aud": "desk", "sub": "ada", "iat": AT, "exp": AT + 300, "nonce": NONCE}
    return Made(key, publisher.issuer, claims)


@pytest.fixture
def access(key: RSAKey, publisher: Publisher) -> Made:
    """A good access token."""
    claims = {"iss": publisher.issuer, "aud": API, "sub": "ada", "iat": AT, "exp": AT + 300, "scope": "cases.read"}
    return Made(key, publisher.issuer, claims, {"typ": "at+jwt"})


@pytest.fixture
def logout(key: RSAKey, publisher: Publisher) -> Made:
    """A good logout token."""
    claims = {"iss": publisher.issuer, "aud": "desk", "iat": AT, "exp": AT + 300, "sid": "s", "jti": "1"}
    return Made(key, publisher.issuer, {**claims, "events": {LOGOUT_EVENT: {}}}, {"typ": "logout+jwt"})


def public_pem(key: RSAKey) -> bytes:
    return key.as_pem(private=False)


def altered(token: str) -> str:
    """The same token about somebody else, with the signature that it had."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{_encoded(json.dumps({**claims, 'sub': 'alan'}).encode())}.{signature}"


Bad = Callable[[Made], str]

NOT_SIGNED = "it is not signed with a private key"
NOT_THEIRS = "its signature is not the provider's"
UNKNOWN_KEY = "it is signed with a key that the provider does not publish"
NO_TOKEN = "it is no signed JSON Web Token"
BAD_OF_EVERY_KIND: Mapping[str, tuple[Bad, str]] = {
    "no signature, alg none": (lambda made: made.unsigned(alg="none"), NOT_SIGNED),
    "no signature, alg nOnE": (lambda made: made.unsigned(alg="nOnE"), NOT_SIGNED),
    "no signature, alg RS256": (lambda made: made.unsigned(alg="RS256"), NOT_THEIRS),
    "no alg": (lambda made: made.unsigned(), NO_TOKEN),
    "HS256 with the public key": (
        lambda made: made.with_header(alg="HS256").signed(OctKey.import_key(public_pem(made.key).hex())),
        NOT_SIGNED,
    ),
    "signed by a stranger under the same kid": (lambda made: made.signed(STRANGER), NOT_THEIRS),
    "a key of its own in the header": (
        lambda made: made.with_header(jwk=STRANGER.as_dict(private=False)).signed(STRANGER),
        NO_TOKEN,
    ),
    "altered": (lambda made: altered(made.signed()), NOT_THEIRS),
    "unknown kid": (lambda made: made.with_header(kid="second").signed(), UNKNOWN_KEY),
    "kid as path": (lambda made: made.with_header(kid="../../../etc/passwd").signed(), UNKNOWN_KEY),
    "kid as address": (lambda made: made.with_header(kid="https://evil.example/keys").signed(), UNKNOWN_KEY),
    "kid as SQL": (lambda made: made.with_header(kid="' OR 1=1 --").signed(), UNKNOWN_KEY),
    "kid is a number": (lambda made: made.unsigned(alg="RS256", kid=7), NO_TOKEN),
    "extension that must be known": (
        lambda made: made.unsigned(alg="RS256", crit=["exp"], exp=1) + made.signed().rpartition(".")[2],
        "it asks for an extension that is not known here",
    ),
    "extension that is no text": (
        lambda made: made.unsigned(alg="RS256", crit=[1]) + "e30",
        "it asks for an extension that is not known here",
    ),
    "deep claims": (lambda made: made.signed_text(b"[" * 9_000), NOT_THEIRS),
    "another issuer": (
        lambda made: made.with_claims(iss="https://evil.example").signed(),
        "another provider issued it",
    ),
    "issuer with a slash more": (
        lambda made: made.with_claims(iss=made.issuer + "/").signed(),
        "another provider issued it",
    ),
    "no issuer": (lambda made: made.with_claims(iss=...).signed(), "it does not say 'iss'"),
    "another audience": (
        lambda made: made.with_claims(aud="shop").signed(),
        "it is for somebody else than this desk",
    ),
    "no audience": (lambda made: made.with_claims(aud=...).signed(), "it does not say 'aud'"),
    "expired": (lambda made: made.with_claims(exp=AT - SLACK).signed(), "it has expired"),
    "never expires": (lambda made: made.with_claims(exp=...).signed(), "it does not say 'exp'"),
    "expires at no number": (lambda made: made.with_claims(exp="soon").signed(), "its claim 'exp' is wrong"),
    "not yet valid": (lambda made: made.with_claims(nbf=AT + SLACK + 1).signed(), "it is not valid yet"),
    "issued in the future": (
        lambda made: made.with_claims(iat=AT + SLACK + 1).signed(),
        "it was issued in the future",
    ),
    "about a number": (lambda made: made.with_claims(sub=7).signed(), "its claim 'sub' is wrong"),
    "about an endless name": (
        lambda made: made.with_claims(sub="a" * 201).signed(),
        "it is about nobody, or their id is longer than 200 characters",
    ),
    "no token": (lambda _: "a.b.c", NO_TOKEN),
    "empty parts": (lambda _: "..", NO_TOKEN),
    "encrypted": (lambda _: "a.b.c.d.e", NO_TOKEN),
    "not ASCII": (lambda _: "é.é.é", NO_TOKEN),
    "endless": (lambda _: "a" * (MAX_TOKEN + 1), "it is longer than 16,384 characters"),
    "deep header": (lambda _: _encoded(b'{"alg":"RS256","a":' + b"[" * 5_000) + ".e30.e30", NO_TOKEN),
}
BAD_IDENTITY: Mapping[str, tuple[Bad, str]] = {
    "nonce of another sign-in": (
        lambda made: made.with_claims(nonce="another").signed(),
        "it answers another sign-in",
    ),
    "no nonce": (lambda made: made.with_claims(nonce=...).signed(), "it answers another sign-in"),
    "for two, and issued to the other": (
        lambda made: made.with_claims(aud=["desk", "shop"], azp="shop").signed(),
        "it was issued to somebody else",
    ),
    "no subject": (lambda made: made.with_claims(sub=...).signed(), "it does not say 'sub'"),
    "an access token": (lambda made: made.with_header(typ="at+jwt").signed(), "it is a token of another kind"),
}
BAD_ACCESS: Mapping[str, tuple[Bad, str]] = {
    "an ID token": (
        lambda made: made.with_claims(nonce=NONCE).with_header(typ="JWT").signed(),
        "it says who somebody is, and gives access to nothing",
    ),
    "a logout token": (
        lambda made: made.with_header(typ="logout+jwt").signed(),
        "it is a token of another kind",
    ),
    "no subject": (lambda made: made.with_claims(sub=...).signed(), "it does not say 'sub'"),
    "bound to a key": (lambda made: made.with_claims(cnf={"jkt": "x"}).signed(), "it is bound to a key that was not"),
    "valid for a month": (
        lambda made: made.with_claims(exp=AT + 30 * 86_400).signed(),
        "it is valid for longer than 7 days",
    ),
    "valid for ever": (lambda made: made.with_claims(exp=1e300).signed(), "it is valid for longer than 7 days"),
}
BAD_LOGOUT: Mapping[str, tuple[Bad, str]] = {
    "no event": (lambda made: made.with_claims(events=...).signed(), "it ends no session"),
    "another event": (lambda made: made.with_claims(events={"other": {}}).signed(), "it ends no session"),
    "with a nonce": (lambda made: made.with_claims(nonce=NONCE).signed(), "it ends no session"),
}


async def test_good_tokens_are_accepted(verifier: Verifier, identity: Made, access: Made, logout: Made) -> None:
    assert (await verifier.identity(identity.signed(), NONCE))["sub"] == "ada"
    assert (await verifier.access(access.signed()))["scope"] == "cases.read"
    assert (await verifier.logout(logout.signed()))["sid"] == "s"


async def test_clocks_may_differ_by_a_minute(verifier: Verifier, identity: Made) -> None:
    late, early = identity.with_claims(exp=AT - SLACK + 1), identity.with_claims(iat=AT + SLACK, nbf=AT + SLACK)
    for each in (late, early):
        assert (await verifier.identity(each.signed(), NONCE))["sub"] == "ada"


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "PS384", "PS512"])
async def test_signatures_of_other_lengths_count(verifier: Verifier, identity: Made, algorithm: str) -> None:
    assert await verifier.identity(identity.with_header(alg=algorithm).signed(), NONCE)


async def test_keys_on_curves_count(verifier: Verifier, publisher: Publisher, identity: Made) -> None:
    curve = ECKey.generate_key("P-256", {"kid": "curve"})
    publisher.publish(identity.key, curve)
    assert await verifier.identity(identity.with_header(alg="ES256", kid="curve").signed(curve), NONCE)


@pytest.mark.parametrize("name", BAD_OF_EVERY_KIND)
async def test_bad_tokens_are_refused(
    verifier: Verifier, identity: Made, access: Made, logout: Made, name: str
) -> None:
    make, reason = BAD_OF_EVERY_KIND[name]
    verified: tuple[tuple[Made, Callable[[str], Awaitable[Claims]]], ...] = (
        (identity, partial(verifier.identity, nonce=NONCE)),
        (access, verifier.access),
        (logout, verifier.logout),
    )
    for made, verify in verified:
        with pytest.raises(TokenRefused) as refused:
            await verify(make(made))
        assert str(refused.value) == f"The token is not accepted: {reason}."


@pytest.mark.parametrize("name", BAD_IDENTITY)
async def test_bad_id_tokens_are_refused(verifier: Verifier, identity: Made, name: str) -> None:
    make, reason = BAD_IDENTITY[name]
    with pytest.raises(TokenRefused, match=f": {reason}"):
        await verifier.identity(make(identity), NONCE)


@pytest.mark.parametrize("name", BAD_ACCESS)
async def test_bad_access_tokens_are_refused(verifier: Verifier, access: Made, name: str) -> None:
    make, reason = BAD_ACCESS[name]
    with pytest.raises(TokenRefused, match=f": {reason}"):
        await verifier.access(make(access))


@pytest.mark.parametrize("name", BAD_LOGOUT)
async def test_bad_logout_tokens_are_refused(verifier: Verifier, logout: Made, name: str) -> None:
    make, reason = BAD_LOGOUT[name]
    with pytest.raises(TokenRefused, match=f": {reason}"):
        await verifier.logout(make(logout))


async def test_desk_without_audiences_takes_no_token(provider: Provider, clock: Clock, access: Made) -> None:
    verifier = Verifier(provider, "desk", frozenset(), clock)
    with pytest.raises(TokenRefused, match="this desk takes none: its OIDC_AUDIENCES says for whom they would be"):
        await verifier.access(access.with_claims(aud="desk").signed())


async def test_token_counts_as_long_as_clocks_may_differ(verifier: Verifier, access: Made) -> None:
    claims = await verifier.access(access.with_claims(exp=AT - SLACK + 1).signed())
    assert verifier.ends_at(claims) == NOON + timedelta(seconds=1)
