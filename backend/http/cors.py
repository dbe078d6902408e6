"""What pages of allowed origins may send and read. Nobody else is told anything of it."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.auth.credentials import UNATTENDED
from backend.http.problem import ProblemResponse, make_problem

SENT = ("Content-Type", "Authorization", "If-Match", "Last-Event-ID", "Idempotency-Key", UNATTENDED)
"""Headers that a page of an allowed origin may send."""
READ = ("ETag", "Location", "Retry-After", "Content-Disposition")
"""Headers that it may read."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PREFLIGHT_S = 600


class Cors(CORSMiddleware):
    """The framework's middleware for pages of these origins; what others ask is answered as if it were not there."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        super().__init__(
            app,
            allow_origins=sorted(origins),
            allow_methods=METHODS,
            allow_headers=SENT,
            allow_credentials=True,
            expose_headers=READ,
            max_age=PREFLIGHT_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or pass on."""
        origin = Headers(scope=scope).get("origin") if scope["type"] == "http" else None
        if origin is not None and not self.is_allowed_origin(origin):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """The framework's, as a problem document where it is a refusal."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        detail = f"A page of another origin may use {', '.join(METHODS)}, and send {', '.join(SENT)}: nothing else."
        headers = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
        return ProblemResponse(make_problem("forbidden-preflight", response.status_code, detail), headers)
