"""Checks every request before the routes (host, origin), and sets the security headers of every response."""

from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.auth.credentials import SESSION_COOKIE, bearer_of
from backend.http.problem import ProblemResponse, make_problem
from backend.http.security_headers import SECURITY_HEADERS
from backend.http.site import LOOPBACK, Site
from runtime.host_header import LOOPBACK_NAMES, is_misdirected

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""


class Guard:
    """Wraps an application, which browsers reach that open foreign pages too.

    A foreign site can point its own name at this server and be "same origin": so only the server's names are answered.
    It can also post to us, or open a socket, from its own page: so what changes anything must come from our own
    pages, or from no page at all; and what a browser's cookie vouches for must say that it comes from our own.
    """

    def __init__(
        self,
        app: ASGIApp,
        site: Site = LOOPBACK,
        on_refusal: Callable[[HTTPConnection, str], None] = lambda _, __: None,
    ) -> None:
        self._app = app
        self._site = site
        self._headers = {**SECURITY_HEADERS, **site.headers}
        self._on_refusal = on_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 403."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        guarded = _with_headers(self._headers, send)
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, guarded)
            return
        self._on_refusal(HTTPConnection(scope), refusal[0])
        await ProblemResponse(make_problem(refusal[0], 403, refusal[1]))(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> tuple[str, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if is_misdirected(scope["path"], headers.getlist("host"), self._site.names):
            return "forbidden-host", self._wrong_name()
        origins = headers.getlist("origin")
        if len(origins) > 1:
            return "forbidden-origin", "This request says that it comes from several pages."
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return None
        if not origins:
            if not _vouched_for_by_cookie(headers) or headers.get("sec-fetch-site") == "same-origin":
                return None
            return "forbidden-origin", "A request with a session cookie must say which page it comes from: send Origin."
        if self._site.is_own(origins[0], host):
            return None
        return "forbidden-origin", "This request comes from a page of another site."

    def _wrong_name(self) -> str:
        if self._site.names == LOOPBACK_NAMES:
            return "This server answers only to the names 127.0.0.1, localhost and [::1]."
        return "This server does not answer to this name: add it to ALLOWED_HOSTS if it is one of its own."


def _vouched_for_by_cookie(headers: Headers) -> bool:
    return bearer_of(headers) is None and any(f"{SESSION_COOKIE}=" in cookie for cookie in headers.getlist("cookie"))


def _with_headers(added: Mapping[str, str], send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers
