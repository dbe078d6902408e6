"""Registers a method as a tool: its annotations, its scope, and how its refusals reach the caller."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel

from contracts.access import ToolScope
from mcp_server.access.tool_scopes import tags_for
from mcp_server.store.errors import StoreError
from mcp_server.tools.direct_reads import DirectReadsServer

P = ParamSpec("P")
R = TypeVar("R")

_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)


def add_read_tool(server: FastMCP, method: Callable[..., BaseModel]) -> None:
    """Offer `method` as a tool that changes nothing. A `DirectReadsServer` answers it directly."""
    _add(server, method, _READS, "read")
    if isinstance(server, DirectReadsServer):
        server.answer_directly(method)


def add_look_up_tool(server: FastMCP, method: Callable[..., BaseModel | None]) -> None:
    """Offer `method` as a tool that changes nothing and may answer null, which MCP wraps in an object."""
    _add(server, method, _READS, "read")


def add_write_tool(server: FastMCP, method: Callable[..., object]) -> None:
    """Offer `method` as a tool that changes accounts or charges: each call needs a grant."""
    _add(server, method, _WRITES, "act")


def _add(server: FastMCP, method: Callable[..., object], annotations: ToolAnnotations, scope: ToolScope) -> None:
    server.tool(_with_clear_errors(method), annotations=annotations, tags=tags_for(scope))


def _with_clear_errors(method: Callable[P, R]) -> Callable[P, R]:
    """What the store refuses becomes a tool error with the store's own sentence."""

    @functools.wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except StoreError as error:
            raise ToolError(str(error), log_level=logging.INFO) from error

    return wrapper
