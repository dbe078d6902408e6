"""Who may call which tool of the tool server, and how it marks a refusal of the caller, as distinct from the action."""

from typing import Literal

ToolScope = Literal["read", "act", "tasks"]
"""Looking up; changing accounts and charges, each time with a grant; changing what no money depends on."""
REFUSAL_KEY = "casewright/refusal"
"""In the metadata of a tool's answer."""
NO_SCOPE = "scope"
"""The caller's token does not have the scope of the tool: nothing was done, and nothing is said about the action."""
NO_GRANT = "grant"
"""The call had no grant that allows it: likewise."""
TOOLS_AUDIENCE = "casewright-tools"
"""For whom grants, and the tokens of callers, are issued."""
NO_SHARED_TOKEN = "callers no longer share a token: each has a key of its own, see MCP_CALLER_KEY"  # noqa: S105 - words
"""Why MCP_WRITE_TOKEN is refused."""
