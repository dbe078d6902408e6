"""Tokens between processes: what proves something, and every way in which one does not."""

import base64
import hmac
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from runtime.signatures import (
    MAX_TOKEN,
    KeyInvalid,
    KnownKey,
    PrivateKey,
    TokenInvalid,
    TokenTooLong,
    read_public_keys,
    verified,
)

NOW = 1_800_000_000
AUDIENCE = "tools"
KEY, OTHER = PrivateKey.new(), PrivateKey.new()
KEYS = read_public_keys(json.dumps({"keys": [{**KEY.public, "sub": "worker"}]}))
CLAIMS: dict[str, Any] = {"iss": "worker", "aud": AUDIENCE, "iat": NOW, "exp": NOW + 300}


def judged(token: str, keys: dict[str, KnownKey] = KEYS) -> dict[str, Any]:
    known, claims = verified(token, keys, audience=AUDIENCE, now=lambda: NOW, longest_s=600, expects={"iss": "worker"})
    assert known.notes["sub"] == "worker"
    return claims


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def with_header(token: str, **header: object) -> str:
    kept = {"alg": "Ed25519", "kid": KEY.key_id}
    return ".".join([encoded({**kept, **header}), *token.split(".")[1:]])


def with_secret(secret: bytes) -> str:
    """A token that everybody could make who knows the public key, if the algorithm were the token's choice."""
    said = f"{encoded({'alg': 'HS256', 'kid': KEY.key_id})}.{encoded(CLAIMS)}"
    signature = hmac.digest(secret, said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def by(key: Any, algorithm: str) -> str:
    return jwt.encode({"alg": algorithm, "kid": KEY.key_id}, CLAIMS, key, algorithms=[algorithm])


def test_a_token_says_what_its_signer_signed() -> None:
    again = PrivateKey(KEY.pem)

    assert judged(again.sign(CLAIMS)) == CLAIMS
    assert again.key_id == KEY.key_id


def test_two_hundred_charges_with_long_ids_fit() -> None:
    charges = [f"{number:0>128}" for number in range(200)]
    said = {**CLAIMS, "call": {"charge_ids": charges, "amounts": dict.fromkeys(charges, 1_000_000)}}

    assert judged(KEY.sign(said)) == said


def test_what_nobody_would_take_is_not_signed() -> None:
    with pytest.raises(TokenTooLong, match=r"^it would have 3\d\d,\d\d\d characters, and 262,144 are taken$"):
        KEY.sign({**CLAIMS, "more": "x" * MAX_TOKEN})


@pytest.mark.parametrize("skew", [-59, 59])
def test_a_minute_between_two_clocks_is_tolerated(skew: int) -> None:
    assert judged(KEY.sign({**CLAIMS, "iat": NOW + skew, "nbf": NOW + skew, "exp": NOW + skew + 300}))
    assert judged(KEY.sign({**CLAIMS, "iat": NOW - 300, "exp": NOW - 59}))


SIGNED = KEY.sign(CLAIMS)
PUBLIC_PEM = KEYS[KEY.key_id].key.as_pem(private=False)
BAD: dict[str, tuple[str, str]] = {
    "empty": ("", "it is no signed JSON Web Token"),
    "no token": ("hunter2", "it is no signed JSON Web Token"),
    "accents": ("é.é.é", "it is no signed JSON Web Token"),
    "nested": (encoded([["deep"]]) + "..", "it is no signed JSON Web Token"),
    "endless": ("a" * (MAX_TOKEN + 1), "it is longer than 262,144 characters"),
    "alg none": (with_header(SIGNED, alg="none").rpartition(".")[0] + ".", "it is not signed with Ed25519"),
    "alg missing": (with_header(SIGNED, alg=None), "it is not signed with Ed25519"),
    "HS256 with the public key": (with_secret(PUBLIC_PEM), "it is not signed with Ed25519"),
    "HS256 with its x": (with_secret(KEY.public["x"].encode()), "it is not signed with Ed25519"),
    "RS256": (by(RSAKey.generate_key(2048), "RS256"), "it is not signed with Ed25519"),
    "ES256": (by(ECKey.generate_key("P-256"), "ES256"), "it is not signed with Ed25519"),
    "critical extension": (with_header(SIGNED, crit=["b64"], b64=False), "it asks for an extension that is not known"),
    "unknown kid": (OTHER.sign(CLAIMS), "the key that signed it is not known here"),
    "no kid": (with_header(SIGNED, kid=None), "the key that signed it is not known here"),
    "kid as path": (with_header(SIGNED, kid="../../dev/null"), "the key that signed it is not known here"),
    "kid as list": (with_header(SIGNED, kid=[KEY.key_id]), "the key that signed it is not known here"),
    "key in the header": (with_header(OTHER.sign(CLAIMS), jwk=OTHER.public), "its signature is wrong"),
    "another's signature": (with_header(OTHER.sign(CLAIMS)), "its signature is wrong"),
    "altered": (
        ".".join([SIGNED.split(".")[0], encoded({**CLAIMS, "iss": "admin"}), SIGNED.split(".")[2]]),
        "its signature is wrong",
    ),
    "cut": (SIGNED[:-4], "its signature is wrong"),
    "wrong audience": (KEY.sign({**CLAIMS, "aud": "desk"}), "it is for somebody else"),
    "no audience": (KEY.sign({"iss": "worker", "iat": NOW, "exp": NOW + 300}), "it does not say 'aud'"),
    "wrong issuer": (KEY.sign({**CLAIMS, "iss": "backend"}), "somebody else issued it"),
    "no issuer": (KEY.sign({"aud": AUDIENCE, "iat": NOW, "exp": NOW + 300}), "it does not say 'iss'"),
    "expired": (KEY.sign({**CLAIMS, "iat": NOW - 400, "exp": NOW - 60}), "it has expired"),
    "never expires": (KEY.sign({"iss": "worker", "aud": AUDIENCE, "iat": NOW}), "it does not say 'exp'"),
    "expiry as text": (KEY.sign({**CLAIMS, "exp": "tomorrow"}), "its claim 'exp' is wrong"),
    "from the future": (KEY.sign({**CLAIMS, "iat": NOW + 61, "exp": NOW + 300}), "it was issued in the future"),
    "not yet": (KEY.sign({**CLAIMS, "nbf": NOW + 61}), "it is not valid yet"),
    "too long": (KEY.sign({**CLAIMS, "exp": NOW + 601}), "it is valid for longer than such a token may be"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_and_not_repeated(name: str) -> None:
    token, why = BAD[name]
    with pytest.raises(TokenInvalid) as refused:
        judged(token)

    assert str(refused.value).startswith(why)
    assert not token or token not in str(refused.value)


def test_two_keys_are_known_while_one_replaces_the_other() -> None:
    both = read_public_keys(json.dumps({"keys": [{**key.public, "sub": "worker"} for key in (KEY, OTHER)]}))

    assert judged(KEY.sign(CLAIMS), both) == judged(OTHER.sign(CLAIMS), both) == CLAIMS


def test_the_file_cannot_say_another_id_of_a_key() -> None:
    lying = read_public_keys(json.dumps({"keys": [{**OTHER.public, "kid": KEY.key_id}]}))

    assert list(lying) == [OTHER.key_id]


NO_SETS = {
    "nothing": ("", "it is no JSON Web Key Set"),
    "a list": ("[]", "it is no JSON Web Key Set"),
    "of numbers": ('{"keys": [1]}', "it is no JSON Web Key Set"),
    "empty": ('{"keys": []}', "it names no key"),
    "private": (json.dumps({"keys": [{**KEY.public, "d": "secret"}]}), "it holds a private key"),
    "another curve": (json.dumps({"keys": [{**KEY.public, "crv": "Ed448"}]}), "it holds a key that is not Ed25519"),
    "damaged": (json.dumps({"keys": [{**KEY.public, "x": "?"}]}), "it is no JSON Web Key Set"),
}


@pytest.mark.parametrize("name", NO_SETS)
def test_a_file_that_names_no_public_keys_is_refused(name: str) -> None:
    text, why = NO_SETS[name]
    with pytest.raises(KeyInvalid, match=why):
        read_public_keys(text)


NO_KEYS = {
    "nothing": "",
    "a word": "hunter2",
    "a public key": PUBLIC_PEM.decode(),
    "of another kind": ECKey.generate_key("P-256").as_pem(private=True).decode(),
}


@pytest.mark.parametrize("name", NO_KEYS)
def test_what_is_no_private_key_is_refused(name: str) -> None:
    with pytest.raises(KeyInvalid, match="Ed25519 key in PEM"):
        PrivateKey(NO_KEYS[name])
