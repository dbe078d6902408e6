"""Checks every request before the routes (host, origin), and sets the security headers of every response."""

import re
from collections.abc import Callable, Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from backend.auth.credentials import SESSION_COOKIE, bearer_of
from backend.http.problem import ProblemResponse, make_problem
from backend.http.security_headers import SECURITY_HEADERS
from casebook.workspace_api import ATTACHMENT_MAX_BYTES
from runtime.host_header import LOOPBACK_NAMES, called_name

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
MAX_BODY_BYTES = 1024 * 1024
MAX_DIGITS = 19
"""Of a length: the parser of the connection takes no more than 64 bits."""
_ATTACHMENTS = re.compile(r"/api/cases/[^/]+/attachments")
PROBES = frozenset({"/healthz", "/ready"})
"""Asked by address: what runs a container knows no name of it."""


class Guard:
    """Wraps an application, which browsers reach that open foreign pages too.

    A foreign site can point its own name at this server and be "same origin": so only the server's names are answered.
    It can also post to us, or open a socket, from its own page: so what changes anything must come from our own
    pages, or from no page at all; and what a browser's cookie vouches for must say that it comes from our own.
    """

    def __init__(
        self,
        app: ASGIApp,
        allowed_origins: Iterable[str] = (),
        attachment_max_bytes: int = ATTACHMENT_MAX_BYTES,
        names: frozenset[str] = LOOPBACK_NAMES,
        on_refusal: Callable[[HTTPConnection, str], None] = lambda _, __: None,
    ) -> None:
        self._app = app
        # A file in a form comes with a little more than itself.
        self._attachment_body = attachment_max_bytes + MAX_BODY_BYTES
        self._allowed_origins = frozenset(allowed_origins)
        self._names = names
        self._on_refusal = on_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 403."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        guarded = _with_headers(scope, send) if scope["type"] == "http" else send
        refusal = self._refusal(scope)
        if refusal is None:
            await self._pass_on(scope, receive, guarded)
            return
        self._on_refusal(HTTPConnection(scope), refusal[0])
        if scope["type"] == "websocket":
            await WebSocketClose(code=1008, reason="forbidden")(scope, receive, send)
        else:
            await ProblemResponse(make_problem(refusal[0], 403, refusal[1]))(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> tuple[str, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if called_name(headers.getlist("host")) not in self._names and scope["path"] not in PROBES:
            return "forbidden-host", self._wrong_name()
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return None
        origin = headers.get("origin")
        if origin is None:
            if not _vouched_for_by_cookie(headers) or headers.get("sec-fetch-site") == "same-origin":
                return None
            return "forbidden-origin", "A request with a session cookie must say which page it comes from: send Origin."
        if origin in self._allowed_origins or origin in (f"http://{host}", f"https://{host}"):
            return None
        return "forbidden-origin", "This request comes from a page of another site."

    def _wrong_name(self) -> str:
        if self._names == LOOPBACK_NAMES:
            return "This server answers only to the names 127.0.0.1, localhost and [::1]."
        return "This server does not answer to this name: its ALLOWED_HOSTS and PUBLIC_ORIGIN say to which it does."

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._attachment_body if _ATTACHMENTS.fullmatch(scope["path"]) else MAX_BODY_BYTES
        if _announced_bytes(scope) > most:
            # Before anything of it is read, and before a client that asks first is told to go on.
            await ProblemResponse(make_problem("body-too-large", 413, _too_large(most)))(scope, receive, send)
        else:
            await self._app(scope, _limited(receive, most), send)


def _vouched_for_by_cookie(headers: Headers) -> bool:
    return bearer_of(headers) is None and any(f"{SESSION_COOKIE}=" in cookie for cookie in headers.getlist("cookie"))


def _announced_bytes(scope: Scope) -> int:
    given = Headers(scope=scope).get("content-length", "")
    # Not a number, or several: the parser of the connection has refused that.
    return int(given) if given.isascii() and given.isdecimal() and len(given) < MAX_DIGITS else 0


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


def _with_headers(scope: Scope, send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if scope["path"].startswith("/api/"):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers
