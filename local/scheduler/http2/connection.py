"""One client's HTTP/2 connection: frames in, frames out, flow control, and which call each belongs to."""

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from local.scheduler.http2 import frames
from local.scheduler.http2.calls import Call, Handler, Unreadable
from local.scheduler.http2.frames import Code, Kind, ProtocolError, Setting
from local.scheduler.http2.hpack import Decoder

log = logging.getLogger("casewright.scheduler.http2")

STREAM_WINDOW = 1024 * 1024
CONNECTION_WINDOW = 16 * 1024 * 1024
HEADER_BYTES = 16 * 1024
MOST_STREAMS = 100_000
UNREAD_BYTES = 4 * 1024 * 1024  # what the client may leave unread before it is not read from either
IDLE_SECONDS = 20.0
PING_SECONDS = 10.0
_PING = frames.head(8, Kind.PING, 0, 0) + b"keepopen"


class Connection(asyncio.Protocol):
    """Serves the calls of one client. Everything happens on the event loop."""

    def __init__(self, find: Callable[[str], Handler], on_closed: Callable[["Connection"], None]) -> None:
        """`find` knows the handler of every path; `on_closed` hears when the connection is gone."""
        self._find = find
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self._decoder = Decoder()
        self._calls: dict[int, Call] = {}
        self._blocked: dict[int, Call] = {}
        self._last = 0
        self._rest = b""
        self._greeted = False
        self._block: tuple[int, int, bytes] | None = None  # header frames that go on: (stream, flags, bytes)
        self._window = frames.FIRST_WINDOW
        self._first_window = frames.FIRST_WINDOW
        self._frame_bytes = frames.FRAME_BYTES
        self._received = 0
        self._out: list[bytes] = []
        self._leaving = False
        self._client_leaves = False
        self._heard = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._frames: dict[int, Callable[[int, int, bytes], None]] = {
            Kind.DATA: self._on_data,
            Kind.HEADERS: self._on_headers,
            Kind.PRIORITY: self._on_nothing,
            Kind.RST_STREAM: self._on_reset,
            Kind.SETTINGS: self._on_settings,
            Kind.PUSH_PROMISE: self._on_push,
            Kind.PING: self._on_ping,
            Kind.GOAWAY: self._on_farewell,
            Kind.WINDOW_UPDATE: self._on_window,
            Kind.CONTINUATION: self._on_continuation,
        }

    # -- the socket -------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greets the client."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=UNREAD_BYTES)
        self._write(
            frames.settings(
                {
                    Setting.MAX_CONCURRENT_STREAMS: MOST_STREAMS,
                    Setting.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                    Setting.MAX_HEADER_LIST_SIZE: HEADER_BYTES,
                }
            )
            + frames.window_update(0, CONNECTION_WINDOW - frames.FIRST_WINDOW)
        )
        self._timer = self._loop.call_later(IDLE_SECONDS, self._keep_alive)

    def data_received(self, data: bytes) -> None:
        """Takes what has arrived apart."""
        self._heard = self._loop.time()
        if self._rest:
            data = self._rest + data
        try:
            used = self._take(data)
        except ProtocolError as error:
            self._break_off(error)
            return
        self._rest = data[used:]

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits for answers any more."""
        del exc
        if self._timer is not None:
            self._timer.cancel()
        for call in list(self._calls.values()):
            call.lost = not (self._client_leaves or self._leaving)
            self._drop(call)
        self._on_closed(self)

    def pause_writing(self) -> None:
        """The client does not read: what it sends has to wait too."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._transport.resume_reading()

    def _keep_alive(self) -> None:
        quiet = self._loop.time() - self._heard
        if quiet >= IDLE_SECONDS + PING_SECONDS:
            log.info("A client has not answered a ping and is given up.")
            self._transport.abort()
            return
        if quiet >= IDLE_SECONDS:
            self._write(_PING)
            wait = PING_SECONDS
        else:
            wait = IDLE_SECONDS - quiet
        self._timer = self._loop.call_later(wait, self._keep_alive)

    def _write(self, data: bytes) -> None:
        """Sends at the end of this turn of the loop: answers that are ready together leave together."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and not self._transport.is_closing():
            self._transport.write(b"".join(out))

    def _break_off(self, error: ProtocolError) -> None:
        log.warning("A client broke the protocol and is disconnected: %s", error)
        self._write(frames.go_away(self._last, error.code, str(error)))
        self._flush()
        self._transport.close()

    # -- frames in --------------------------------------------------------------------------------------------------

    def _take(self, data: bytes) -> int:
        """Handles the complete frames in `data`; returns how many bytes they were."""
        at = 0
        size = len(data)
        if not self._greeted:
            preface = frames.PREFACE
            if not data.startswith(preface[:size]):
                raise ProtocolError(Code.PROTOCOL_ERROR, "This port speaks gRPC (HTTP/2 without TLS).")
            if size < len(preface):
                return 0
            self._greeted = True
            at = len(preface)
        while size - at >= frames.HEAD_BYTES:
            length, kind, flags, stream = frames.read_head(data, at)
            if length > frames.FRAME_BYTES:
                raise ProtocolError(Code.FRAME_SIZE_ERROR, "A frame is larger than allowed.")
            start = at + frames.HEAD_BYTES
            if size - start < length:
                break
            at = start + length
            if self._block is not None and kind != Kind.CONTINUATION:
                raise ProtocolError(Code.PROTOCOL_ERROR, "A header block was interrupted.")
            handle = self._frames.get(kind)
            if handle is not None:
                handle(flags, stream, data[start:at])
        return at

    def _on_nothing(self, _flags: int, _stream: int, _body: bytes) -> None:
        pass

    def _on_push(self, _flags: int, _stream: int, _body: bytes) -> None:
        raise ProtocolError(Code.PROTOCOL_ERROR, "A client cannot push.")

    def _on_headers(self, flags: int, stream: int, body: bytes) -> None:
        if not stream & 1:
            raise ProtocolError(Code.PROTOCOL_ERROR, "A stream has a number that is not the client's.")
        if flags & (frames.PADDED | frames.PRIORITIZED):
            body = frames.unpadded(flags, body)
        if flags & frames.END_HEADERS:
            self._begin(stream, flags, body)
        else:
            self._block = (stream, flags, body)

    def _on_continuation(self, flags: int, stream: int, body: bytes) -> None:
        if self._block is None or self._block[0] != stream:
            raise ProtocolError(Code.PROTOCOL_ERROR, "A header block goes on that has not begun.")
        _, first_flags, block = self._block
        block += body
        if len(block) > HEADER_BYTES:
            raise ProtocolError(Code.ENHANCE_YOUR_CALM, f"Headers of more than {HEADER_BYTES:,} bytes are refused.")
        self._block = (stream, first_flags, block)
        if flags & frames.END_HEADERS:
            self._block = None
            self._begin(stream, first_flags, block)

    def _begin(self, stream: int, flags: int, block: bytes) -> None:
        try:
            headers = self._decoder.decode(block)
        except ValueError as error:
            raise ProtocolError(Code.COMPRESSION_ERROR, str(error)) from error
        ended = bool(flags & frames.END_STREAM)
        if stream <= self._last:
            # Trailers of a request (gRPC has none), or a call that is over.
            call = self._calls.get(stream)
            if call is not None and ended:
                self._hear(call, b"", ended=True)
            return
        self._last = stream
        if self._leaving or len(self._calls) >= MOST_STREAMS:
            self._write(frames.reset(stream, Code.REFUSED_STREAM))
            return
        call = Call(self, stream, headers, self._find(headers.path), self._first_window)
        self._calls[stream] = call
        if ended:
            self._hear(call, b"", ended=True)

    def _on_data(self, flags: int, stream: int, body: bytes) -> None:
        length = len(body)
        if flags & frames.PADDED:
            body = frames.unpadded(flags & frames.PADDED, body)
        self._received += length
        if self._received > CONNECTION_WINDOW // 2:
            self._write(frames.window_update(0, self._received))
            self._received = 0
        call = self._calls.get(stream)
        if call is None:
            if stream == 0 or stream > self._last:
                raise ProtocolError(Code.PROTOCOL_ERROR, "Data arrived on a stream that was not opened.")
            return
        if call.request_ended:
            raise ProtocolError(Code.STREAM_CLOSED, "Data arrived after the end of a request.")
        ended = bool(flags & frames.END_STREAM)
        if not ended:
            call.received += length
            if call.received > STREAM_WINDOW // 2:
                self._write(frames.window_update(stream, call.received))
                call.received = 0
        self._hear(call, body, ended=ended)

    def _hear(self, call: Call, data: bytes, *, ended: bool) -> None:
        call.request_ended = ended
        try:
            message = call.receive(data, ended=ended)
        except Unreadable as error:
            call.fail(error.code, str(error))
            return
        if message is not None:
            call.task = self._loop.create_task(call.handler(call, message))

    def _on_reset(self, _flags: int, stream: int, body: bytes) -> None:
        frames.read_word(body)
        if stream == 0 or stream > self._last:
            raise ProtocolError(Code.PROTOCOL_ERROR, "A stream was reset that was not opened.")
        call = self._calls.get(stream)
        if call is not None:
            self._drop(call)

    def _on_farewell(self, _flags: int, _stream: int, _body: bytes) -> None:
        self._client_leaves = True

    def _on_settings(self, flags: int, stream: int, body: bytes) -> None:
        if stream:
            raise ProtocolError(Code.PROTOCOL_ERROR, "Settings belong to the connection.")
        if flags & frames.ACK:
            return
        for name, value in frames.read_settings(body):
            if name == Setting.INITIAL_WINDOW_SIZE:
                if value > frames.LARGEST_WINDOW:
                    raise ProtocolError(Code.FLOW_CONTROL_ERROR, "A window is too large.")
                for call in self._calls.values():
                    call.window += value - self._first_window
                self._first_window = value
            elif name == Setting.MAX_FRAME_SIZE:
                if not frames.FRAME_BYTES <= value < 2**24:
                    raise ProtocolError(Code.PROTOCOL_ERROR, "A frame size is out of range.")
                self._frame_bytes = value
        self._write(frames.SETTINGS_ACK)
        self._send_blocked()

    def _on_ping(self, flags: int, _stream: int, body: bytes) -> None:
        if len(body) != 8:
            raise ProtocolError(Code.FRAME_SIZE_ERROR, "A PING has a wrong size.")
        if not flags & frames.ACK:
            self._write(frames.head(8, Kind.PING, frames.ACK, 0) + body)

    def _on_window(self, _flags: int, stream: int, body: bytes) -> None:
        more = frames.read_word(body) & frames.LARGEST_WINDOW
        if stream == 0:
            self._window += more
            if more == 0 or self._window > frames.LARGEST_WINDOW:
                raise ProtocolError(Code.FLOW_CONTROL_ERROR, "A window update is out of range.")
            self._send_blocked()
            return
        call = self._calls.get(stream)
        if call is not None:
            call.window += more
            if call.pending:
                self._send_pending(call)

    # -- frames out -------------------------------------------------------------------------------------------------

    def transmit(self, call: Call, opening: bytes, data: bytes, ending: bytes | None) -> None:
        """Sends headers, data and trailers of a call, the data as far as the client has room for it now."""
        if call.closed:
            return
        length = len(data)
        if not call.pending and length <= self._window and length <= call.window and length <= self._frame_bytes:
            self._window -= length
            call.window -= length
            if length:
                opening += frames.head(length, Kind.DATA, 0, call.stream) + data
            self._write(opening + ending if ending is not None else opening)
            if ending is not None:
                self._close(call)
            return
        if opening:
            self._write(opening)
        call.pending = (call.pending or bytearray()) + data
        call.ending = ending
        self._send_pending(call)

    def _send_pending(self, call: Call) -> None:
        pending = call.pending
        if pending is None:
            return
        sent = 0
        while sent < len(pending):
            length = min(len(pending) - sent, self._window, call.window, self._frame_bytes)
            if length <= 0:
                break
            self._write(frames.head(length, Kind.DATA, 0, call.stream) + bytes(pending[sent : sent + length]))
            self._window -= length
            call.window -= length
            sent += length
        del pending[:sent]
        if pending:
            self._blocked[call.stream] = call
            return
        call.pending = None
        self._blocked.pop(call.stream, None)
        if call.ending is not None:
            self._write(call.ending)
            self._close(call)
        elif call.drained_waiter is not None and not call.drained_waiter.done():
            call.drained_waiter.set_result(None)

    def _send_blocked(self) -> None:
        for call in list(self._blocked.values()):
            if self._window <= 0:
                return
            self._send_pending(call)

    def _close(self, call: Call) -> None:
        call.closed = True
        del self._calls[call.stream]
        if not call.request_ended:
            self._write(frames.reset(call.stream, Code.NO_ERROR))
        if self._leaving and not self._calls:
            self._hang_up()

    def _drop(self, call: Call) -> None:
        """The client does not want the answer any more."""
        call.closed = True
        call.pending = None
        self._calls.pop(call.stream, None)
        self._blocked.pop(call.stream, None)
        if call.task is not None:
            call.task.cancel()
        if self._leaving and not self._calls:
            self._hang_up()

    # -- the end ----------------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Takes no more calls; hangs up when those under way have ended."""
        self._leaving = True
        self._write(frames.go_away(self._last, Code.NO_ERROR))
        if not self._calls:
            self._hang_up()

    def _hang_up(self) -> None:
        self._flush()
        self._transport.close()

    def cut(self) -> None:
        """Ends the connection now, with whatever is under way."""
        self._transport.abort()
