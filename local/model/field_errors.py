"""Validation errors of a request, in the words of the API instead of those of the validation library."""

from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import JsonValue, ValidationError

from local.model.errors import InvalidRequest

MAX_PATH = 200
NAMES: Mapping[type, str] = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "a boolean",
    "bool_parsing": "a boolean",
    "dict_type": "an object",
    "tuple_type": "an array",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def refusal_of(error: ValidationError, body: dict[str, JsonValue]) -> InvalidRequest:
    """The first fault that `error` found in `body`."""
    fault = error.errors(include_url=False, include_context=True)[0]
    steps, value, is_missing = _walk(fault["loc"], body)
    param = _path(steps)[:MAX_PATH]
    if is_missing:
        return InvalidRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    context = fault.get("ctx", {})
    expected = context.get("expected") or context.get("expected_tags")
    if fault["type"] in ("literal_error", "union_tag_invalid", "union_tag_not_found") and expected:
        message = f"Invalid value for '{param}': expected {expected}."
    elif fault["type"] in EXPECTED:
        message = f"Invalid type for '{param}': expected {EXPECTED[fault['type']]}, but got {_name(value)} instead."
    elif fault["type"] == "too_short":
        message = f"Invalid '{param}': empty array. Expected an array with at least {context['min_length']} items."
    elif fault["type"] == "too_long":
        message = f"Invalid '{param}': array too long. Expected an array with at most {context['max_length']} items."
    elif fault["type"] == "greater_than_equal":
        message = f"Invalid '{param}': expected a value of at least {context['ge']}."
    elif fault["type"] == "less_than_equal":
        message = f"Invalid '{param}': expected a value of at most {context['le']}."
    elif fault["type"] == "string_pattern_mismatch":
        message = f"Invalid '{param}': expected a string that matches the pattern '{context['pattern']}'."
    else:
        message = f"Invalid value for '{param}'."
    return InvalidRequest(message, param=param, code="invalid_value")


def _walk(location: Sequence[int | str], body: JsonValue) -> tuple[list[int | str], JsonValue, bool]:
    """The steps of `location` that are in the document, the value there, and whether the last one is missing.

    The library also counts the alternatives that it tried as steps.
    """
    steps: list[int | str] = []
    value: JsonValue = body
    for position, step in enumerate(location):
        if isinstance(value, dict) and str(step) in value:
            value = cast("dict[str, JsonValue]", value)[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = cast("list[JsonValue]", value)[step]
        elif isinstance(value, dict) and position == len(location) - 1 and str(step).isidentifier():
            return [*steps, step], None, True
        else:
            continue
        steps.append(step)
    return steps, value, False


def _name(value: JsonValue) -> str:
    return "null" if value is None else NAMES.get(type(value), "a number")


def _path(steps: Sequence[int | str]) -> str:
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path
