"""The scope that each tool declares when it is registered."""

from collections.abc import Collection

from contracts.access import ToolScope
from mcp_server.access.callers import SCOPES

_PREFIX = "scope:"


class ScopeMissing(Exception):
    """A tool was to be registered that declares no scope; the message is one sentence."""

    def __init__(self, tool: str) -> None:
        super().__init__(
            f"The tool '{tool}' declares no scope, so that nothing would say who may call it: register it with a "
            "function of mcp_server/tools/registration.py."
        )


def tags_for(scope: ToolScope) -> set[str]:
    """What a tool is tagged with that needs this scope."""
    return {f"{_PREFIX}{scope}"}


def scope_of(tags: Collection[str]) -> str | None:
    """The scope that a tool declares; None: it declares none, or several."""
    found = [tag.removeprefix(_PREFIX) for tag in tags if tag.startswith(_PREFIX)]
    return found[0] if len(found) == 1 and found[0] in SCOPES else None


def require_scope(tool: str, tags: Collection[str]) -> None:
    """Raises ScopeMissing."""
    if scope_of(tags) is None:
        raise ScopeMissing(tool)
