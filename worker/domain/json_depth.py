"""How deep a JSON value is nested. Later parsers accept a few hundred levels, of which others use some."""

from pydantic import JsonValue

MAX_NESTING = 64
"""What another system says deeper is not taken from it."""


def is_too_deep(value: JsonValue, levels: int = MAX_NESTING) -> bool:
    """Whether the value has more levels of lists and objects than `levels`."""
    level: list[JsonValue] = [value]
    for _ in range(levels + 1):
        parts = [part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list)]
        if not parts:
            return False
        level = [part for values in parts for part in values]
    return True
