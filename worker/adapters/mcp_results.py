"""Normalises a tool server's answers to the form that the MCP library accepts."""

import json
from collections.abc import Mapping
from typing import Any, cast

from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND

from contracts.access import NO_GRANT, NO_SCOPE, REFUSAL_KEY

MAX_MESSAGE = 2_000

# Other codes mean what each server likes: the library takes -32000 for the end of the connection.
_KNOWN_CODES = frozenset({INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND})


def legible_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a tool call; as it is where it says nothing that can be read."""
    if "content" not in result and "structuredContent" not in result:
        return dict(result)
    has_failed = str(result.get("isError")).lower() == "true"
    content = [_part(part, has_failed=has_failed) for part in _listed(result.get("content"))]
    content = [part for part in content if part is not None]
    structured = result.get("structuredContent")
    if structured is not None and not isinstance(structured, dict):
        # Earlier revisions take objects alone.
        content, structured = content or [_text(json.dumps(structured, ensure_ascii=False))], None
    legible: dict[str, Any] = {"content": content, "isError": has_failed}
    if structured is not None:
        legible["structuredContent"] = structured
    mark = _refusal_in(result.get("_meta"))
    if mark is not None:
        legible["_meta"] = {REFUSAL_KEY: mark}
    return {name: part for name, part in result.items() if name == "resultType"} | legible


def legible_error(error: Mapping[str, Any]) -> dict[str, Any]:
    """The error that answered a call to a tool, or for their list."""
    code, message = error.get("code"), error.get("message")
    words = message if isinstance(message, str) else json.dumps(message) if message else "it did not say why"
    return {"code": code if code in _KNOWN_CODES else INTERNAL_ERROR, "message": words[:MAX_MESSAGE]}


def _refusal_in(meta: object) -> str | None:
    """How the tool server marked that it refuses the caller."""
    said = cast("dict[str, object]", meta).get(REFUSAL_KEY) if isinstance(meta, dict) else None
    return next((mark for mark in (NO_SCOPE, NO_GRANT) if mark == said), None)


def _listed(content: object) -> list[object]:
    if content is None:
        return []
    return cast("list[object]", content) if isinstance(content, list) else [content]


def _part(part: object, *, has_failed: bool) -> dict[str, Any] | None:
    """One block of content as text: models here read nothing else."""
    if not isinstance(part, dict):
        return _text(str(part))
    block = cast("dict[str, Any]", part)
    within: object = block.get("resource")
    text = block.get("text", cast("dict[str, Any]", within).get("text") if isinstance(within, dict) else None)
    if text is not None:
        return _text(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False))
    # What failed without words has said nothing: nobody considered it.
    return None if has_failed else _text(_named(block))


def _named(block: Mapping[str, Any]) -> str:
    where = block.get("uri") or block.get("mimeType")
    kind = str(block.get("type"))[:40].replace("_", " ")
    return f"({kind}{f': {str(where)[:500]}' if where else ''}, not shown here)"


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
