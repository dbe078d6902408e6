"""One session with the tool server, on the client loop."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import anyio
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp import MCPError
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, CallToolResult, TextContent, Tool
from pydantic import JsonValue, TypeAdapter, ValidationError

CONNECT_TIMEOUT_S = 10.0
MAX_ERROR = 500
CALLS_AT_ONCE = 32
"""A tool server works on no more at a time, and a pool of connections costs each call more the more there are."""

Fault = Literal["refused", "internal", "passing"]
"""The tool's considered answer; a fault inside the server that nobody foresaw; a store that is down for now."""

# How the server words its errors: its framework those that no tool foresaw, its store those that will pass.
INTERNAL_ERROR = "Error calling tool"
PASSING_ERROR = "The customer store is not available"

# The server answered: it is up, and will answer the same again.
_ANSWERED = frozenset({INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND})
_json: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class Unreachable(Exception):
    """The server could not be reached, or the connection broke before it answered."""


class Overdue(Exception):
    """The server is there but did not answer in time."""


@dataclass(frozen=True)
class Reply:
    """What a tool answered: structured content, or else its text. `error` is its own sentence when it failed."""

    result: JsonValue
    error: str | None = None
    fault: Fault = "refused"
    """What kind of error it is, when there is one."""


class McpSession:
    """Connects when first used, and again after the connection broke, as when the server was restarted."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._token = token
        self._client: Client[StreamableHttpTransport] | None = None
        self._connecting = anyio.Lock()
        self._slots = anyio.CapacityLimiter(CALLS_AT_ONCE)

    async def list_tools(self) -> list[Tool]:
        """All tools of the server. Raises Unreachable."""
        client = await self._connected()
        try:
            with anyio.fail_after(CONNECT_TIMEOUT_S):
                return await client.list_tools()
        except Exception as error:
            await self._drop(client)
            raise Unreachable from error

    async def call(self, tool: str, arguments: Mapping[str, Any], timeout_s: float) -> Reply:
        """Call a tool once. Raises Unreachable or Overdue."""
        client = await self._connected()
        try:
            with anyio.fail_after(timeout_s):
                async with self._slots:
                    return _reply(await client.call_tool_mcp(tool, dict(arguments)))
        except TimeoutError:
            raise Overdue from None
        except MCPError as error:
            if error.code in _ANSWERED:
                return Reply(None, str(error)[:MAX_ERROR])
            await self._drop(client)
            raise Unreachable from error
        except Exception as error:
            # The client raises whatever its transport does; none of it means that the tool answered.
            await self._drop(client)
            raise Unreachable from error

    async def close(self) -> None:
        """End the session."""
        if self._client is not None:
            await self._drop(self._client)

    async def _connected(self) -> "Client[StreamableHttpTransport]":
        async with self._connecting:
            if self._client is None or not self._client.is_connected():
                await self._forget()
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> "Client[StreamableHttpTransport]":
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else None
        client = Client(StreamableHttpTransport(self._url, headers=headers), init_timeout=CONNECT_TIMEOUT_S)
        try:
            with anyio.fail_after(CONNECT_TIMEOUT_S):
                return await client.__aenter__()
        except Exception as error:
            raise Unreachable from error

    async def _drop(self, client: "Client[StreamableHttpTransport]") -> None:
        async with self._connecting:
            # Another call may have found the fault first and reconnected already.
            if self._client is client:
                await self._forget()

    async def _forget(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                await client.close()


def _reply(answer: CallToolResult) -> Reply:
    text = "\n".join(part.text for part in answer.content if isinstance(part, TextContent))
    if answer.is_error:
        return Reply(None, text[:MAX_ERROR] or "The tool failed.", _fault(text))
    if answer.structured_content is not None:
        return Reply(answer.structured_content)
    try:
        return Reply(_json.validate_json(text))
    except ValidationError:
        return Reply(text)


def _fault(text: str) -> Fault:
    if text.startswith(PASSING_ERROR):
        return "passing"
    return "internal" if text.startswith(INTERNAL_ERROR) else "refused"
