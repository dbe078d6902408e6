"""What every request passes first: by which name it calls, from no web page, by whom, and how often."""

import logging
import math
from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_server.access.callers import Caller, CallersUnavailable, CallerVerifier
from mcp_server.access.rates import RateLimit
from runtime.host_header import called_name
from runtime.signatures import TokenInvalid

HEALTH_PATH = "/healthz"
"""Probes call by address, and have no token."""
KEYS_AGAIN_S = 30
"""How soon keys that could not be fetched are asked for again."""
CALLER = "casewright.caller"
"""Where the ASGI scope of an admitted request says who calls."""

log = logging.getLogger("casewright.tools.gate")


class Gate:
    """Refuses, before anything of a body is read: each time with one sentence, logged without what was shown."""

    def __init__(self, app: ASGIApp, names: Collection[str], callers: CallerVerifier, rate: RateLimit) -> None:
        """`names`: what this server is called by."""
        self._app = app
        self._names = frozenset(names)
        self._callers = callers
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == HEALTH_PATH:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self._misdirected(request) or await self._unknown(request)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _misdirected(self, request: Request) -> Response | None:
        if called_name(request.headers.getlist("host")) not in self._names:
            return _refused(
                request, 421, "misdirected", "This server is not called by that name: see MCP_ALLOWED_HOSTS."
            )
        if "origin" in request.headers:
            return _refused(request, 403, "forbidden", "The tools are for programs: no web page may call them.")
        return None

    async def _unknown(self, request: Request) -> Response | None:
        try:
            caller = await self._callers.caller(_bearer(request))
        except TokenInvalid as fault:
            said = f"The token of this request is refused: {fault}."
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return _refused(request, 401, "invalid_token", said, challenge)
        except CallersUnavailable as fault:
            said = f"Who calls cannot be verified now, because {fault}: try again later."
            return _refused(request, 503, "temporarily_unavailable", said, {"Retry-After": str(KEYS_AGAIN_S)})
        wait_s = self._rate.wait_s(caller.name)
        if wait_s:
            said = f"The caller '{caller.name}' asks more often than MCP_CALLS_PER_MINUTE allows: try again later."
            return _refused(request, 429, "too_many_requests", said, {"Retry-After": str(math.ceil(wait_s))})
        request.scope[CALLER] = caller
        return None


def caller_in(scope: Scope) -> Caller | None:
    """Who calls, by an admitted request."""
    return scope.get(CALLER)


def _bearer(request: Request) -> str:
    shown = request.headers.getlist("authorization")
    if len(shown) > 1:
        raise TokenInvalid("there are several")
    kind, _, token = (shown or [""])[0].partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise TokenInvalid("there is none: send the header 'Authorization: Bearer <token>'")
    return token.strip()


def _refused(
    request: Request, status: int, error: str, sentence: str, headers: dict[str, str] | None = None
) -> Response:
    log.warning("%s (HTTP status %d, from %s)", sentence, status, request.client.host if request.client else "nowhere")
    return JSONResponse({"error": error, "error_description": sentence}, status_code=status, headers=headers)
