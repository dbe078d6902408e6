"""How large what a request asks and sends may be."""

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http.problem import Problem, ProblemResponse, make_problem

MAX_BODY_BYTES = 1024 * 1024
MAX_QUERY_BYTES = 8 * 1024
MAX_PARAMETERS = 100
MAX_DIGITS = 19
"""Of a length: the parser of the connection takes no more than 64 bits."""
_ATTACHMENTS = re.compile(r"/api/cases/[^/]+/attachments")


class RequestLimits:
    """Middleware that refuses what is too large before anything of it is read, if it says so, or else where it is."""

    def __init__(self, app: ASGIApp, attachment_max_bytes: int) -> None:
        self._app = app
        # A file in a form comes with a little more than itself.
        self._attachment_body = attachment_max_bytes + MAX_BODY_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with 413 or 414, or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._attachment_body if _ATTACHMENTS.fullmatch(scope["path"]) else MAX_BODY_BYTES
        problem = _refusal(scope, most)
        if problem is None:
            await self._app(scope, _limited(receive, most), send)
        else:
            await ProblemResponse(problem)(scope, receive, send)


def _refusal(scope: Scope, most: int) -> Problem | None:
    query: bytes = scope["query_string"]
    if len(query) > MAX_QUERY_BYTES or query.count(b"&") >= MAX_PARAMETERS:
        detail = f"The query is more than {MAX_QUERY_BYTES:,} bytes or {MAX_PARAMETERS} parameters: ask for less."
        return make_problem("query-too-long", 414, detail)
    return make_problem("body-too-large", 413, _too_large(most)) if _announced_bytes(scope) > most else None


def _announced_bytes(scope: Scope) -> int:
    given = Headers(scope=scope).get("content-length", "")
    # Not a number, or several: the parser of the connection has refused that.
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= MAX_DIGITS else 0


def _too_large(most: int) -> str:
    return f"The request body is larger than {most:,} bytes: send less at once."


def _limited(receive: Receive, most: int) -> Receive:
    taken = 0

    async def receive_limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, _too_large(most))
        return message

    return receive_limited
