"""The WebSocket protocol of one connection, which ends whatever the client or the application does."""

import asyncio
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn._types import ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.datastructures import Headers
from websockets.http11 import MAX_LINE_LENGTH, Request, Response
from websockets.typing import StatusLike

from backend.http.connections.limits import ConnectionLimits
from backend.http.connections.refusals import INVALID, as_bytes, headers_and_body, unopened
from backend.http.deadline import Deadline

Fields = list[tuple[bytes, bytes]]

MAX_LINE_BYTES = MAX_LINE_LENGTH - len(b"\r\n")
"""Of what the library itself reads."""


def handshake_lines(method: bytes, url: bytes, headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """What the library needs of a request: cookies, for example, may be longer than it reads."""
    needed = [
        name + b": " + value
        for name, value in headers
        if name in (b"connection", b"upgrade") or name.startswith(b"sec-websocket-")
    ]
    return [method + b" " + url + b" HTTP/1.1", *needed]


class LimitedSocket(WebSocketsSansIOProtocol):
    """uvicorn's protocol, cut off when nobody opens the socket, or when it is over and the client does not take that.

    Between these it has no limit of time: it lives as long as the application lets it, and answers pings.
    """

    limits: ClassVar[ConnectionLimits]
    site_headers: ClassVar[Mapping[str, str]]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # The one place where the library makes an answer of its own.
        self.conn.reject = self._rejected
        self._fields: Fields = []
        self._is_cut_off = False
        self._end_by = Deadline(self.loop, self._expired)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to open the socket."""
        super().connection_made(transport)
        self._end_by.set(self.limits.header_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; no timer outlives it."""
        self._end_by.stop()
        super().connection_lost(exc)

    def begin(self, lines: Iterable[bytes], fields: Fields) -> None:
        """Answer a request: the library reads these lines, the application these headers."""
        self._fields = fields
        self.data_received(b"\r\n".join([*lines, b"", b""]))
        if not self.handshake_initiated:
            # The library found no request in it, and says nothing.
            self.transport.write(as_bytes(INVALID, self.default_headers, self.site_headers))
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Call the application, which has no turn before this returns."""
        super().handle_connect(event)
        if not self.handshake_complete:
            self.scope["headers"] = self._fields

    async def run_asgi(self) -> None:
        """What comes after the application is only to be taken by the client."""
        await super().run_asgi()
        if not self.disconnected:
            self._end_by.set(self.limits.write_s)

    async def send(self, message: ASGISendEvent) -> None:
        """What the application says. Raises ClientDisconnected, too, where the connection was ended without it."""
        await self.writable.wait()
        if self._is_cut_off:
            raise ClientDisconnected
        await super().send(message)
        if message["type"] == "websocket.accept":
            self._end_by.clear()
        elif message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            # The library forgets that this, too, completes the handshake, and would report an error.
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        """Pass a message on, or end with 1007 where a text is none: the client's fault, and no error in our log."""
        if self.close_sent or self.curr_msg_data_type != "text" or _is_text(b"".join(self.frames)):
            super().send_receive_event_to_app()
            return
        self.frames = []
        self.conn.send_close(1007)
        self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        """The client sent what is no frame. The application is told, and may be about to say something meanwhile."""
        super().handle_parser_exception()
        self._is_cut_off = True

    def keepalive_timeout(self) -> None:
        """Nobody answers: nor will anybody take what is still to be sent."""
        super().keepalive_timeout()
        self._is_cut_off = True
        self.transport.abort()

    def _rejected(self, status: StatusLike, text: str) -> Response:  # noqa: ARG002 - it quotes the client, and more
        problem = unopened(int(status))
        headers, body = headers_and_body(problem, self.site_headers)
        everywhere = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.default_headers]
        return Response(
            problem.status, HTTPStatus(problem.status).phrase, Headers([*everywhere, *headers.items()]), body
        )

    def _expired(self) -> None:
        self.transport.abort()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def limited_socket(limits: ConnectionLimits, site_headers: Mapping[str, str]) -> type[LimitedSocket]:
    """The protocol with these limits, whose own answers have these headers besides."""

    class Protocol(LimitedSocket):
        pass

    Protocol.limits = limits
    Protocol.site_headers = site_headers
    return Protocol
