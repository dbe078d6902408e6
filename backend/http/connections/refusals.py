"""The answers that a connection gives by itself, before or in place of the application."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from backend.http.problem import PROBLEM_JSON, UNEXPECTED, Problem, ProblemResponse, make_problem
from backend.http.security_headers import SECURITY_HEADERS

INVALID = make_problem("malformed-request", 400, "This is no HTTP request that can be read.")
UPGRADE_WITH_BODY = make_problem("malformed-request", 400, "A request that opens a socket has no body: send none.")
TOO_SLOW = make_problem("request-timeout", 408, "The request did not arrive in time: send it faster, or less of it.")
TOO_MANY_CONNECTIONS = make_problem(
    "too-many-connections", 503, "The server has as many connections as it takes: try again soon."
)
NO_SOCKET = make_problem("no-socket", 403, "This server opens no socket at this address.")
FAILED = make_problem("internal-error", 500, UNEXPECTED)
RETRY_AFTER_S = "5"


def headers_too_large(header_bytes: int, header_fields: int) -> Problem:
    """The headers are more than these."""
    detail = f"The headers are more than {header_fields} fields or {header_bytes:,} bytes: send fewer."
    return make_problem("headers-too-large", 431, detail)


def line_too_long(line_bytes: int) -> Problem:
    """Of a request for a socket, a line is longer than this."""
    detail = f"The address, or a header of the handshake, is longer than {line_bytes:,} bytes: send a shorter one."
    return make_problem("headers-too-large", 431, detail)


def unopened(status: int) -> Problem:
    """Why a request opens no socket that the library, and not the application, refuses with this status."""
    if status in (FAILED.status, NO_SOCKET.status):
        return FAILED if status == FAILED.status else NO_SOCKET
    detail = "This request opens no socket: its method, its version or a header of its handshake is wrong."
    return make_problem("malformed-request", status, detail)


def refusal(problem: Problem, site_headers: Mapping[str, str]) -> ProblemResponse:
    """The answer as an application gives it."""
    return ProblemResponse(problem, {**site_headers, **dict(_headers_of(problem))})


def as_bytes(
    problem: Problem,
    default_headers: Iterable[tuple[bytes, bytes]],
    site_headers: Mapping[str, str],
    *,
    to_head: bool = False,
) -> bytes:
    """The answer as it goes over the connection, which ends with it; `to_head`: without its body."""
    headers, body = headers_and_body(problem, site_headers)
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in default_headers]
    lines += [f"{name}: {value}".encode() for name, value in headers.items()]
    return b"\r\n".join([*lines, b"", b"" if to_head else body])


def headers_and_body(problem: Problem, site_headers: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """What such an answer consists of, but its first line and what the server says in each."""
    body = problem.model_dump_json().encode()
    own = {"Content-Type": PROBLEM_JSON, "Content-Length": str(len(body))}
    return {**site_headers, **dict(_headers_of(problem)), **own}, body


def _headers_of(problem: Problem) -> Iterable[tuple[str, str]]:
    yield from SECURITY_HEADERS.items()
    yield "Connection", "close"
    yield "Cache-Control", "no-store"
    if problem.status == 503:
        yield "Retry-After", RETRY_AFTER_S
