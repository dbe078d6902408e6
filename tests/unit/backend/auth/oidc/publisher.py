"""A provider that publishes what a test says: its discovery document, its keys, or bytes without end."""

import http.server
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from joserfc.jwk import ECKey, RSAKey

Body = bytes | Callable[[], Iterable[bytes]]


class Publisher:
    """A server on loopback, in a thread of its own. `pages`: what it answers, by path."""

    def __init__(self) -> None:
        publisher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked.append(self.path)
                publisher.reply(self)

            def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
                """Nothing: a test fails by itself."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.asked: list[str] = []
        self.pages: dict[str, Body] = {}
        self.status = 200
        self.headers: dict[str, str] = {}
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self.describe()

    def describe(self, **changes: Any) -> None:
        """Publish a discovery document."""
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            **changes,
        }
        self.pages["/.well-known/openid-configuration"] = json.dumps(document).encode()

    def publish(self, *keys: RSAKey | ECKey, more: Iterable[Mapping[str, Any]] = ()) -> None:
        """Publish the public halves of these keys."""
        published = [{**key.as_dict(private=False), "use": "sig"} for key in keys]
        self.pages["/keys"] = json.dumps({"keys": [*published, *more]}).encode()

    def reply(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = self.pages.get(handler.path)
        handler.send_response(404 if body is None else self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        # Whoever was given too much has gone.
        with suppress(ConnectionError):
            for part in body() if callable(body) else (body or b"",):
                handler.wfile.write(part)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
