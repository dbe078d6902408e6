"""Parses the JSON object in a request's body."""

import json
from typing import cast

from pydantic import JsonValue

from local.model.errors import InvalidRequest


def read_object(document: bytes) -> dict[str, JsonValue]:
    """The object in `document`. Raises InvalidRequest."""
    try:
        parsed: JsonValue = json.loads(document)
    except (ValueError, RecursionError):
        raise InvalidRequest("We could not parse the JSON body of your request.") from None
    if not isinstance(parsed, dict):
        raise InvalidRequest("The body of your request must be a JSON object.")
    return cast("dict[str, JsonValue]", parsed)
