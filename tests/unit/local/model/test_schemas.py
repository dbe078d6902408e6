"""Plain values for JSON schemas, and which schemas are strict."""

import json
from typing import Any

import pytest

from local.model.schemas import MAX_PARTS, plainest, strictness_problem

CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, ""),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": ["null", "string"]}, None),
        ({"enum": ["low", "high"]}, "low"),
        ({"const": 4}, 4),
        ({"anyOf": [{"type": "array", "items": {"type": "boolean"}, "minItems": 2}, {"type": "null"}]}, [False, False]),
        (CLOSED, {"a": ""}),
        ({"$defs": {"A": CLOSED}, "$ref": "#/$defs/A"}, {"a": ""}),
        ({"$ref": "#/$defs/Missing"}, None),
        ({"$defs": {"A": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"}, None),
    ],
)
def test_the_plainest_value_fits_the_schema(schema: dict[str, Any], value: Any):
    assert plainest(schema) == value


def test_a_closed_schema_with_all_required_is_strict():
    assert strictness_problem({**CLOSED, "properties": {"a": {"anyOf": [CLOSED, {"type": "null"}]}}}) is None


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"additionalProperties": True}, "'additionalProperties' is required"),
        ({"required": []}, "Missing 'a'"),
        ({"properties": {"a": {**CLOSED, "required": []}}}, "Missing 'a'"),
    ],
)
def test_an_open_or_partly_optional_schema_is_not_strict(change: dict[str, Any], complaint: str):
    assert complaint in (strictness_problem(CLOSED | change) or "")


ITSELF: dict[str, Any] = {"$ref": "#/$defs/A"}
TREE: dict[str, Any] = {
    "type": "object",
    "properties": dict.fromkeys(map(str, range(20)), ITSELF),
    "required": list(map(str, range(20))),
}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 10**9},
        {"type": "array", "minItems": 10**5, "items": {"type": "array", "minItems": 10**5}},
        {"$defs": {"A": TREE}, "$ref": "#/$defs/A"},
    ],
)
def test_short_schema_cannot_ask_for_a_value_without_end(schema: dict[str, Any]) -> None:
    assert len(json.dumps(plainest(schema))) < 20 * MAX_PARTS
