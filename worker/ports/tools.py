"""The port of the agents' tools: read-only."""

from collections.abc import Sequence
from typing import Annotated, Protocol

from pydantic import Field, JsonValue

from contracts.base import Contract


class ToolsUnavailable(Exception):
    """The tool server could not be reached or did not answer. The message is one sentence without secrets.

    `permanent`: it will not do so later either, until somebody changes it or this worker.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class ToolDescription(Contract):
    """One tool: what it does, and the JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, JsonValue]


class ToolInvocation(Contract):
    """One call that has been validated against the tool's schema."""

    tool: str
    arguments: dict[str, JsonValue]
    shareable: bool = False
    """Whether the answer to the same call of somebody else will do, one that is under way already."""


class ToolOutcome(Contract):
    """What a tool answered. `result` is its answer, or its error sentence when `ok` is false."""

    ok: bool
    result: JsonValue
    duration_ms: Annotated[int, Field(ge=0)] = 0


class ToolBox(Protocol):
    """Read-only tools."""

    def describe(self) -> tuple[ToolDescription, ...]:
        """All tools that only read. Raises ToolsUnavailable."""
        ...

    def invoke(self, calls: Sequence[ToolInvocation], timeout_s: float) -> tuple[ToolOutcome, ...]:
        """Run the calls in parallel; one outcome per call, in order. Each call is cut off after `timeout_s` seconds.

        A tool's own error, or one that takes too long, is an outcome with `ok` false. Raises ToolsUnavailable
        when the server cannot be reached.
        """
        ...
