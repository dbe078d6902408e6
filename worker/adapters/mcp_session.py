"""One session with the tool server, on the client loop."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import anyio
from mcp import Client, ClientSession, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)
from pydantic import JsonValue, TypeAdapter, ValidationError

from worker.adapters.http_client import open_http

CONNECT_TIMEOUT_S = 10.0
MAX_ERROR = 500
CALLS_AT_ONCE = 32
"""A tool server works on no more at a time."""

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


@dataclass(frozen=True)
class _Connection:
    """A session, and the task that holds it open: the library wants it closed by the task that opened it."""

    session: ClientSession
    closing: asyncio.Event
    holder: asyncio.Task[None]

    async def close(self) -> None:
        self.closing.set()
        with suppress(Exception):
            await self.holder


class McpSession:
    """Connects when first used, and again after the connection broke, as when the server was restarted."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else None
        self._connection: _Connection | None = None
        self._connecting = anyio.Lock()
        self._slots = anyio.CapacityLimiter(CALLS_AT_ONCE)

    async def list_tools(self) -> list[Tool]:
        """All tools of the server. Raises Unreachable."""
        connection = await self._connected()
        try:
            with anyio.fail_after(CONNECT_TIMEOUT_S):
                return await _all_tools(connection.session)
        except Exception as error:
            await self._drop(connection)
            raise Unreachable from error

    async def call(self, tool: str, arguments: Mapping[str, Any], timeout_s: float) -> Reply:
        """Call a tool once. Raises Unreachable or Overdue."""
        connection = await self._connected()
        # `call_tool` would hold the answer to the tool's output schema, as the server has just done.
        request = CallToolRequest(params=CallToolRequestParams(name=tool, arguments=dict(arguments)))
        try:
            with anyio.fail_after(timeout_s):
                async with self._slots:
                    return _reply(await connection.session.send_request(request, CallToolResult))
        except TimeoutError:
            raise Overdue from None
        except MCPError as error:
            if error.code in _ANSWERED:
                return Reply(None, str(error)[:MAX_ERROR])
            await self._drop(connection)
            raise Unreachable from error
        except Exception as error:
            # The client raises whatever its transport does; none of it means that the tool answered.
            await self._drop(connection)
            raise Unreachable from error

    async def close(self) -> None:
        """End the session."""
        if self._connection is not None:
            await self._drop(self._connection)

    async def _connected(self) -> _Connection:
        if self._connection is None or self._connection.holder.done():
            async with self._connecting:
                if self._connection is None or self._connection.holder.done():
                    await self._forget()
                    self._connection = await self._connect()
                return self._connection
        return self._connection

    async def _connect(self) -> _Connection:
        opened: asyncio.Future[ClientSession] = asyncio.get_running_loop().create_future()
        closing = asyncio.Event()
        holder = asyncio.create_task(self._hold_open(opened, closing))
        await asyncio.wait((opened, holder), timeout=CONNECT_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        if opened.done():
            return _Connection(opened.result(), closing, holder)
        holder.cancel()
        await asyncio.wait((holder,))
        raise Unreachable from None if holder.cancelled() else holder.exception()

    async def _hold_open(self, opened: asyncio.Future[ClientSession], closing: asyncio.Event) -> None:
        async with open_http(self._headers) as http, Client(streamable_http_client(self._url, http_client=http)) as mcp:
            opened.set_result(mcp.session)
            await closing.wait()

    async def _drop(self, connection: _Connection) -> None:
        async with self._connecting:
            # Another call may have found the fault first and reconnected already.
            if self._connection is connection:
                await self._forget()

    async def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _all_tools(session: ClientSession) -> list[Tool]:
    page = await session.list_tools()
    tools = page.tools
    while page.next_cursor:
        page = await session.list_tools(params=PaginatedRequestParams(cursor=page.next_cursor))
        tools += page.tools
    return tools


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
