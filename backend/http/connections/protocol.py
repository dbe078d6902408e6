"""The HTTP protocol of one connection, with limits of time and size that the library does not have."""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, Literal, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from backend.http.connections.limits import ConnectionLimits
from backend.http.connections.refusals import (
    FAILED,
    INVALID,
    TOO_MANY_CONNECTIONS,
    TOO_SLOW,
    UPGRADE_WITH_BODY,
    as_bytes,
    headers_too_large,
    line_too_long,
    refusal,
)
from backend.http.connections.sockets import MAX_LINE_BYTES, LimitedSocket, handshake_lines
from backend.http.deadline import Deadline
from backend.http.problem import Problem
from runtime.host_header import PROBES

PIECE_BYTES = 16 * 1024
"""Fed to the parser at once: so much more than allowed it may hold."""
MIN_PROGRESS_BYTES = 16 * 1024
"""What a client takes of its answer within the time that it may take none."""

Reading = Literal["nothing", "headers", "body", "discarded"]
"""What of a request comes next."""


class _Answered:
    """A request, and what the library knows of its answer as soon as it is under way."""

    cycle: RequestResponseCycle


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which cuts off whoever takes too long, sends too much, or is one too many.

    Sockets are no longer its business once they are handed over; streams are answers like any other.
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
        self._application: ASGIApp = self.app  # pyright: ignore[reportAttributeAccessIssue] uvicorn's words for ASGI
        self._reading: Reading = "nothing"
        self._read_by = Deadline(self.loop, self._read_expired)
        self._write_by = Deadline(self.loop, self._write_expired)
        self._header_bytes = self._fields = self._body_bytes = self._unwritten = 0
        self._unseen = 0
        """Bytes that the parser was fed and has said nothing of yet."""
        self._body_began = 0.0
        self._is_surplus = False
        self._ends_early = False
        """Whether an answer began before the request had come: the connection ends with it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; whoever is far too many is refused at once."""
        super().connection_made(transport)
        beyond = len(self.connections) - self.limits.connections
        self._is_surplus = beyond > 0
        self._read_by.set(self.limits.header_s)
        if beyond > self.limits.spare_connections:
            self._refuse(TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; no timer outlives it."""
        self._read_by.stop()
        self._write_by.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Let the parser have it, in pieces so small that none holds much more than is allowed."""
        for piece in _pieces(data):
            if self._reading == "discarded" or self.transport.is_closing():
                return
            if self._reading == "nothing" and not self._read_by.is_set and not self._is_answering():
                # An empty line, for example, is no request yet, and buys no time.
                self._read_by.set(self.limits.header_s)
            self._unseen += len(piece)
            super().data_received(piece)
            if self.transport.get_protocol() is not self:
                return
            if self._reading in ("headers", "body") and self._is_over():
                self._refuse(self._headers_too_large())

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._ends_early:
            self._reading = "discarded"
        if self._reading == "discarded":
            return
        self._reading = "headers"
        self._read_by.set(self.limits.header_s)
        self._header_bytes = self._fields = self._body_bytes = self._unseen = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._count(len(url))
        if self._reading == "headers":
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header. What comes after a body is none: whoever judges a request has seen all of its headers."""
        self._count(len(name) + len(value) + len(": \r\n"))
        self._fields += 1
        if self._reading == "headers" and not self._is_over():
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """All headers are there: the application answers, unless the connection does."""
        if self._reading == "discarded":
            return
        if self._should_upgrade() and self._announces_body():
            self._refuse(UPGRADE_WITH_BODY)
            return
        asked = _Answered()
        application = self._application
        if self._is_over():
            application = refusal(self._headers_too_large(), self.site_headers)
            # The library cannot read an address of any length.
            self.url = b"/"
        self.app = partial(self._answer, asked, application)  # pyright: ignore[reportAttributeAccessIssue] uvicorn's words for ASGI
        super().on_headers_complete()
        asked.cycle = self.cycle
        self._reading = "body"
        self._unseen = 0
        self._body_began = self.loop.time()
        self._read_by.set(self.limits.body_s)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._unseen = 0
        self._body_bytes += len(body)
        if self._reading == "body":
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        if self._reading == "discarded":
            return
        super().on_message_complete()
        self._reading = "nothing"
        self._unseen = 0
        self._read_by.clear()

    def on_response_complete(self) -> None:
        """The answer is written, though perhaps not sent."""
        super().on_response_complete()
        if self._ends_early:
            self._discard()
        elif self.transport.is_closing():
            self._watch_writing()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over."""
        if self._reading == "discarded":
            return
        lines = handshake_lines(self.scope["method"].encode(), self.url, self.headers)
        if self._is_over():
            self._refuse(self._headers_too_large())
        elif self._is_too_many() or self._is_answering():
            self._refuse(TOO_MANY_CONNECTIONS)
        elif max(map(len, lines)) > MAX_LINE_BYTES:
            self._refuse(line_too_long(MAX_LINE_BYTES))
        else:
            self._hand_over(lines)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 # the library's words
        """What came is no HTTP."""
        self._refuse(INVALID)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing was asked for a while."""
        super().timeout_keep_alive_handler()
        self._watch_writing()

    def pause_writing(self) -> None:
        """The client takes its answer more slowly than it is written."""
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        self._write_by.clear()

    async def _answer(self, asked: _Answered, application: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_end(message: Message) -> None:
            ends_early = message["type"] == "http.response.start" and asked.cycle.more_body
            if ends_early:
                # Said by the library in the answer; ended by this class, after what is still on its way.
                asked.cycle.keep_alive = False
                self._ends_early = True
            await send(message)
            if ends_early:
                asked.cycle.keep_alive = True

        if self._is_too_many() and scope["path"] not in PROBES:
            application = refusal(TOO_MANY_CONNECTIONS, self.site_headers)
        try:
            await application(scope, receive, send_and_end)
        except Exception:
            if not asked.cycle.response_started:
                # In place of the library's own answer, which lacks the headers.
                await refusal(FAILED, self.site_headers)(scope, receive, send_and_end)
            raise

    def _hand_over(self, lines: list[bytes]) -> None:
        self._read_by.stop()
        self._write_by.stop()
        self.connections.discard(self)
        make = cast("type[LimitedSocket]", self.ws_protocol_class)
        socket = make(self.config, self.server_state, self.app_state, self.loop)
        socket.connection_made(self.transport)
        socket.begin(lines, self.headers)
        self.transport.set_protocol(socket)

    def _announces_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
            for name, value in self.headers
        )

    def _is_too_many(self) -> bool:
        return self._is_surplus and len(self.connections) > self.limits.connections

    def _is_answering(self) -> bool:
        # None before the first request, whatever the library says.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _count(self, size: int) -> None:
        self._unseen = 0
        self._header_bytes += size

    def _is_over(self) -> bool:
        most = self.limits
        return self._fields > most.header_fields or self._header_bytes + self._unseen > most.header_bytes

    def _headers_too_large(self) -> Problem:
        return headers_too_large(self.limits.header_bytes, self.limits.header_fields)

    def _read_expired(self) -> None:
        if self._reading == "discarded":
            self.transport.abort()
        elif self._reading == "nothing":
            # Nothing has come at all: there is nothing to answer.
            self.transport.close()
            self._watch_writing()
        elif self.flow.read_paused or self._is_to_be_called_for():
            # The client waits for this server, not the other way round.
            self._body_began = self.loop.time() - self._body_bytes / self.limits.body_bytes_per_s
            self._read_by.set(self.limits.body_s)
        elif self._reading == "headers":
            self._refuse(TOO_SLOW)
        else:
            self._body_expired()

    def _is_to_be_called_for(self) -> bool:
        return self._reading == "body" and self.cycle.waiting_for_100_continue

    def _body_expired(self) -> None:
        allowed_s = self._body_bytes / self.limits.body_bytes_per_s
        left_s = self._body_began + allowed_s - self.loop.time()
        if left_s > 0:
            self._read_by.set(left_s)
        else:
            self._refuse(TOO_SLOW)

    def _watch_writing(self) -> None:
        self._unwritten = self.transport.get_write_buffer_size()
        self._write_by.set(self.limits.write_s)

    def _write_expired(self) -> None:
        unwritten = self.transport.get_write_buffer_size()
        if unwritten and unwritten > self._unwritten - MIN_PROGRESS_BYTES:
            self.transport.abort()
        elif unwritten:
            self._watch_writing()

    def _refuse(self, problem: Problem) -> None:
        if self._reading == "discarded" or self.transport.is_closing():
            return
        if self._is_answering():
            if self._reading != "body" or self.cycle.response_started or self.pipeline:
                # Within another answer there is no place for this one.
                self.transport.abort()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        to_head = self._reading in ("headers", "body") and self._method() == b"HEAD"
        self.transport.write(as_bytes(problem, self.server_state.default_headers, self.site_headers, to_head=to_head))
        self._discard()

    def _method(self) -> bytes | None:
        return None if self.parser is None else self.parser.get_method()

    def _discard(self) -> None:
        """End the connection, but first take what the client still sends: it would not read the answer otherwise."""
        self._unset_keepalive_if_required()
        self._reading = "discarded"
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._read_by.set(self.limits.linger_s)


def limited_protocol(limits: ConnectionLimits, site_headers: Mapping[str, str]) -> type[LimitedProtocol]:
    """The protocol with these limits, whose own answers have these headers besides."""

    class Protocol(LimitedProtocol):
        pass

    Protocol.limits = limits
    Protocol.site_headers = site_headers
    return Protocol


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE_BYTES):
        yield data[start : start + PIECE_BYTES]
