"""How much one agent run may use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Upper bounds of one run; the run that reaches one ends without an answer."""

    model_calls: int = 6
    tool_calls: int = 16
    tokens: int = 120_000
    """Prompt and completion tokens of all calls together."""
    seconds: float = 180.0
    model_timeout_s: float = 60.0
    """For one model call."""
    tool_timeout_s: float = 30.0
    """For one tool call."""
