"""What the worker shows the tool server on each request."""

import asyncio
import json
from dataclasses import dataclass, field
from types import SimpleNamespace

import azure.identity.aio
import httpx2
import pytest

from mcp_server.access.callers import Caller, KnownCallers
from runtime.signatures import PrivateKey
from worker.adapters.tool_tokens import ACTING, READING, BearerAuth, ManagedIdentityTokens, OwnTokens

KEY = PrivateKey.new()
CALLERS = KnownCallers.read(json.dumps({"keys": [{**KEY.public, "sub": "worker", "scopes": ["read", "act", "tasks"]}]}))


@dataclass
class Numbered:
    """Another token each time."""

    given: int = 0

    async def token(self) -> str:
        self.given += 1
        return f"token-{self.given}"


@dataclass
class Identity:
    """Stands for the credential of a managed identity."""

    scopes: list[str] = field(default_factory=list[str])
    closed: bool = False

    async def get_token(self, scope: str) -> SimpleNamespace:
        self.scopes.append(scope)
        return SimpleNamespace(token=f"of the tenant {len(self.scopes)}")

    async def close(self) -> None:
        self.closed = True


def test_agents_may_read_and_activities_may_act() -> None:
    async def both() -> list[Caller]:
        return [await CALLERS.caller(await OwnTokens(KEY, scopes).token()) for scopes in (READING, ACTING)]

    assert [caller.scopes for caller in asyncio.run(both())] == [{"read"}, {"read", "act"}]


def test_each_request_shows_a_token_that_is_valid_then() -> None:
    shown: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        shown.append(request.headers["Authorization"])
        return httpx2.Response(200)

    async def asked_twice() -> None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), auth=BearerAuth(Numbered())) as http:
            for _ in range(2):
                await http.get("http://tools.example/mcp")

    asyncio.run(asked_twice())

    assert shown == ["Bearer token-1", "Bearer token-2"]


def test_a_managed_identity_asks_for_the_tool_server(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = Identity()
    monkeypatch.setattr(azure.identity.aio, "DefaultAzureCredential", lambda: identity)

    async def used() -> list[str]:
        tokens = ManagedIdentityTokens("api://casewright-tools")
        given = [await tokens.token() for _ in range(2)]
        await tokens.close()
        return given

    # The library keeps a token until it expires.
    assert asyncio.run(used()) == ["of the tenant 1", "of the tenant 2"]
    assert identity.scopes == ["api://casewright-tools/.default"] * 2
    assert identity.closed
