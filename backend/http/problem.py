"""Every error as one RFC 9457 problem document, rendered by one handler."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from backend.auth.access import methods_of
from backend.auth.credentials import Caller
from backend.auth.errors import AuthError, NotSignedIn, UnknownPersona
from backend.auth.oidc.errors import LogoutRefused, NoRole, SignInDeclined, SignInLost
from backend.services.errors import ServiceError
from backend.services.open_streams import TooManyStreams
from backend.services.rate_limits import RateExceeded
from backend.services.security_recorder import SecurityRecorder
from casebook.errors import CasebookError, MessageRateExceeded, TooManyOpenTurns
from contracts.base import Contract
from contracts.security import SecurityEventKind
from contracts.telemetry import EventKind

EVENT_KINDS = frozenset(get_args(EventKind))
SOURCE_KINDS = frozenset({"recording", "live"})
"""Of back-tests."""

PROBLEM_JSON = "application/problem+json"
UNEXPECTED = "The server failed to answer this request; its log says why."
TYPE_PREFIX = "urn:casewright:problem:"

RETRY_AFTER = {"Retry-After": "2"}
"""With every 503 of a part that is away: no longer than the backend itself waits before it looks again."""

_HTTP_PROBLEMS: dict[int, tuple[str, str]] = {
    404: ("not-found", "There is nothing at '{path}'."),
    405: ("method-not-allowed", "'{path}' does not answer {method}."),
    413: ("body-too-large", "{detail}"),
}

_UNREADABLE = (
    "The request body cannot be read: it is not JSON in UTF-8, or holds a number of more than 4,300 digits or too many "
    "brackets within each other."
)


@dataclass(frozen=True)
class Asked:
    """What was asked for, and by whom, as far as that is known."""

    route: str
    caller: Caller
    subject: str | None = None


class FieldProblem(Contract):
    """One thing that is wrong with the request."""

    field: str
    """Where: `severity`, `trigger_events.0.kind`, `query.limit`; `body` when it is the whole."""
    message: str


class Problem(Contract):
    """An RFC 9457 problem document: why the request was not done."""

    type: str
    """`urn:casewright:problem:` and the id."""
    id: str
    title: str
    status: int
    detail: str
    """One exact sentence."""
    errors: tuple[FieldProblem, ...] = ()
    """For 422: what is wrong with which field."""


class ProblemResponse(Response):
    """A problem document as an HTTP response."""

    media_type = PROBLEM_JSON

    def __init__(self, problem: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(problem.model_dump_json().encode(), problem.status, headers)


def make_problem(problem_id: str, status: int, detail: str, errors: Sequence[FieldProblem] = ()) -> Problem:
    """A problem whose type and title follow from its id."""
    title = problem_id.replace("-", " ").capitalize().replace("json", "JSON")
    kind = TYPE_PREFIX + problem_id
    return Problem(type=kind, id=problem_id, title=title, status=status, detail=detail, errors=tuple(errors))


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers these statuses with problem documents."""
    reasons = {
        400: "What the sign-in provider sent is not accepted",
        401: "Nobody is signed in, or the session is over",
        403: "Not allowed",
        404: "Not found",
        409: "The case has moved on",
        410: "The case was purged",
        412: "It was changed since it was read",
        413: "Body too large",
        414: "The query is too long",
        415: "Not JSON",
        422: "The request is not valid",
        428: "It is not said what is changed",
        429: "Too much at once; `Retry-After` says when to ask again",
        503: "A part that is needed cannot be reached right now",
    }
    return {status: {"model": Problem, "description": reasons[status]} for status in statuses}


def install(app: FastAPI) -> None:
    """Let `app` answer every error with a problem document."""
    for kind in (AuthError, CasebookError, ServiceError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request | WebSocket, error: Exception) -> Response:
    return answer(request, error)


def answer(connection: HTTPConnection, error: Exception) -> Response:
    """What is answered in place of what was asked for; the security log hears of it where that is a refusal."""
    problem = _problem_of(connection, error)
    _note_refusal(connection, problem, error)
    return ProblemResponse(problem, _headers_of(connection, error))


def _note_refusal(connection: HTTPConnection, problem: Problem, error: Exception) -> None:
    asked: Asked | None = getattr(connection.state, "asked", None)
    kind = _refusal_of(problem, error)
    if asked is None or kind is None:
        return
    subject = (error.subject if isinstance(error, AuthError) else None) or asked.subject
    recorder: SecurityRecorder = connection.app.state.services.security
    recorder.refused(kind, subject, asked.caller.address, asked.route, problem.id)


