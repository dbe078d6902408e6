"""Everything that stands before the application, in the one order that is right."""

from collections.abc import Callable

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from backend.auth.credentials import UNATTENDED
from backend.http.guard import Guard
from backend.http.request_limits import RequestLimits
from backend.http.request_timeout import RequestTimeout
from backend.http.site import LOOPBACK, Site
from casebook.workspace_api import ATTACHMENT_MAX_BYTES

SENT = ("Content-Type", "Authorization", "If-Match", "Last-Event-ID", "Idempotency-Key", UNATTENDED)
"""Headers that a page of an allowed origin may send."""
READ = ("ETag", "Location", "Retry-After", "Content-Disposition")
"""Headers that it may read."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PREFLIGHT_S = 600


def front(
    app: ASGIApp,
    site: Site = LOOPBACK,
    attachment_max_bytes: int = ATTACHMENT_MAX_BYTES,
    on_refusal: Callable[[HTTPConnection, str], None] = lambda _, __: None,
) -> ASGIApp:
    """The application behind its guard, its limits, and what a page of another origin and a proxy need."""
    answering: ASGIApp = RequestLimits(RequestTimeout(app), attachment_max_bytes)
    if site.allowed_origins:
        answering = CORSMiddleware(
            answering,
            allow_origins=sorted(site.allowed_origins),
            allow_methods=METHODS,
            allow_headers=SENT,
            allow_credentials=True,
            expose_headers=READ,
            max_age=PREFLIGHT_S,
        )
    answering = Guard(answering, site, on_refusal)
    if not site.trusted_proxies:
        return answering
    proxies = [str(network) for network in site.trusted_proxies]
    return ProxyHeadersMiddleware(answering, proxies)  # pyright: ignore uvicorn's words for ASGI
