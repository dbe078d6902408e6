"""Who may call which tool: callers with its scope, and of tools that act, with a grant for exactly this call."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mcp_types as mt
from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import Tool, ToolResult

from contracts.access import NO_GRANT, NO_SCOPE, REFUSAL_KEY, ToolScope
from contracts.grants import GRANT_KEY
from mcp_server.access.callers import Caller
from mcp_server.access.gate import caller_in
from mcp_server.access.grants import GrantRefused, GrantVerifier
from mcp_server.access.tool_scopes import scope_of

log = logging.getLogger("casewright.tools")

NOBODY = Caller("nobody", frozenset())


def caller_of_request() -> Caller:
    """Who calls, by the HTTP request that is being answered."""
    return caller_in(get_http_request().scope) or NOBODY


@dataclass(frozen=True)
class Access:
    """How a server learns who calls and what was granted."""

    grants: GrantVerifier
    caller: Callable[[], Caller] = caller_of_request

    def may(self, scope: ToolScope) -> bool:
        """Whether who calls now has this scope."""
        return scope in self.caller().scopes


class Permissions(Middleware):
    """Hides the tools that a caller may not use, and refuses their calls and those that nobody has approved."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def on_list_tools(
        self, context: MiddlewareContext[mt.ListToolsRequest], call_next: CallNext[mt.ListToolsRequest, Sequence[Tool]]
    ) -> Sequence[Tool]:
        scopes = self._access.caller().scopes
        return [tool for tool in await call_next(context) if scope_of(tool.tags) in scopes]

    async def on_call_tool(
        self,
        context: MiddlewareContext[mt.CallToolRequestParams],
        call_next: CallNext[mt.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        name, server = context.message.name, context.fastmcp_context
        tool = None if server is None else await server.fastmcp.get_tool(name)
        if server is None or tool is None:
            return await call_next(context)  # It says that there is no such tool.
        scope, caller = scope_of(tool.tags), self._access.caller()
        if scope not in caller.scopes:
            return _refused(
                f"{name} needs the scope '{scope}', which the token of '{caller.name}' does not have: "
                "call it with a token that has it.",
                NO_SCOPE,
            )
        if scope == "act":
            along = server.request_context.meta if server.request_context else None
            try:
                self._access.grants.check((along or {}).get(GRANT_KEY), name, context.message.arguments or {})
            except GrantRefused as fault:
                return _refused(f"{name} needs a grant for exactly this call, and it is refused: {fault}.", NO_GRANT)
        return await call_next(context)


def _refused(sentence: str, kind: str) -> ToolResult:
    """Marked, so that nobody takes it for what the store says of the action."""
    log.warning("%s", sentence)
    return ToolResult(sentence, meta={REFUSAL_KEY: kind}, is_error=True)
