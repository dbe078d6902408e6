"""Callers that a tenant knows, against a real endpoint with its keys."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from mcp_server.access.callers import Caller, CallersUnavailable
from mcp_server.access.entra import EntraCallers
from runtime.signatures import LEEWAY_S, PrivateKey, TokenInvalid

ISSUER, AUDIENCE = "https://login.microsoftonline.com/tenant/v2.0", "client-id"


@dataclass
class Tenant:
    """A tenant's keys, where it publishes them, and its tokens."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first"}))
    asked: int = 0

    def published(self) -> bytes:
        self.asked += 1
        return json.dumps({"keys": [self.key.as_dict(private=False)]}).encode()

    def token(self, *, key: RSAKey | None = None, algorithm: str = "RS256", **claims: Any) -> str:
        now = int(time.time())
        said = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "worker-identity",
            "iat": now,
            "nbf": now,
            "exp": now + 3_600,
            "roles": ["tools.read", "tools.act", "Other.Role"],
            **claims,
        }
        signer = key or self.key
        header = {"alg": algorithm, "kid": str(self.key.kid)}
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(header, kept, signer, algorithms=[algorithm])


@pytest.fixture(scope="module")
def tenant() -> Iterator[Tenant]:
    found = Tenant()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(found.published())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own word
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/keys"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def callers(tenant: Tenant) -> EntraCallers:
    return EntraCallers(ISSUER, tenant.url, AUDIENCE)


def ask(callers: EntraCallers, token: str) -> Caller:
    return asyncio.run(callers.caller(token))


def test_roles_of_an_identity_are_its_scopes(tenant: Tenant, callers: EntraCallers) -> None:
    found = [ask(callers, tenant.token()), ask(callers, tenant.token(roles=["tools.tasks"]))]

    assert found == [
        Caller("worker-identity", frozenset({"read", "act"})),
        Caller("worker-identity", frozenset({"tasks"})),
    ]
    assert tenant.asked == 1


UNKNOWN = "it is not signed by the tenant, is for somebody else, or has expired"
TIMES = "it does not say from when until when it is valid"
FUTURE = int(time.time()) + 9_000
BAD: Mapping[str, tuple[dict[str, Any], str]] = {
    "another audience": ({"aud": "another"}, UNKNOWN),
    "another issuer": ({"iss": "https://login.microsoftonline.com/another/v2.0"}, UNKNOWN),
    "expired": ({"iat": 1, "nbf": 1, "exp": 2}, UNKNOWN),
    "another key": ({"key": RSAKey.generate_key(2048)}, UNKNOWN),
    "another algorithm": ({"algorithm": "RS512"}, UNKNOWN),
    "without end": ({"exp": None}, TIMES),
    "without beginning": ({"iat": None}, TIMES),
    "a beginning in words": ({"nbf": "soon"}, TIMES),
    "not yet": ({"nbf": FUTURE}, "it is not valid yet"),
    "of the future": ({"iat": FUTURE, "exp": FUTURE + 60}, "it is not valid yet"),
    "for years": ({"exp": FUTURE * 2}, "it is valid for longer than such a token may be"),
    "of nobody": ({"sub": None}, "it says nobody's name"),
    "without roles": ({"roles": None}, "its roles name no scope of the tools: tools.read, tools.act or tools.tasks"),
    "roles as text": ({"roles": "tools.act"}, "its roles name no scope of the tools: tools.read, tools.act or"),
    "another role": ({"roles": ["tools.all", "act"]}, "its roles name no scope of the tools: tools.read, tools.act"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_that_proves_nothing_is_refused(tenant: Tenant, callers: EntraCallers, name: str) -> None:
    claims, why = BAD[name]
    with pytest.raises(TokenInvalid) as refused:
        ask(callers, tenant.token(**claims))

    assert str(refused.value).startswith(why)


@pytest.mark.parametrize(
    ("claim", "seconds", "why"),
    [
        ("exp", 1, None),
        ("exp", 0, "it has expired"),
        ("nbf", LEEWAY_S, None),
        ("nbf", LEEWAY_S + 1, "it is not valid yet"),
        ("iat", LEEWAY_S, None),
        ("iat", LEEWAY_S + 1, "it is not valid yet"),
    ],
)
def test_clocks_may_differ_at_the_beginning_only(tenant: Tenant, claim: str, seconds: int, why: str | None) -> None:
    """The library's own clock is this machine's: the token is valid by it, and the caller's clock is moved."""
    ends_at = int(time.time()) + 3_600
    now = ends_at - 1_800
    claims: dict[str, Any] = {"iat": now - 60, "nbf": now - 60, "exp": ends_at, claim: now + seconds}
    token = tenant.token(**claims)
    if claim == "exp":
        now, token = ends_at - seconds, tenant.token(iat=now, nbf=now, exp=ends_at)
    moved = EntraCallers(ISSUER, tenant.url, AUDIENCE, lambda: float(now))
    if why is None:
        assert ask(moved, token).name == "worker-identity"
        return
    with pytest.raises(TokenInvalid, match=why):
        ask(moved, token)


@pytest.mark.parametrize("token", ["", "hunter2", "a.b.c"])
def test_what_is_no_token_is_refused(callers: EntraCallers, token: str) -> None:
    with pytest.raises(TokenInvalid, match=UNKNOWN):
        ask(callers, token)


def test_a_caller_cannot_sign_for_the_tenant(callers: EntraCallers) -> None:
    own = PrivateKey.new().sign({"iss": ISSUER, "aud": AUDIENCE, "sub": "worker", "roles": ["tools.act"]})
    with pytest.raises(TokenInvalid, match=UNKNOWN):
        ask(callers, own)


def test_a_tenant_s_new_key_is_fetched(tenant: Tenant) -> None:
    fresh = EntraCallers(ISSUER, tenant.url, AUDIENCE)
    ask(fresh, tenant.token())
    tenant.key = RSAKey.generate_key(2048, {"kid": "second"})

    # The library asks again after thirty seconds at the earliest; a restarted server asks at once.
    with pytest.raises(TokenInvalid, match=UNKNOWN):
        ask(fresh, tenant.token())
    assert ask(EntraCallers(ISSUER, tenant.url, AUDIENCE), tenant.token()).name == "worker-identity"


def test_missing_keys_are_no_fault_of_the_token(tenant: Tenant) -> None:
    away = EntraCallers(ISSUER, "http://127.0.0.1:1/keys", AUDIENCE)
    for _ in range(2):
        with pytest.raises(CallersUnavailable, match=r"^the tenant's keys could not be fetched \(ConnectError\)$"):
            ask(away, tenant.token())


def test_keys_that_are_there_refuse_a_bad_token(tenant: Tenant) -> None:
    fresh = EntraCallers(ISSUER, tenant.url, AUDIENCE)
    ask(fresh, tenant.token())
    with pytest.raises(TokenInvalid, match=UNKNOWN):
        ask(fresh, "a.b.c")


def test_the_keys_of_a_tenant_are_microsoft_s() -> None:
    verifier = EntraCallers.of_tenant("11111111-2222-3333-4444-555555555555", AUDIENCE)._verifier  # pyright: ignore[reportPrivateUsage]

    assert verifier.issuer == "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
    assert verifier.jwks_uri == (
        "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/discovery/v2.0/keys"
    )
    assert (verifier.audience, verifier.algorithm) == (AUDIENCE, "RS256")
