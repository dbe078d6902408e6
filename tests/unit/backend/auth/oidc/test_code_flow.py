"""What the provider is asked to forget, and what it may answer."""

import json
from collections.abc import Callable
from urllib.parse import parse_qsl

import httpx2
import pytest

from backend.auth.oidc.assertions import ASSERTION_TYPE
from backend.auth.oidc.code_flow import CodeFlow
from backend.auth.oidc.errors import ProviderUnavailable
from backend.auth.oidc.opening import make_clients
from backend.auth.oidc.options import OidcOptions
from backend.auth.oidc.provider import Provider
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio

ISSUER = "https://provider.example"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "revocation_endpoint": f"{ISSUER}/revoke",
}


async def vouched(token_endpoint: str) -> str:
    return f"for {token_endpoint}"


class Revocations:
    """A provider that answers as a test says when it is to forget a token."""

    def __init__(self, document: dict[str, str], answer: Callable[[], httpx2.Response]) -> None:
        self.asked: list[dict[str, str]] = []
        self._document = document
        self._answer = answer

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, content=json.dumps(self._document))
        assert str(request.url) == DOCUMENT["revocation_endpoint"]
        self.asked.append(dict(parse_qsl(request.content.decode())))
        return self._answer()

    def flow(self) -> CodeFlow:
        options = OidcOptions(ISSUER, "desk", "https://desk.example", frozenset(), assertion=vouched)
        client, flow_client = make_clients(options, httpx2.MockTransport(self.handle))
        return CodeFlow(Provider(ISSUER, client, lambda: NOON), flow_client, options.scope, options.assertion)


async def test_revoking_shows_which_client_asks() -> None:
    provider = Revocations(DOCUMENT, lambda: httpx2.Response(200))
    await provider.flow().revoke("a refresh token")
    assert provider.asked == [
        {
            "token": "a refresh token",
            "token_type_hint": "refresh_token",
            "client_id": "desk",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": f"for {ISSUER}/token",
        }
    ]


async def test_provider_without_such_a_place_is_not_asked() -> None:
    document = {name: value for name, value in DOCUMENT.items() if name != "revocation_endpoint"}
    provider = Revocations(document, lambda: httpx2.Response(500))
    await provider.flow().revoke("a refresh token")
    assert provider.asked == []


def broken() -> httpx2.Response:
    raise httpx2.ConnectError("nobody is there")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda: httpx2.Response(503), "it answered 503"),
        (lambda: httpx2.Response(302, headers={"location": "https://evil.example"}), "it answered 302"),
        (broken, "it could not be asked: ConnectError"),
    ],
)
async def test_provider_that_forgets_nothing_is_named(answer: Callable[[], httpx2.Response], sentence: str) -> None:
    with pytest.raises(ProviderUnavailable, match=sentence):
        await Revocations(DOCUMENT, answer).flow().revoke("a refresh token")


async def test_revocation_is_never_asked_over_plain_http() -> None:
    document = {**DOCUMENT, "revocation_endpoint": "http://provider.example/revoke"}
    provider = Revocations(document, lambda: httpx2.Response(200))
    with pytest.raises(ProviderUnavailable, match="an address without https://"):
        await provider.flow().revoke("a refresh token")
    assert provider.asked == []
