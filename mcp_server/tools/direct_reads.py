"""Calls of read tools that bypass the middleware of the MCP library."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fastmcp import FastMCP
from fastmcp.tools.base import ToolResult
from fastmcp.utilities.versions import VersionSpec
from mcp_types import TextContent
from pydantic import BaseModel, validate_call
from pydantic_core import to_json


class DirectReadsServer(FastMCP):
    """A `FastMCP` that answers its direct reads at once, on the event loop.

    Looking up the tool, a thread for its body and the middleware chain cost more than the read itself. A call goes
    the long way, with the same answer, when the direct one fails (there every refusal has its words) and when
    middleware was added after the server was made, which must see every call.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._direct: dict[str, Callable[..., BaseModel]] = {}
        self._own_middleware = len(self.middleware)

    def answer_directly(self, method: Callable[..., BaseModel]) -> None:
        """Answer calls of the tool `method` directly. It changes nothing, and takes a few milliseconds at most."""
        self._direct[method.__name__] = validate_call(method)

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        *,
        version: VersionSpec | None = None,
        run_middleware: bool = True,
    ) -> ToolResult:
        """The answer of the tool `name`. Raises what `FastMCP.call_tool` raises."""
        method = self._direct.get(name)
        if method is not None and version is None and len(self.middleware) == self._own_middleware:
            with suppress(Exception):
                return _result(method(**(arguments or {})))
        return await super().call_tool(name, arguments, version=version, run_middleware=run_middleware)


def _result(answer: BaseModel) -> ToolResult:
    structured = answer.model_dump(mode="json")
    return ToolResult([TextContent(type="text", text=to_json(structured).decode())], structured)
