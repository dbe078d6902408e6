"""What the backend shows the tool server: it may read, and nothing else."""

import json
from types import SimpleNamespace, TracebackType

import pytest
from pydantic import SecretStr

from backend.services import tool_tokens
from backend.services.tool_tokens import open_tool_tokens
from mcp_server.access.callers import Caller, KnownCallers
from runtime.signatures import PrivateKey

pytestmark = pytest.mark.anyio

KEY = PrivateKey.new()
CALLERS = KnownCallers.read(json.dumps({"keys": [{**KEY.public, "sub": "backend", "scopes": ["read", "act"]}]}))


async def test_its_own_tokens_only_read() -> None:
    async with open_tool_tokens(SecretStr(KEY.pem), None) as token:
        assert token is not None
        caller = await CALLERS.caller(await token())

    assert caller == Caller("backend", frozenset({"read"}))


async def test_without_a_key_it_shows_none() -> None:
    async with open_tool_tokens(None, None) as token:
        assert token is None


async def test_a_managed_identity_asks_for_the_tool_server(monkeypatch: pytest.MonkeyPatch) -> None:
    class Identity:
        async def __aenter__(self) -> "Identity":
            return self

        async def __aexit__(
            self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
        ) -> None:
            return None

        async def get_token(self, scope: str) -> SimpleNamespace:
            return SimpleNamespace(token=f"for {scope}")

    monkeypatch.setattr(tool_tokens, "DefaultAzureCredential", Identity)
    async with open_tool_tokens(None, "api://casewright-tools") as token:
        assert token is not None
        assert await token() == "for api://casewright-tools/.default"
