"""Serves the web bundle for every path that no other route matches."""

import os
from pathlib import Path
from secrets import token_urlsafe

import anyio
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from backend.http.security_headers import DOCS_POLICY, page_policy

HASHED = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"

# What belongs to the server: a wrong address there is an error, not a page of the web application.
_SERVER_PATHS = ("api", "healthz", "ready", "metrics", "openapi.json")
NONCE = "nonce-of-this-answer"
"""What the bundle has in place of a nonce: `html.cspNonce` of web/vite.config.ts."""
_ASSETS = "assets"
_DOCS = "docs"

_MISSING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Casewright</title></head>
<body><h1>The web bundle is not built</h1>
<p>There is no {page} in WEB_DIST: run <code>./scripts/build-web</code> and reload this page.</p></body></html>
"""


class WebBundle(StaticFiles):
    """Serves the files of a bundle, its docs.html at `/docs`, and its index.html for every other page.

    The other pages are those that the web application knows itself.

    The folder may be built later: it is checked for each request.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._folder = folder
        # The folder may be missing; that is answered with a page, not with an exception.
        self.config_checked = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a socket to nowhere is closed."""
        if scope["type"] == "websocket":
            await WebSocketClose(code=4404, reason="there is nothing here")(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file of the bundle, or the page. Raises HTTPException 404 for what is neither, 405 for other methods."""
        first = path.split(os.sep, 1)[0]
        # As it was asked for, too: '/api/..%2fx' would otherwise be tidied up into a page of the web application.
        if first in _SERVER_PATHS or scope["path"].lstrip("/").partition("/")[0] in _SERVER_PATHS:
            raise HTTPException(404)
        if first == _DOCS:
            if path != _DOCS:
                raise HTTPException(404)
            return await self._page("docs.html", scope, DOCS_POLICY)
        if path in ("index.html", "docs.html"):
            # As files they would come without the policy that they need.
            path = ""
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or first == _ASSETS:
                raise
        nonce = token_urlsafe(16)
        return await self._page("index.html", scope, page_policy(nonce), nonce)

    async def _page(self, page: str, scope: Scope, policy: str, nonce: str = "") -> Response:
        """The page, read anew each time: a copy that a browser revalidates would have the nonce of another answer."""
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405)
        try:
            text = await anyio.Path(self._folder / page).read_text("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return HTMLResponse(_MISSING.format(page=page), 503, {"Cache-Control": REVALIDATED})
        headers = {"Cache-Control": REVALIDATED, "Content-Security-Policy": policy}
        return HTMLResponse(text.replace(NONCE, nonce), headers=headers)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """A file, with how long it may be kept: for ever if its name carries a hash of its content."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        hashed = Path(full_path).parent.name == _ASSETS
        response.headers["Cache-Control"] = HASHED if hashed else REVALIDATED
        return response
