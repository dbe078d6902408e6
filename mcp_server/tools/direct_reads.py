"""Calls of read tools that bypass the middleware of the MCP library."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fastmcp import FastMCP
from fastmcp.tools.base import Tool, ToolResult
from fastmcp.utilities.versions import VersionSpec
from mcp_types import TextContent
from pydantic import BaseModel, validate_call
from pydantic_core import to_json

from mcp_server.access.tool_scopes import require_scope


class DirectReadsServer(FastMCP):
    """A `FastMCP` that answers its direct reads at once, on the event loop.

    Looking up the tool, a thread for its body and the middleware chain cost more than the read itself. A call goes
    the long way, with the same answer, when the direct one fails or is not allowed (there every refusal has its words)
    and when middleware was added after the server was made, which must see every call.
    """

    def __init__(self, may_read: Callable[[], bool], **options: Any) -> None:
        """`may_read`: whether who calls now may call read tools at all."""
        super().__init__(**options)
        self._may_read = may_read
        self._direct: dict[str, Callable[..., BaseModel]] = {}
        self._own_middleware = len(self.middleware)

    def tool(self, name_or_fn: Any = None, **options: Any) -> Any:
        """As `FastMCP.tool`. Raises ScopeMissing for a tool that declares none."""
        named = options.get("name") or getattr(name_or_fn, "__name__", name_or_fn)
        require_scope(str(named), options.get("tags") or ())
        return super().tool(name_or_fn, **options)

    def add_tool(self, tool: Any) -> Tool:
        """As `FastMCP.add_tool`. Raises ScopeMissing for a tool that declares none."""
        require_scope(str(getattr(tool, "name", tool)), getattr(tool, "tags", ()))
        return super().add_tool(tool)

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
        is_direct = method is not None and version is None and len(self.middleware) == self._own_middleware
        if method is not None and is_direct and self._may_read():
            with suppress(Exception):
                return _result(method(**(arguments or {})))
        return await super().call_tool(name, arguments, version=version, run_middleware=run_middleware)


def _result(answer: BaseModel) -> ToolResult:
    structured = answer.model_dump(mode="json")
    return ToolResult([TextContent(type="text", text=to_json(structured).decode())], structured)