def _refusal_of(problem: Problem, error: Exception) -> SecurityEventKind | None:
    """What kind of refusal it is; None: it is none, or of somebody who did not say who they are."""
    match error:
        case NotSignedIn():
            return None
        case UnknownPersona() | SignInLost() | SignInDeclined() | NoRole() | LogoutRefused():
            return "sign_in_refused"
        case RateExceeded() if error.what == "sign_ins":
            return "sign_in_refused"
        case RateExceeded() if error.what == "credentials":
            return "session_refused"
        case AuthError() if problem.status == 401:
            return "session_refused"
        case _:
            return "access_refused" if problem.status == 403 else None


def _headers_of(connection: HTTPConnection, error: Exception) -> dict[str, str] | None:
    if isinstance(error, AuthError) and error.status == 401:
        return {"WWW-Authenticate": 'Bearer realm="casewright"'}
    if isinstance(error, CasebookError | ServiceError | AuthError) and error.status == 503:
        return RETRY_AFTER
    if isinstance(error, MessageRateExceeded | TooManyOpenTurns | RateExceeded | TooManyStreams):
        return {"Retry-After": str(error.retry_after_s)}
    if not isinstance(error, HTTPException):
        return None
    headers = dict(error.headers or {})
    if "Allow" in headers:
        # The framework names the methods of one route alone.
        headers["Allow"] = ", ".join(sorted(methods_of(connection.url.path))) or headers["Allow"]
    return headers


def _problem_of(request: HTTPConnection, error: Exception) -> Problem:
    match error:
        case AuthError():
            return make_problem(error.id, error.status, str(error))
        case CasebookError():
            return make_problem(error.id, error.status, error.public, _field_problems(error.fields))
        case ServiceError():
            return make_problem(error.id, error.status, str(error), _field_problems(error.fields))
        case RequestValidationError():
            return _invalid_request(error)
        case HTTPException():
            return _http_problem(request, error)
        case _:
            return make_problem("internal-error", 500, UNEXPECTED)


def _field_problems(fields: Sequence[tuple[str, str]]) -> list[FieldProblem]:
    return [FieldProblem(field=field, message=message) for field, message in fields]


def _http_problem(request: HTTPConnection, error: HTTPException) -> Problem:
    if error.status_code == 400:
        # The framework's answer to a body that cannot be read at all.
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            sentence = f"The form cannot be read: {str(error.detail).rstrip('.')}."
            return make_problem("malformed-form", 422, sentence, [FieldProblem(field="body", message=sentence)])
        return _malformed(_UNREADABLE)
    if error.status_code not in _HTTP_PROBLEMS:
        return make_problem(f"http-{error.status_code}", error.status_code, str(error.detail))
    problem_id, sentence = _HTTP_PROBLEMS[error.status_code]
    return make_problem(
        problem_id,
        error.status_code,
        sentence.format(path=request.url.path, method=request.scope.get("method", "GET"), detail=error.detail),
    )


def _malformed(sentence: str) -> Problem:
    return make_problem("malformed-json", 422, sentence, [FieldProblem(field="body", message=sentence)])


def _invalid_request(error: RequestValidationError) -> Problem:
    faults = cast("Sequence[dict[str, Any]]", error.errors())
    if faults and faults[0]["type"] == "json_invalid":
        reason = faults[0].get("ctx", {}).get("error", "")
        return _malformed(f"The request body is not valid JSON: {reason}." if reason else "The body is not valid JSON.")
    errors = [FieldProblem(field=_field(fault), message=_message(fault)) for fault in faults]
    first = errors[0]
    more = f" ({len(errors) - 1} more in 'errors')" if len(errors) > 1 else ""
    return make_problem("invalid-request", 422, f"{first.field}: {first.message}{more}.", errors)


def _field(fault: dict[str, Any]) -> str:
    parts = [str(part) for part in fault["loc"]]
    if parts[:1] == ["body"] and len(parts) > 1:
        parts = parts[1:]
    if fault["type"] in ("union_tag_not_found", "union_tag_invalid"):
        parts.append(_discriminator(fault))
    return ".".join(part for index, part in enumerate(parts) if not _is_tag(parts, index))


def _discriminator(fault: dict[str, Any]) -> str:
    return str(fault["ctx"]["discriminator"]).strip("'")


def _is_tag(parts: Sequence[str], index: int) -> bool:
    """Whether a part of a location names the kind of what is there, which is no field: `trigger_events.0.login.…`,
    `source.live.…`."""
    if index == 0:
        return False
    before, part = parts[index - 1], parts[index]
    return (part in EVENT_KINDS and before.isdecimal()) or (part in SOURCE_KINDS and before == "source")


def _message(fault: dict[str, Any]) -> str:
    if fault["type"] == "extra_forbidden":
        return "there is no such field"
    if fault["type"] == "union_tag_not_found":
        return "field required"
    if fault["type"] == "union_tag_invalid":
        return f"input should be one of {fault['ctx']['expected_tags']}"
    if "Expected UploadFile" in str(fault["msg"]):
        return "must be sent as a file with a name, in a form (multipart/form-data)"
    message = str(fault["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:].rstrip(".")
