"""Frames in, frames out: what a client may do to a connection, and what it may not."""

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, cast

import grpc
import pytest

from local.scheduler.http2 import connection as module
from local.scheduler.http2.calls import RECEIVE_LIMIT, Call
from local.scheduler.http2.connection import HEADER_BYTES, STREAM_WINDOW, Connection
from local.scheduler.http2.frames import (
    ACK,
    END_HEADERS,
    END_STREAM,
    FIRST_WINDOW,
    PADDED,
    PREFACE,
    PRIORITIZED,
    Code,
    Kind,
    Setting,
    head,
    read_head,
    settings,
    window_update,
)  # fmt: skip
from local.scheduler.http2.hpack import Decoder, literal


class Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    body: bytes


class Wire(asyncio.Transport):
    """The client's end: what the server wrote, taken apart."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""
        self.hung_up = asyncio.Event()
        self.reading = True

    def write(self, data: Any) -> None:
        self.data += bytes(data)

    @property
    def closed(self) -> bool:
        return self.hung_up.is_set()

    def close(self) -> None:
        self.hung_up.set()

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    async def frames(self, *kinds: Kind) -> list[Frame]:
        """What was written since the last call, after everything that is ready has run."""
        for _ in range(10):
            await asyncio.sleep(0)
        found: list[Frame] = []
        at = 0
        while at < len(self.data):
            length, kind, flags, stream = read_head(self.data, at)
            found.append(Frame(kind, flags, stream, self.data[at + 9 : at + 9 + length]))
            at += 9 + length
        self.data = b""
        return [frame for frame in found if not kinds or frame.kind in kinds]


async def echo(call: Call, message: bytes) -> None:
    call.reply(message)


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return head(len(body), kind, flags, stream) + body


def request(stream: int, message: bytes, *headers: tuple[bytes, bytes]) -> bytes:
    block = literal(b":path", b"/s/m") + b"".join(literal(name, value) for name, value in headers)
    data = struct.pack(">BI", 0, len(message)) + message
    return frame(Kind.HEADERS, END_HEADERS, stream, block) + frame(Kind.DATA, END_STREAM, stream, data)


class Peer:
    """A connected client."""

    def __init__(self, handler: Callable[[Call, bytes], Any] = echo, *, greet: bool = True) -> None:
        self.gone = False
        self.wire = Wire()
        self.connection = Connection(lambda _: handler, self._forget)
        self.connection.connection_made(self.wire)
        if greet:
            self.send(PREFACE + settings({}))

    def _forget(self, connection: Connection) -> None:
        self.gone = True

    def send(self, data: bytes) -> None:
        self.connection.data_received(data)

    async def answer(self) -> tuple[bytes, dict[str, str]]:
        """(data, trailers) of the one answer since."""
        found = await self.wire.frames(Kind.HEADERS, Kind.DATA)
        data = b"".join(part.body for part in found if part.kind == Kind.DATA)
        assert found[-1].flags & END_STREAM
        return data, dict(Decoder().decode(found[-1].body).metadata)


def run(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """The connection lives on an event loop."""

    def call() -> None:
        asyncio.run(cast("Any", test()))

    call.__name__ = test.__name__
    return call


@run
async def test_a_call_is_answered_with_headers_message_and_status() -> None:
    peer = Peer()
    await peer.wire.frames()
    peer.send(request(1, b"hello"))
    opening, data, end = await peer.wire.frames()
    assert opening == Frame(Kind.HEADERS, END_HEADERS, 1, b"\x88" + literal(b"content-type", b"application/grpc"))
    assert data == Frame(Kind.DATA, 0, 1, b"\x00\x00\x00\x00\x05hello")
    assert (end.kind, end.flags, end.body) == (Kind.HEADERS, END_HEADERS | END_STREAM, literal(b"grpc-status", b"0"))


@run
async def test_it_does_not_matter_how_the_bytes_are_cut() -> None:
    peer = Peer(greet=False)
    whole = PREFACE + settings({}) + request(1, b"a" * 300) + request(3, b"b")
    for byte in whole:
        peer.send(bytes((byte,)))
    sizes = [len(part.body) for part in await peer.wire.frames(Kind.DATA)]
    assert sizes == [305, 6]


@run
async def test_padding_priorities_and_continued_headers_are_understood() -> None:
    peer = Peer()
    await peer.wire.frames()
    block = literal(b":path", b"/s/m")
    first = b"\x02" + b"\x00" * 5 + block[:4] + b"pp"
    peer.send(frame(Kind.HEADERS, PADDED | PRIORITIZED, 1, first))
    peer.send(frame(Kind.CONTINUATION, END_HEADERS, 1, block[4:]))
    peer.send(frame(Kind.DATA, PADDED | END_STREAM, 1, b"\x03" + b"\x00\x00\x00\x00\x02hi" + b"ppp"))
    assert (await peer.answer())[0] == b"\x00\x00\x00\x00\x02hi"


@run
async def test_settings_and_pings_are_acknowledged() -> None:
    peer = Peer(greet=False)
    peer.send(PREFACE + settings({Setting.MAX_FRAME_SIZE: 32768}) + frame(Kind.PING, 0, 0, b"12345678"))
    peer.send(frame(Kind.PING, ACK, 0, b"12345678") + settings({})[:3] + bytes((4, ACK)) + b"\x00" * 4)
    found = await peer.wire.frames()
    assert Frame(Kind.SETTINGS, ACK, 0, b"") in found
    assert [part for part in found if part.kind == Kind.PING] == [Frame(Kind.PING, ACK, 0, b"12345678")]


@run
async def test_an_answer_waits_for_the_room_that_the_client_gives() -> None:
    size = FIRST_WINDOW + 50_000
    peer = Peer()
    await peer.wire.frames()
    message = b"x" * (size - 5)
    parts = [message[at : at + 10_000] for at in range(0, len(message), 10_000)]
    peer.send(frame(Kind.HEADERS, END_HEADERS, 1, literal(b":path", b"/s/m")))
    peer.send(frame(Kind.DATA, 0, 1, struct.pack(">BI", 0, len(message))))
    for part in parts:
        peer.send(frame(Kind.DATA, 0, 1, part))
    peer.send(frame(Kind.DATA, END_STREAM, 1, b""))
    found = await peer.wire.frames(Kind.DATA, Kind.HEADERS)
    assert sum(len(part.body) for part in found if part.kind == Kind.DATA) == FIRST_WINDOW
    assert not any(part.flags & END_STREAM for part in found)
    peer.send(window_update(1, 60_000))
    assert await peer.wire.frames() == []
    peer.send(window_update(0, 20_000))
    assert sum(len(part.body) for part in await peer.wire.frames(Kind.DATA)) == 20_000
    peer.send(window_update(0, 60_000))
    data, trailers = await peer.answer()
    assert (len(data), trailers) == (30_000, {"grpc-status": "0"})


@run
async def test_a_smaller_first_window_holds_for_calls_under_way() -> None:
    released = asyncio.Event()

    async def slow(call: Call, message: bytes) -> None:
        await released.wait()
        call.reply(message)

    peer = Peer(slow)
    peer.send(request(1, b"x" * 95))
    await peer.wire.frames()
    peer.send(settings({Setting.INITIAL_WINDOW_SIZE: 40}))
    released.set()
    assert [len(part.body) for part in await peer.wire.frames(Kind.DATA)] == [40]
    peer.send(settings({Setting.INITIAL_WINDOW_SIZE: 100}))
    assert [len(part.body) for part in await peer.wire.frames(Kind.DATA)] == [60]


@run
async def test_a_large_request_gets_new_room_while_it_arrives() -> None:
    peer = Peer()
    await peer.wire.frames()
    peer.send(frame(Kind.HEADERS, END_HEADERS, 1, literal(b":path", b"/s/m")))
    peer.send(frame(Kind.DATA, 0, 1, struct.pack(">BI", 0, 2 * STREAM_WINDOW)))
    for _ in range(2 * STREAM_WINDOW // 16_384):
        peer.send(frame(Kind.DATA, 0, 1, b"x" * 16_384))
    given = [int.from_bytes(part.body) for part in await peer.wire.frames(Kind.WINDOW_UPDATE) if part.stream == 1]
    assert sum(given) >= STREAM_WINDOW


@run
async def test_a_streamed_answer_waits_until_there_is_room() -> None:
    sent: list[int] = []

    async def stream(call: Call, _message: bytes) -> None:
        for number in range(4):
            call.send(b"x" * 40_000)
            await call.drained()
            sent.append(number)
        call.finish()

    peer = Peer(stream)
    peer.send(request(1, b""))
    await peer.wire.frames()
    assert sent == [0]
    peer.send(window_update(0, 200_000) + window_update(1, 200_000))
    data, trailers = await peer.answer()
    assert sent == [0, 1, 2, 3]
    assert len(data) == 4 * 40_005 - FIRST_WINDOW
    assert trailers == {"grpc-status": "0"}


@run
async def test_a_call_that_the_client_gives_up_is_cancelled() -> None:
    cancelled = asyncio.Event()

    async def wait(call: Call, message: bytes) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
            call.reply(message)

    peer = Peer(wait)
    peer.send(request(1, b""))
    await peer.wire.frames()
    peer.send(frame(Kind.RST_STREAM, 0, 1, b"\x00\x00\x00\x08"))
    assert await peer.wire.frames() == []
    assert cancelled.is_set()


@run
async def test_a_lost_connection_cancels_its_calls() -> None:
    cancelled = asyncio.Event()

    async def wait(_call: Call, _message: bytes) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    peer = Peer(wait)
    peer.send(request(1, b""))
    await peer.wire.frames()
    peer.connection.connection_lost(None)
    await peer.wire.frames()
    assert (cancelled.is_set(), peer.gone) == (True, True)


@run
async def test_a_leaving_server_finishes_what_is_under_way_and_takes_nothing_new() -> None:
    released = asyncio.Event()

    async def slow(call: Call, message: bytes) -> None:
        await released.wait()
        call.reply(message)

    peer = Peer(slow)
    peer.send(request(1, b"a"))
    await peer.wire.frames()
    peer.connection.leave()
    peer.send(request(3, b"b"))
    found = await peer.wire.frames()
    assert Frame(Kind.GOAWAY, 0, 0, struct.pack(">II", 1, Code.NO_ERROR)) in found
    assert Frame(Kind.RST_STREAM, 0, 3, struct.pack(">I", Code.REFUSED_STREAM)) in found
    assert not peer.wire.closed
    released.set()
    assert (await peer.answer())[1] == {"grpc-status": "0"}
    assert peer.wire.closed


@run
async def test_an_error_says_what_is_wrong_in_any_language() -> None:
    async def refuse(call: Call, _message: bytes) -> None:
        call.fail(grpc.StatusCode.NOT_FOUND, "There is no 'ä' 100%\n")

    peer = Peer(refuse)
    peer.send(request(1, b""))
    _, trailers = await peer.answer()
    assert trailers["grpc-status"] == "5"
    assert trailers["grpc-message"] == "There is no '%C3%A4' 100%25%0A"


@run
async def test_compressed_requests_are_unpacked_and_unknown_encodings_refused() -> None:
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(b"hello" * 100) + packer.flush()
    body = struct.pack(">BI", 1, len(packed)) + packed
    answers: list[tuple[bytes, dict[str, str]]] = []
    for encoding in (b"gzip", b"snappy"):
        peer = Peer()
        block = literal(b":path", b"/s/m") + literal(b"grpc-encoding", encoding)
        peer.send(frame(Kind.HEADERS, END_HEADERS, 1, block) + frame(Kind.DATA, END_STREAM, 1, body))
        answers.append(await peer.answer())
    assert answers[0][0][5:] == b"hello" * 100
    assert answers[1][1]["grpc-status"] == "12"


@run
async def test_a_message_over_the_limit_is_refused_before_it_is_received() -> None:
    peer = Peer()
    await peer.wire.frames()
    peer.send(frame(Kind.HEADERS, END_HEADERS, 1, literal(b":path", b"/s/m")))
    peer.send(frame(Kind.DATA, 0, 1, struct.pack(">BI", 0, RECEIVE_LIMIT + 1) + b"x"))
    refusal, reset = await peer.wire.frames()
    assert Decoder().decode(refusal.body).metadata["grpc-status"] == "8"
    assert reset.kind == Kind.RST_STREAM
    peer.send(frame(Kind.DATA, END_STREAM, 1, b"late"))
    peer.send(request(3, b"the connection goes on"))
    assert (await peer.answer())[0].endswith(b"goes on")


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", Code.PROTOCOL_ERROR),
        (PREFACE + head(20_000, Kind.DATA, 0, 1), Code.FRAME_SIZE_ERROR),
        (PREFACE + frame(Kind.HEADERS, END_HEADERS, 2, b"\x84"), Code.PROTOCOL_ERROR),
        (PREFACE + frame(Kind.HEADERS, END_HEADERS, 1, b"\x80"), Code.COMPRESSION_ERROR),
        (PREFACE + frame(Kind.HEADERS, 0, 1, b"\x84") + frame(Kind.PING, 0, 0, b"12345678"), Code.PROTOCOL_ERROR),
        (PREFACE + frame(Kind.CONTINUATION, 0, 1, b"\x84"), Code.PROTOCOL_ERROR),
        (
            PREFACE + frame(Kind.HEADERS, 0, 1, b"x" * 16_000) + frame(Kind.CONTINUATION, 0, 1, b"x" * HEADER_BYTES),
            Code.ENHANCE_YOUR_CALM,
        ),
        (PREFACE + frame(Kind.DATA, 0, 1, b""), Code.PROTOCOL_ERROR),
        (PREFACE + frame(Kind.RST_STREAM, 0, 1, b"\x00\x00\x00\x00"), Code.PROTOCOL_ERROR),
        (PREFACE + frame(Kind.PUSH_PROMISE, 0, 1, b""), Code.PROTOCOL_ERROR),
        (PREFACE + frame(Kind.PING, 0, 0, b"short"), Code.FRAME_SIZE_ERROR),
        (PREFACE + frame(Kind.SETTINGS, 0, 0, b"short"), Code.FRAME_SIZE_ERROR),
        (PREFACE + frame(Kind.SETTINGS, 0, 1, b""), Code.PROTOCOL_ERROR),
        (PREFACE + settings({Setting.INITIAL_WINDOW_SIZE: 2**31}), Code.FLOW_CONTROL_ERROR),
        (PREFACE + settings({Setting.MAX_FRAME_SIZE: 1}), Code.PROTOCOL_ERROR),
        (PREFACE + window_update(0, 0), Code.FLOW_CONTROL_ERROR),
        (PREFACE + frame(Kind.WINDOW_UPDATE, 0, 0, b""), Code.FRAME_SIZE_ERROR),
        (PREFACE + frame(Kind.HEADERS, END_HEADERS | PADDED, 1, b"\x09\x84"), Code.PROTOCOL_ERROR),
    ],
)
def test_a_client_that_breaks_the_protocol_is_told_why_and_disconnected(what: bytes, code: Code) -> None:
    async def check() -> None:
        peer = Peer(greet=False)
        peer.send(what)
        (last,) = await peer.wire.frames(Kind.GOAWAY)
        assert int.from_bytes(last.body[4:8]) == code
        assert peer.wire.closed

    asyncio.run(check())


@run
async def test_unknown_frames_are_ignored() -> None:
    peer = Peer()
    await peer.wire.frames()
    peer.send(frame(0xEE, 0, 0, b"?") + frame(Kind.PRIORITY, 0, 1, b"12345") + request(1, b"x"))
    assert (await peer.answer())[1] == {"grpc-status": "0"}


@run
async def test_a_client_that_does_not_read_is_not_read_from() -> None:
    peer = Peer()
    peer.connection.pause_writing()
    assert not peer.wire.reading
    peer.connection.resume_writing()
    assert peer.wire.reading


def test_a_silent_client_is_pinged_and_then_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(module, "PING_SECONDS", 0.01)

    async def check() -> None:
        peer = Peer()
        async with asyncio.timeout(60):
            await peer.wire.hung_up.wait()
        assert any(part.kind == Kind.PING for part in await peer.wire.frames())

    asyncio.run(check())
