"""How the backend says to the tool server who it is."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from azure.identity.aio import DefaultAzureCredential
from pydantic import SecretStr

from contracts.access import TOOLS_AUDIENCE
from runtime.caller_tokens import CallerTokens
from runtime.signatures import PrivateKey


@asynccontextmanager
async def open_tool_tokens(
    key: SecretStr | None, audience: str | None
) -> AsyncGenerator[Callable[[], Awaitable[str]] | None]:
    """Gives tokens that have the scope `read`: of the managed identity for `audience`, or signed with `key`.

    None without either.
    """
    if audience is not None:
        async with DefaultAzureCredential() as credential:

            async def of_identity() -> str:
                return (await credential.get_token(f"{audience}/.default")).token

            yield of_identity
        return
    if key is None:
        yield None
        return
    tokens = CallerTokens(PrivateKey(key.get_secret_value()), TOOLS_AUDIENCE, ("read",))

    async def signed() -> str:
        return tokens.current()

    yield signed
