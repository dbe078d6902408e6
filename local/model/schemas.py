"""JSON schemas: whether one is strict, and the simplest value that matches one."""

from collections.abc import Mapping

from pydantic import JsonValue

MAX_DEPTH = 16
MAX_PARTS = 10_000
"""Of a value: a short schema can ask for more than there is memory."""
_PLAINEST: Mapping[str, JsonValue] = {"string": "", "integer": 0, "number": 0, "boolean": False, "null": None}


def strictness_problem(schema: JsonValue, context: tuple[str, ...] = ()) -> str | None:
    """Why OpenAI would refuse `schema` as strict: an open object, or a property that may be left out. None if it is."""
    if isinstance(schema, list):
        problems = (strictness_problem(entry, context) for entry in schema)
        return next((problem for problem in problems if problem), None)
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    if isinstance(properties, dict):
        required = schema.get("required")
        if schema.get("additionalProperties") is not False:
            return f"In context={context}, 'additionalProperties' is required to be supplied and to be false"
        missing = [name for name in properties if not isinstance(required, list) or name not in required]
        if missing:
            return (
                f"In context={context}, 'required' is required to be supplied and to be an array including every key "
                f"in properties. Missing '{missing[0]}'"
            )
    problems = (strictness_problem(value, (*context, key)) for key, value in schema.items())
    return next((problem for problem in problems if problem), None)


def plainest(schema: Mapping[str, JsonValue]) -> JsonValue:
    """The plainest value that fits `schema`: its default, its first choice, or an empty value of its type.

    What lies behind the first MAX_PARTS parts of it is null, or left out of a list.
    """
    return _Plainest(schema).value_of(dict(schema), 0)


class _Plainest:
    """Makes one value, and counts its parts."""

    def __init__(self, root: Mapping[str, JsonValue]) -> None:
        self._root = root
        self._left = MAX_PARTS

    def value_of(self, schema: JsonValue, depth: int) -> JsonValue:
        self._left -= 1
        if not isinstance(schema, dict) or depth > MAX_DEPTH or self._left < 0:
            return None
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self.value_of(_resolve(reference, self._root), depth + 1)
        for given in ("const", "default"):
            if given in schema:
                return schema[given]
        for choices in ("enum", "examples"):
            listed = schema.get(choices)
            if isinstance(listed, list) and listed:
                return listed[0]
        for alternatives in ("anyOf", "oneOf", "allOf"):
            listed = schema.get(alternatives)
            if isinstance(listed, list) and listed:
                return self.value_of(listed[0], depth + 1)
        return self._value_of_type(schema, depth)

    def _value_of_type(self, schema: Mapping[str, JsonValue], depth: int) -> JsonValue:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = kind[0] if kind else None
        properties = schema.get("properties")
        if kind == "object" or isinstance(properties, dict):
            required = schema.get("required")
            if not isinstance(properties, dict) or not isinstance(required, list):
                return {}
            return {str(name): self.value_of(properties.get(str(name)), depth + 1) for name in required}
        if kind == "array":
            return self._items(schema, depth)
        if kind in ("integer", "number"):
            least = schema.get("minimum")
            return least if isinstance(least, int | float) else 0
        return _PLAINEST.get(kind) if isinstance(kind, str) else None

    def _items(self, schema: Mapping[str, JsonValue], depth: int) -> list[JsonValue]:
        least = schema.get("minItems")
        items = list[JsonValue]()
        while isinstance(least, int) and len(items) < least and self._left > 0:
            items.append(self.value_of(schema.get("items"), depth + 1))
        return items


def _resolve(reference: str, root: Mapping[str, JsonValue]) -> JsonValue:
    found: JsonValue = dict(root)
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    return found
