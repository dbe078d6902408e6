"""The tool server's list of tools: which can be offered, and a bound for its length."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

from mcp_types import ListToolsResult, Tool
from mcp_types.methods import validate_server_result
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError

MAX_PAGES = 100
MAX_TOOLS = 1_000

log = logging.getLogger(__name__)
_said: set[str] = set()


class EndlessListing(Exception):
    """The list of tools has no end; the message is one sentence."""


async def all_tools(page_at: Callable[[str | None], Awaitable[ListToolsResult]]) -> list[Tool]:
    """The tools of every page. Raises EndlessListing, and what `page_at` raises."""
    tools, cursor, seen = list[Tool](), None, set[str]()
    for _ in range(MAX_PAGES):
        page = await page_at(cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            return tools
        if cursor in seen:
            raise EndlessListing(f"The tool server's list of tools comes back to the page '{cursor[:64]}'.")
        if len(tools) > MAX_TOOLS:
            raise EndlessListing(f"The tool server lists more than {MAX_TOOLS:,} tools.")
        seen.add(cursor)
    raise EndlessListing(f"The tool server's list of tools has more than {MAX_PAGES} pages.")


def legible_tools(listed: object) -> list[dict[str, Any]]:
    """The tools of one page that the protocol's library can read: one that it cannot must not cost the others."""
    tools = [_mended(tool) for tool in (cast("list[object]", listed) if isinstance(listed, list) else ())]
    return [tool for tool in tools if tool is not None]


def _mended(listed: object) -> dict[str, Any] | None:
    if not isinstance(listed, dict):
        return None
    tool = dict(cast("dict[str, Any]", listed))
    schema = tool.get("inputSchema")
    if schema is None:
        schema = {}
    if isinstance(schema, dict):
        # A tool without arguments is often listed without a schema, or with an empty one; PHP writes `{}` as `[]`.
        said = {name: part for name, part in cast("dict[str, Any]", schema).items() if part is not None}
        tool["inputSchema"] = {"type": "object", **said, **({"properties": {}} if said.get("properties") == [] else {})}
    # Only what offering and calling needs: the rest may be of any later or earlier revision.
    kept = {name: tool[name] for name in ("name", "inputSchema", "annotations") if name in tool}
    kept |= {name: tool[name] for name in ("title", "description") if isinstance(tool.get(name), str)}
    try:
        if kept["inputSchema"]["type"] == "object" and isinstance(kept["name"], str):
            Tool.model_validate(kept, by_name=False)
            # The revisions of the handshake are stricter than the model that all are read into.
            validate_server_result("tools/list", HANDSHAKE_PROTOCOL_VERSIONS[-1], {"tools": [kept]})
            return kept
    except (ValidationError, KeyError, TypeError):
        pass
    name = str(tool.get("name"))[:64]
    if name not in _said:
        _said.add(name)
        log.warning("The tool server's tool %r is left out: its description does not fit the protocol.", name)
    return None
