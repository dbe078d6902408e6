"""A tool that does not say who may call it is not offered."""

import pytest
from fastmcp import FastMCP
from fastmcp.tools.base import Tool

from mcp_server.access.tool_scopes import ScopeMissing


def get_everything() -> str:
    """Whatever there is."""
    return "everything"


@pytest.mark.parametrize("tags", [None, {"scope:everything"}, {"scope:read", "scope:act"}, {"read"}])
def test_a_tool_without_one_scope_is_refused_at_registration(server: FastMCP, tags: set[str] | None) -> None:
    with pytest.raises(ScopeMissing) as refused:
        server.tool(get_everything, tags=tags)
    with pytest.raises(ScopeMissing):
        server.add_tool(Tool.from_function(get_everything, tags=tags))

    assert str(refused.value) == (
        "The tool 'get_everything' declares no scope, so that nothing would say who may call it: register it with a "
        "function of mcp_server/tools/registration.py."
    )
