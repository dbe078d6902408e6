"""Truncates a tool's result for the model, and says what was left out.

A long list keeps its first and last entries, because tools sort by time, some of them in descending order.
"""

import json
from collections.abc import Iterator

from pydantic import JsonValue

_LIST_STEPS = (200, 100, 50, 20, 10, 4, 2)
_TEXT_STEPS = (4_000, 1_000, 200)


def trim(result: JsonValue, limit: int) -> tuple[JsonValue, str | None]:
    """The result in at most about `limit` characters of JSON, and what was cut: None when nothing was."""
    if _size(result) <= limit:
        return result, None
    for entries, characters in _steps():
        cuts: list[str] = []
        shorter = _cut(result, entries, characters, "", cuts)
        if _size(shorter) <= limit:
            return shorter, _sentence(cuts)
    text = json.dumps(result, ensure_ascii=False)
    kept = text[: limit // 2]
    return kept, f"Shown are the first {len(kept)} of {len(text)} characters of its JSON. The rest is not shown."


def _steps() -> Iterator[tuple[int, int]]:
    """Pairs of how many entries of a list and how many characters of a text stay: lists give way first."""
    for characters in _TEXT_STEPS:
        for entries in _LIST_STEPS:
            yield entries, characters


def _cut(value: JsonValue, entries: int, characters: int, path: str, cuts: list[str]) -> JsonValue:
    if isinstance(value, str) and len(value) > characters:
        cuts.append(f"the first {characters} of {len(value)} characters of {path or 'it'}")
        return value[:characters]
    if isinstance(value, dict):
        return {
            key: _cut(part, entries, characters, f"{path}.{key}" if path else key, cuts) for key, part in value.items()
        }
    if not isinstance(value, list):
        return value
    kept = value
    if len(value) > entries:
        half = entries // 2
        cuts.append(f"the first {half} and the last {half} of {len(value)} entries of {path or 'it'}")
        kept = [*value[:half], *value[-half:]]
    return [_cut(part, entries, characters, f"{path}[]", cuts) for part in kept]


def _sentence(cuts: list[str]) -> str:
    named = list(dict.fromkeys(cuts))[:3]
    more = " and other parts" if len(set(cuts)) > len(named) else ""
    return f"Shown are {', '.join(named)}{more}. The rest is not shown."


def _size(value: JsonValue) -> int:
    """Characters of the value as it is sent."""
    return len(json.dumps(value, ensure_ascii=False).replace("`", "\\u0060"))
