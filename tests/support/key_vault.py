"""A vault that speaks the REST of Azure Key Vault over TLS, and the endpoint of an identity that it lets in."""

import json
import socket
import ssl
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.support.certificates import Authority

DOMAIN = "vault.test"
HOST = f"desk.{DOMAIN}"
PROOF = "only processes of this machine know it"
TOKEN = "an identity's token"


@dataclass
class FakeKeyVault:
    """What it holds, by names with `-`, and what it was asked for."""

    secrets: Mapping[str, str]
    refused: frozenset[str] = frozenset()
    """Secrets that the identity may not read."""
    port: int = 0
    asked: list[str] = field(default_factory=list[str])

    @property
    def netloc(self) -> str:
        return f"{HOST}:{self.port}"

    def answer(self, path: str, bearer: str | None) -> tuple[int, dict[str, str], object]:
        """Status, headers and document."""
        if bearer != f"Bearer {TOKEN}":
            resource = f"https://{DOMAIN}:{self.port}"
            challenge = f'Bearer authorization="https://login.test/tenant", resource="{resource}"'
            return 401, {"WWW-Authenticate": challenge}, {"error": {"code": "Unauthorized", "message": "no token"}}
        parts = path.partition("?")[0].strip("/").split("/")
        name = parts[1] if parts[0] == "secrets" and len(parts) > 1 else ""
        self.asked.append(name)
        if name in self.refused:
            return 403, {}, {"error": {"code": "Forbidden", "message": "no role"}}
        if name not in self.secrets:
            return 404, {}, {"error": {"code": "SecretNotFound", "message": f"{name} was not found"}}
        return 200, {}, {"value": self.secrets[name], "id": f"https://{self.netloc}/secrets/{name}/1"}


@contextmanager
def key_vault(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, secrets: Mapping[str, str], refused: frozenset[str]
) -> Generator[FakeKeyVault]:
    """The vault, called `HOST`; this process has an identity that it lets in."""
    vault = FakeKeyVault(secrets, refused)

    class Vault(_Handler):
        def reply(self) -> tuple[int, dict[str, str], object]:
            return vault.answer(self.path, self.headers.get("Authorization"))

    class Identity(_Handler):
        def reply(self) -> tuple[int, dict[str, str], object]:
            if self.headers.get("X-IDENTITY-HEADER") != PROOF:
                return 401, {}, {}
            return 200, {}, {"access_token": TOKEN, "expires_on": "32503680000", "token_type": "Bearer"}

    with _serving(Vault, authority.server(HOST)) as vault.port, _serving(Identity, None) as identity:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{identity}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", PROOF)
        _call_it_by_its_name(monkeypatch)
        yield vault


class _Handler(BaseHTTPRequestHandler):
    def reply(self) -> tuple[int, dict[str, str], object]:
        raise NotImplementedError

    def do_GET(self) -> None:
        status, headers, document = self.reply()
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # its name there
        pass


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None) -> Generator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _call_it_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    find = socket.getaddrinfo

    def found(host: Any, *args: Any, **options: Any) -> Any:
        return find("127.0.0.1" if host == HOST else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
