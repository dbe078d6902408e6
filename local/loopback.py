"""Keeps a stand-in to this machine: it lets everybody in, and must not be reached from another, nor by a page."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from runtime.host_header import LOOPBACK_NAMES, called_name

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_OWN_PAGES = frozenset({"same-origin", "none"})
"""What browsers say of a request of one's own page, and of what a person typed."""


class LoopbackOnly(Exception):
    """A stand-in is to listen where others reach it; the message is one sentence that says what to use instead."""

    def __init__(self, host: str, instead: str) -> None:
        super().__init__(
            f"--host {host} is not 127.0.0.1, ::1 or localhost, and this stand-in lets in whoever reaches it: listen "
            f"on 127.0.0.1, or use {instead}."
        )


def require_loopback(host: str, *, instead: str) -> None:
    """`instead` names what is made for a network. Raises LoopbackOnly."""
    if host not in LOOPBACK_NAMES:
        raise LoopbackOnly(host, instead)


class OwnMachineOnly:
    """Wraps an application that knows no callers, on a machine whose user also opens foreign pages.

    A page can point a name of its own at this machine: only the machine's names are answered. It can send requests from
    its own origin: what comes from a page of another origin is refused. Where a browser does not say from where it
    comes, it sends no JSON without asking first, so a body that is no JSON is refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 403 or 415 and one sentence."""
        refusal = _refusal(Headers(scope=scope), scope["method"]) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)


def _refusal(headers: Headers, method: str) -> PlainTextResponse | None:
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    if called_name(hosts) not in LOOPBACK_NAMES:
        return _said(403, "This server answers only to the names 127.0.0.1, localhost and [::1].")
    if origins not in ([], [f"http://{hosts[0]}"]) or not _OWN_PAGES.issuperset(headers.getlist("sec-fetch-site")):
        return _said(403, "This request comes from a page of another site.")
    if method in _WITH_BODY and [_media_type(value) for value in headers.getlist("content-type")] != [
        "application/json"
    ]:
        return _said(415, "This server takes JSON only: send Content-Type: application/json.")
    return None


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _said(status: int, sentence: str) -> PlainTextResponse:
    return PlainTextResponse(f"{sentence}\n", status)
