"""The limits of one agent run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Upper bounds of one run; the run that reaches one ends without an answer."""

    model_calls: int = 6
    """Turns of the model; a turn that is asked for again after a fault counts once."""
    tool_calls: int = 16
    tokens: int = 120_000
    """Prompt and completion tokens of all calls together."""
    seconds: float = 90.0
    """For everything: model, tools, and the pauses before asking again."""
    retries: int = 5
    """How often a run may ask again after a fault of the model or of the tool server that may pass."""
    first_pause_s: float = 1.0
    """Before the first retry; it doubles with each. A server that names a pause is given that one."""
    model_timeout_s: float = 40.0
    """For one model call."""
    tool_timeout_s: float = 30.0
    """For one tool call."""
    tool_text: int = 24_000
    """Characters of one tool result that a model is shown; the recorded evidence keeps everything."""
