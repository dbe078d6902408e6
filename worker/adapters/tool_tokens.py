"""How this worker says to the tool server who it is: a short-lived token on each request."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import httpx2

from contracts.access import TOOLS_AUDIENCE, ToolScope
from runtime.caller_tokens import CallerTokens
from runtime.signatures import PrivateKey

READING: tuple[ToolScope, ...] = ("read",)
"""What agents need."""
ACTING: tuple[ToolScope, ...] = ("read", "act")
"""What the activities with effects need, which read the ledger first."""


class TokenUnavailable(Exception):
    """There is no token to show; the message is a clause that says why."""


class TokenSource(Protocol):
    """Gives the token that the next request shows."""

    async def token(self) -> str:
        """A token that is valid now. Raises TokenUnavailable."""
        ...


class OwnTokens:
    """Tokens that the worker signs itself, each session's with the scopes that it needs."""

    def __init__(self, key: PrivateKey, scopes: Sequence[ToolScope]) -> None:
        self._tokens = CallerTokens(key, TOOLS_AUDIENCE, scopes)

    async def token(self) -> str:
        """A token that is valid now."""
        return self._tokens.current()


class ManagedIdentityTokens:
    """Tokens of Microsoft Entra ID for this worker's managed or workload identity, which the library keeps and renews.

    Its app roles are its scopes: all sessions have the same.
    """

    def __init__(self, audience: str) -> None:
        self._scope = f"{audience}/.default"
        self._credential: _Credential | None = None

    async def token(self) -> str:
        """A token that is valid now. Raises TokenUnavailable."""
        from azure.core.exceptions import AzureError

        if self._credential is None:
            from azure.identity.aio import DefaultAzureCredential

            self._credential = DefaultAzureCredential()
        try:
            return (await self._credential.get_token(self._scope)).token
        except AzureError as error:
            raise TokenUnavailable(
                f"the managed identity has none for {self._scope}: {type(error).__name__}"
            ) from error

    async def close(self) -> None:
        """Close the connections to where tokens come from."""
        if self._credential is not None:
            await self._credential.close()


class _Credential(AbstractAsyncContextManager[object], Protocol):
    async def get_token(self, *scopes: str) -> "_AccessToken": ...

    async def close(self) -> None: ...


class _AccessToken(Protocol):
    @property
    def token(self) -> str: ...


class BearerAuth(httpx2.Auth):
    """Puts a fresh token on each request, so that a session outlives every token."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """The request with its token."""
        request.headers["Authorization"] = f"Bearer {await self._source.token()}"
        yield request
