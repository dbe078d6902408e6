"""The OpenAPI document: what the framework generates, corrected where it is wrong or incomplete."""

import json
from typing import Any, cast

from fastapi import FastAPI

from backend.http.admission import UNLIMITED
from backend.http.problem import PROBLEM_JSON, documented

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_FRAMEWORK_ERRORS = ("HTTPValidationError", "ValidationError")
_OUTPUT = "-Output"

Described = dict[str, Any]


def install(app: FastAPI) -> None:
    """Let `app.openapi()`, and with it `/openapi.json`, give the corrected document."""
    derive = app.openapi

    def describe() -> Described:
        if app.openapi_schema is None:
            app.openapi_schema = _correct(derive())
        return app.openapi_schema

    app.openapi = describe


def _correct(derived: Described) -> Described:
    described = _without_output_suffixes(derived)
    for name, path in described["paths"].items():
        for method, operation in path.items():
            _correct_responses(operation["responses"])
            if f"{method.upper()} {name}" not in UNLIMITED:
                _add(operation["responses"], 429)
            if any(parameter["in"] == "query" for parameter in operation.get("parameters", ())):
                _add(operation["responses"], 414)
            if "{case_id}" in name or name.startswith("/api/workflow/"):
                _add(operation["responses"], 410)
            if "security" in operation:
                _add_refusals(operation["responses"])
    for name, hook in described["webhooks"].items():
        _make_request(hook["post"], name)
    for name in _FRAMEWORK_ERRORS:
        described["components"]["schemas"].pop(name, None)
    return described


def _correct_responses(responses: Described) -> None:
    for status, response in list(responses.items()):
        content: Described = response.get("content", {})
        for media_type, body in list(content.items()):
            schema = body.get("schema", {})
            if schema == _PROBLEM:
                content[PROBLEM_JSON] = content.pop(media_type)
            elif schema.get("$ref", "").endswith(_FRAMEWORK_ERRORS):
                # Said of every route with a path parameter; these take any text and answer 404.
                del responses[status]


def _add_refusals(responses: Described) -> None:
    """What every route behind the fence may answer."""
    _add(responses, 401, 403)


def _add(responses: Described, *statuses: int) -> None:
    for status, response in documented(*statuses).items():
        refusal = {"description": response["description"], "content": {PROBLEM_JSON: {"schema": _PROBLEM}}}
        responses.setdefault(str(status), refusal)


def _make_request(operation: Described, name: str) -> None:
    body = operation["responses"].pop("200")
    operation["requestBody"] = {"required": True, "content": body["content"]}
    operation["responses"] = {"200": {"description": f"Nothing is expected back: `{name}` is pushed, not called."}}


def _without_output_suffixes(derived: Described) -> Described:
    """What a client reads bears the plain name; only what it writes differently is marked, with `-Input`."""
    text = json.dumps(derived)
    for name in derived["components"]["schemas"]:
        if name.endswith(_OUTPUT):
            text = text.replace(f'"{name}"', f'"{name.removesuffix(_OUTPUT)}"')
            text = text.replace(f'schemas/{name}"', f'schemas/{name.removesuffix(_OUTPUT)}"')
    return cast("Described", json.loads(text))
