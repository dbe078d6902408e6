"""One RPC: its request message is put together here, and its answer is cut into gRPC's parts."""

import asyncio
import struct
import zlib
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

import grpc

from local.scheduler.http2.frames import END_HEADERS, END_STREAM, Kind, head
from local.scheduler.http2.hpack import Headers, literal

if TYPE_CHECKING:
    from local.scheduler.http2.connection import Connection

Handler = Callable[["Call", bytes], Coroutine[object, object, None]]
"""Answers a call whose request message has arrived. Must end it with `reply`, `finish` or `fail`."""

STATUS_NUMBERS: Mapping[grpc.StatusCode, int] = {code: int(code.value[0]) for code in grpc.StatusCode}
RECEIVE_LIMIT = 64 * 1024 * 1024
MESSAGE_HEAD = struct.Struct(">BI")
_ENCODINGS = {"gzip": 31, "deflate": 15}  # zlib's window sizes for these formats
_OPENING = b"\x88" + literal(b"content-type", b"application/grpc")  # :status 200
_OK = literal(b"grpc-status", b"0")


class Unreadable(Exception):
    """The request breaks gRPC's rules: `code` and the text are what the client is told."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code


class Call:
    """A call as its handler sees it. Answers to a call that the client has given up go nowhere."""

    __slots__ = (
        "_buffer", "_connection", "_headers", "_opened", "closed", "drained_waiter", "ending", "handler", "lost",
        "pending", "received", "request_ended", "stream", "task", "window",
    )  # fmt: skip

    def __init__(self, connection: "Connection", stream: int, headers: Headers, handler: Handler, window: int) -> None:
        """`window` is how many bytes the client takes on this stream before it asks for more."""
        self._connection = connection
        self._headers = headers
        self._buffer: bytearray | None = None
        self._opened = False
        self.stream = stream
        self.handler = handler
        self.window = window
        self.task: asyncio.Task[None] | None = None
        self.closed = False
        self.lost = False  # the connection broke, and the client has not said that it leaves
        self.request_ended = False
        self.received = 0  # bytes since the last window update
        self.pending: bytearray | None = None  # what the client's window has no room for
        self.ending: bytes | None = None  # the trailers that follow
        self.drained_waiter: asyncio.Future[None] | None = None

    @property
    def metadata(self) -> Mapping[str, str]:
        """The request's metadata, by lower-case name."""
        return self._headers.metadata

    @property
    def path(self) -> str:
        """`/service/method`."""
        return self._headers.path

    # -- the request ------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, *, ended: bool) -> bytes | None:
        """Takes a piece of the request; returns its message when it is complete. Raises Unreadable."""
        if self._buffer is not None:
            self._buffer += data
        elif ended:
            return self._message(data)
        else:
            self._buffer = bytearray(data)
        if len(self._buffer) >= MESSAGE_HEAD.size:
            self._check(MESSAGE_HEAD.unpack_from(self._buffer)[1])
        return self._message(bytes(self._buffer)) if ended else None

    def _message(self, data: bytes) -> bytes:
        if len(data) < MESSAGE_HEAD.size:
            raise Unreadable(grpc.StatusCode.INTERNAL, "The request has no message.")
        compressed, length = MESSAGE_HEAD.unpack_from(data)
        self._check(length)
        if len(data) != MESSAGE_HEAD.size + length:
            raise Unreadable(grpc.StatusCode.INTERNAL, "The request is not exactly one message.")
        body = data[MESSAGE_HEAD.size :]
        return self._decompress(body) if compressed else body

    def _check(self, length: int) -> None:
        if length > RECEIVE_LIMIT:
            raise Unreadable(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"The request has {length:,} bytes, more than the limit of {RECEIVE_LIMIT:,}.",
            )

    def _decompress(self, body: bytes) -> bytes:
        encoding = self.metadata.get("grpc-encoding", "identity")
        window = _ENCODINGS.get(encoding)
        if window is None:
            raise Unreadable(grpc.StatusCode.UNIMPLEMENTED, f"Requests compressed with '{encoding}' are not accepted.")
        try:
            unpacked = zlib.decompressobj(window).decompress(body, RECEIVE_LIMIT + 1)
        except zlib.error as error:
            raise Unreadable(grpc.StatusCode.INTERNAL, "The request is not compressed as it says.") from error
        self._check(len(unpacked))
        return unpacked

    # -- the answer -------------------------------------------------------------------------------------------------

    def _open(self) -> bytes:
        if self._opened:
            return b""
        self._opened = True
        return head(len(_OPENING), Kind.HEADERS, END_HEADERS, self.stream) + _OPENING

    def open(self) -> None:
        """Sends the answer's headers, before there is a message."""
        self._connection.transmit(self, self._open(), b"", None)

    def send(self, message: bytes) -> None:
        """Sends one message of a streamed answer; what the client has no room for yet waits."""
        self._connection.transmit(self, self._open(), MESSAGE_HEAD.pack(0, len(message)) + message, None)

    def reply(self, message: bytes) -> None:
        """Answers with one message and ends the call."""
        self._connection.transmit(self, self._open(), MESSAGE_HEAD.pack(0, len(message)) + message, self._end(_OK))

    def finish(self) -> None:
        """Ends a streamed answer."""
        self._connection.transmit(self, self._open(), b"", self._end(_OK))

    def fail(self, code: grpc.StatusCode, text: str) -> None:
        """Ends the call with an error."""
        trailers = literal(b"grpc-status", str(STATUS_NUMBERS[code]).encode())
        # As many bytes as fit into one frame, and no escape cut in two.
        trailers += literal(b"grpc-message", quote(text[:1000], safe=" !#$&'()*+,/:;<=>?@[]^`{|}\"").encode())
        self._connection.transmit(self, b"", b"", self._end(trailers if self._opened else _OPENING + trailers))

    def _end(self, trailers: bytes) -> bytes:
        return head(len(trailers), Kind.HEADERS, END_HEADERS | END_STREAM, self.stream) + trailers

    async def drained(self) -> None:
        """Waits until the client has room for more."""
        if self.pending and not self.closed:
            self.drained_waiter = asyncio.get_running_loop().create_future()
            await self.drained_waiter
