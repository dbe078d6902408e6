"""Whatever somebody who is signed in sends to a socket or asks of a stream: others are served, and nothing changes."""

import logging
import socket
import struct
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from backend.http.connections.limits import ConnectionLimits
from backend.services.rate_limits import RateLimits
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import RunningBackend, signed_in
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.slow

HANGS_S = 120
few = settings(
    max_examples=min(40, settings().max_examples), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
ANSWERS = {200, 400, 414, 422, 431}
"""To whoever asks for the stream: it, or why not."""


@dataclass(frozen=True)
class Frame:
    """A frame of a WebSocket, right or wrong in each of its parts."""

    opcode: int
    payload: bytes
    is_final: bool = True
    reserved: int = 0
    is_masked: bool = True
    announced: int | None = None
    """Length, where it is not that of the payload."""

    def __bytes__(self) -> bytes:
        length = len(self.payload) if self.announced is None else self.announced
        masked = 0x80 if self.is_masked else 0
        if length < 126:
            lengths = struct.pack("!B", masked | length)
        elif length < 65_536:
            lengths = struct.pack("!BH", masked | 126, length)
        else:
            lengths = struct.pack("!BQ", masked | 127, length)
        first = struct.pack("!B", (0x80 if self.is_final else 0) | self.reserved << 4 | self.opcode)
        # A mask of zeros leaves the payload as it is.
        return first + lengths + (bytes(4) if self.is_masked else b"") + self.payload


def _reason(code: int, why: bytes) -> bytes:
    return struct.pack("!H", code) + why


payloads = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=60).map(str.encode),
    st.sampled_from([b"", b"{", b"[" * 10_000, b'{"type":"decision","verdict":"approve"}', b"\xff\xfe", b"x" * 70_000]),
    # What a close says: a code, and why.
    st.builds(_reason, st.integers(0, 65_535), st.binary(max_size=130)),
)
frames = st.builds(
    Frame,
    opcode=st.sampled_from([0, TEXT, BINARY, CLOSE, PING, 10, 3, 15]),
    payload=payloads,
    is_final=st.booleans(),
    reserved=st.sampled_from([0, 0, 0, 1, 4, 7]),
    is_masked=st.sampled_from([True, True, True, False]),
    announced=st.sampled_from([None, None, None, 0, 1, 125, 65_535, 2**63 - 1, 2**64 - 1]),
)
sent = st.lists(st.one_of(frames.map(bytes), st.binary(max_size=100)), max_size=8)


@pytest.fixture
def limited(book: CaseBook, scheduler: FakeScheduler) -> Generator[RunningBackend]:
    """A backend as its process is configured, with times that no slow machine meets."""
    limits = ConnectionLimits(header_s=HANGS_S, body_s=HANGS_S, write_s=HANGS_S)
    running = RunningBackend(book, scheduler, rates=RateLimits(0), limits=limits)
    running.start()
    yield running
    running.stop()


def begin(backend: RunningBackend, path: bytes, *headers: bytes) -> socket.socket:
    """A connection on which this was asked for by a viewer."""
    client = socket.create_connection(("127.0.0.1", backend.port), HANGS_S)
    authorization = f"Authorization: {signed_in('vera')['Authorization']}".encode()
    lines = [b"GET " + path + b" HTTP/1.1", b"Host: 127.0.0.1", authorization, *headers, b"", b""]
    client.sendall(b"\r\n".join(lines))
    return client


def head_of(client: socket.socket) -> bytes:
    """The answer up to the end of its headers, or of the connection."""
    got = bytearray()
    while b"\r\n\r\n" not in got and (piece := client.recv(1)):
        got += piece
    return bytes(got)


@contextmanager
def gone_is_well() -> Generator[None]:
    """The server may have closed the connection: what was sent was wrong enough. That it never does is a time-out."""
    try:
        yield
    except TimeoutError:
        raise
    except OSError:
        pass


def leave(client: socket.socket, *, abruptly: bool) -> None:
    """Go with a reset; or say that nothing more comes, and read until the server has closed."""
    if abruptly:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        return
    with client, gone_is_well():
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            pass


def assert_served(backend: RunningBackend, case: str) -> None:
    url = f"{backend.socket_url}/api/workflow/ws/{case}"
    with connect(url, open_timeout=HANGS_S, additional_headers=signed_in("vera")) as watching:
        assert "snapshot" in str(watching.recv(timeout=HANGS_S))


def errors_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]


def test_no_frame_disturbs_others_or_changes_anything(
    limited: RunningBackend, book: CaseBook, caplog: pytest.LogCaptureFixture
) -> None:
    case = open_case(book)
    assert_served(limited, case)
    before = book.last_seq()

    @few
    @given(sent, st.booleans())
    @example([bytes(Frame(TEXT, b"{", is_final=False)), bytes(Frame(0, b"}")), bytes(Frame(PING, b"x" * 126))], False)
    @example([bytes(Frame(TEXT, b"x" * 70_000))] * 3, True)
    @example([bytes(Frame(CLOSE, b"\x03"))], False)
    @example([bytes(Frame(TEXT, b"\xff", is_final=False)), bytes(Frame(0, b"\xfe"))], False)
    def attack(pieces: Sequence[bytes], abruptly: bool) -> None:
        key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        upgrade = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", key)
        client = begin(limited, f"/api/workflow/ws/{case}".encode(), *upgrade)
        assert head_of(client).startswith(b"HTTP/1.1 101 ")
        with gone_is_well():
            for piece in pieces:
                client.sendall(piece)
        leave(client, abruptly=abruptly)
        assert_served(limited, case)

    attack()
    assert errors_in(caplog) == []
    assert book.last_seq() == before


numbers = st.one_of(
    st.integers().map(str), st.sampled_from(["", " ", "-1", "1e3", "0x10", "٣", "9" * 5_000, "1" * 18, "null", "1,2"])
)
printable = st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=40)


def test_no_question_breaks_the_stream(
    limited: RunningBackend, book: CaseBook, caplog: pytest.LogCaptureFixture
) -> None:
    case = open_case(book)
    assert_served(limited, case)
    before = book.last_seq()
    values = st.one_of(
        numbers, st.text(max_size=60), st.lists(st.sampled_from(["cases", "alerts", "chat", "x", " "])).map(",".join)
    )
    queries = st.lists(
        st.tuples(st.sampled_from(["topics", "last_event_id", "last_seq", "token", "TOPICS"]), values), max_size=4
    )

    @few
    @given(queries, st.lists(st.one_of(numbers, printable), max_size=2), st.binary(max_size=30), st.booleans())
    @example([("last_event_id", str(2**63))], [], b"", False)
    @example([("topics", "cases")] * 60, [], b"&" * 60, True)
    def ask(query: list[tuple[str, str]], last: list[str], raw: bytes, abruptly: bool) -> None:
        asked = "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in query).encode()
        headers = [b"Last-Event-ID: " + value.encode("latin-1", "replace") for value in last]
        client = begin(limited, b"/api/events/stream?" + asked + b"&" + quote(raw).encode(), *headers)
        status = int(head_of(client).split(b" ", 2)[1])
        assert status in ANSWERS
        leave(client, abruptly=abruptly)
        assert_served(limited, case)

    ask()
    assert errors_in(caplog) == []
    assert book.last_seq() == before
