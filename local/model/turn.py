"""One turn of the assistant, before it is formatted as chunks or a completion."""

from dataclasses import dataclass
from typing import Literal

FinishReason = Literal["stop", "tool_calls", "length", "content_filter"]


@dataclass(frozen=True)
class ToolRequest:
    """One call that the assistant asks for; `arguments` is JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True)
class Turn:
    """Either text, a refusal or tool calls."""

    text: str | None = None
    tool_calls: tuple[ToolRequest, ...] = ()
    refusal: str | None = None
    finish_reason: FinishReason = "stop"

    @staticmethod
    def calling(*calls: ToolRequest) -> "Turn":
        """A turn that asks for tools."""
        return Turn(tool_calls=calls, finish_reason="tool_calls")
