"""Tool schemas in a form that every endpoint accepts: Gemini accepts only strings in an `enum`."""

from typing import cast

from pydantic import JsonValue


def portable(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The schema with choices of other types than text in its descriptions; requests are validated by the original."""
    return cast("dict[str, JsonValue]", _portable(schema))


def _portable(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_portable(part) for part in value]
    if not isinstance(value, dict):
        return value
    choices = value.get("enum")
    only = value.get("const")
    if isinstance(choices, list) and not all(isinstance(choice, str) for choice in choices):
        value = _described(value, "enum", choices)
    elif isinstance(only, int | float):
        value = _described(value, "const", [only])
    return {key: _portable(part) for key, part in value.items()}


def _described(schema: dict[str, JsonValue], keyword: str, choices: list[JsonValue]) -> dict[str, JsonValue]:
    said = schema.get("description")
    words = f"One of: {', '.join(_word(choice) for choice in choices)}."
    rest = {key: part for key, part in schema.items() if key != keyword}
    return {**rest, "description": f"{said} {words}" if isinstance(said, str) else words}


def _word(choice: JsonValue) -> str:
    if isinstance(choice, bool):
        return "true" if choice else "false"
    return "null" if choice is None else str(choice)
