"""Who may call write tools: callers with the write token. Others do not see the write tools."""

import hmac
from collections.abc import Sequence

import mcp_types as mt
from fastmcp.server.dependencies import get_http_headers
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import Tool, ToolResult

from contracts.access import REFUSAL_KEY, WRITE_ACCESS
from mcp_server.tools.registration import WRITE_TAG


class WriteAccess(Middleware):
    """Asks for `Authorization: Bearer <token>` before a write tool runs, and compares it in constant time."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    async def on_list_tools(
        self, context: MiddlewareContext[mt.ListToolsRequest], call_next: CallNext[mt.ListToolsRequest, Sequence[Tool]]
    ) -> Sequence[Tool]:
        tools = await call_next(context)
        return tools if self._granted() else [tool for tool in tools if WRITE_TAG not in tool.tags]

    async def on_call_tool(
        self,
        context: MiddlewareContext[mt.CallToolRequestParams],
        call_next: CallNext[mt.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        name = context.message.name
        if not self._granted() and await self._writes(context, name):
            sentence = (
                f"{name} changes a customer's account and this caller may only read: "
                "send the header 'Authorization: Bearer <MCP_WRITE_TOKEN>'."
            )
            # Marked, so that nobody takes it for what the store says of the action.
            return ToolResult(sentence, meta={REFUSAL_KEY: WRITE_ACCESS}, is_error=True)
        return await call_next(context)

    async def _writes(self, context: MiddlewareContext[mt.CallToolRequestParams], name: str) -> bool:
        if context.fastmcp_context is None:
            return True
        tool = await context.fastmcp_context.fastmcp.get_tool(name)
        return tool is not None and WRITE_TAG in tool.tags

    def _granted(self) -> bool:
        shown = get_http_headers(include={"authorization"}).get("authorization", "")
        return hmac.compare_digest(shown.encode(), self._expected)
