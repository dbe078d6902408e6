"""A receiver of webhooks over real HTTP that answers as a test says, and keeps what it was sent, in order."""

import http.server
import json
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from standardwebhooks.webhooks import Webhook

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Received:
    """One request as it arrived; the names of headers in small letters."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> JsonObject:
        """The CloudEvent."""
        return json.loads(self.body)

    def verified(self, secret: str) -> JsonObject:
        """The event, if the secret signed it; raises WebhookVerificationError of `standardwebhooks` if not."""
        return Webhook(secret).verify(self.body, dict(self.headers))


@dataclass(frozen=True)
class Reply:
    """What the receiver does with a request that it has kept."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    manner: Literal["once", "twice", "endless", "stall", "hang", "drop", "garbage"] = "once"
    """`hang`: no answer, the connection stays open; `drop`: none, it is reset; `endless`: a body without end.

    `stall`: an answer whose body never comes.
    """


OK = Reply()
HANG = Reply(manner="hang")
DROP = Reply(manner="drop")

Behaviour = Callable[[Received], Reply]


def one_after_the_other(*replies: Reply) -> Behaviour:
    """These replies in this order, and 200 from then on."""
    left = list(replies)
    return lambda _: left.pop(0) if left else OK


class WebhookReceiver:
    """Listens on a port of loopback while the `with` block lasts; `stop` and `start` take it down in between.

    With `certificates` of a server it speaks TLS.
    """

    def __init__(self, *replies: Reply, certificates: ssl.SSLContext | None = None) -> None:
        self.behaviour: Behaviour = one_after_the_other(*replies)
        self.requests: list[Received] = []
        self._certificates = certificates
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._port = 0
        self._server: socketserver.BaseServer | None = None

    def url(self, path: str = "/events", host: str = "127.0.0.1") -> str:
        """Where it receives."""
        return f"{'https' if self._certificates else 'http'}://{host}:{self._port}{path}"

    @property
    def events(self) -> list[JsonObject]:
        """The events of all requests, those that were answered by a failure included."""
        return [each.event for each in list(self.requests)]

    def wait_for(self, count: int, seconds: float = 90.0) -> bool:
        """Whether that many requests have arrived within `seconds`; from a coroutine, call it in a thread."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.requests) >= count, seconds)

    def wait_for_ids(self, count: int, seconds: float) -> bool:
        """Whether that many different events have arrived within `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: len({each["id"] for each in self.events}) >= count, seconds)

    def start(self) -> None:
        """Listen; after `stop` on the same port again."""
        self._stopping = threading.Event()
        server = _Server(("127.0.0.1", self._port), self._handler(), self._certificates)
        self._port = server.server_address[1]
        self._server = server
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on, and let go of those that hang."""
        server, self._server = self._server, None
        self._stopping.set()
        if server is not None:
            server.shutdown()
            server.server_close()

    def __enter__(self) -> "WebhookReceiver":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _take(self, request: Received) -> Reply:
        with self._changed:
            self.requests.append(request)
            reply = self.behaviour(request)
            self._changed.notify_all()
        return reply

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        take, stopping = self._take, self._stopping

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    # The sender gave up on the way: that is no request.
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = take(Received(self.path, headers, body))
                with suppress(OSError):
                    self._do(reply)

            def _do(self, reply: Reply) -> None:
                match reply.manner:
                    case "once" | "twice":
                        self.wfile.write(_wire(reply) * (2 if reply.manner == "twice" else 1))
                    case "endless":
                        self.wfile.write(_wire(reply, endless=True))
                        while not stopping.is_set():
                            self.wfile.write(reply.body or b"more of it, ")
                    case "stall":
                        self.wfile.write(_wire(reply))
                        stopping.wait()
                    case "hang":
                        stopping.wait()
                        self.close_connection = True
                    case "drop":
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        self.close_connection = True
                    case "garbage":
                        self.wfile.write(b"220 mail.example.com ESMTP\r\n")
                        self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
                """Say nothing."""

        return Handler


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[http.server.BaseHTTPRequestHandler],
        certificates: ssl.SSLContext | None,
    ) -> None:
        self._certificates = certificates
        super().__init__(address, handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        # In the thread of the connection: whoever fails to agree on keys keeps nobody else waiting.
        if self._certificates is None:
            super().finish_request(request, client_address)
            return
        with suppress(OSError), self._certificates.wrap_socket(request, server_side=True) as encrypted:
            super().finish_request(encrypted, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that goes away is nobody's fault."""


def _wire(reply: Reply, *, endless: bool = False) -> bytes:
    headers = dict(reply.headers) if endless else {"content-length": str(len(reply.body)), **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if endless else reply.body)
