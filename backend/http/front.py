"""Everything that stands before the application, in the one order that is right."""

from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from backend.http.cors import Cors
from backend.http.forwarded import Forwarded
from backend.http.guard import Guard
from backend.http.request_limits import RequestLimits
from backend.http.request_timeout import RequestTimeout
from backend.http.site import LOOPBACK, Site
from casebook.workspace_api import ATTACHMENT_MAX_BYTES


def front(
    app: ASGIApp,
    site: Site = LOOPBACK,
    attachment_max_bytes: int = ATTACHMENT_MAX_BYTES,
    on_refusal: Callable[[HTTPConnection, str], None] = lambda _, __: None,
) -> ASGIApp:
    """The application behind its guard, its limits, and what a page of another origin and a proxy need."""
    answering: ASGIApp = RequestLimits(RequestTimeout(app), attachment_max_bytes)
    if site.allowed_origins:
        answering = Cors(answering, site.allowed_origins)
    answering = Guard(answering, site, on_refusal)
    return Forwarded(answering, site.trusted_proxies) if site.trusted_proxies else answering
