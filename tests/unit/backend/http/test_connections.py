"""The limits of connections, over real sockets: what they close, and what they let alone."""

import json
import logging
import socket
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace

import pytest
from anyio.lowlevel import checkpoint
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from backend.http.connections.config import server_config
from backend.http.connections.limits import ConnectionLimits
from backend.http.site import Site
from runtime.listening import listen
from runtime.server import StoppableServer

HANGS_S = 120
"""For what would never end."""
AT_ONCE = 0.05
"""A limit that is reached at once, whatever the machine does."""
PUBLIC = Site(public_origin="https://desk.example")
PATIENT = ConnectionLimits(header_s=600, body_s=600, idle_s=600, write_s=600, linger_s=600)
UPGRADE = (
    b"GET %s HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
HEAD = b"POST /echo HTTP/1.1\r\nHost: here\r\n"


class Application:
    """Echoes bodies; `/refused` answers without reading one; `/endless` is written as fast as it is taken.

    Its sockets say the cookie, or else the first message; `/never` opens none, `/refused` says so,
    and `/flood` leaves more than anybody takes.
    """

    def __init__(self) -> None:
        self.left = threading.Event()
        self.taken = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._open(WebSocket(scope, receive, send))
        elif scope["type"] == "http":
            await (await self._answer(Request(scope, receive)))(scope, receive, send)

    async def _open(self, opened: WebSocket) -> None:
        if opened.url.path == "/never":
            await opened.receive()
            assert (await opened.receive())["type"] == "websocket.disconnect"
            self.left.set()
        elif opened.url.path == "/flood":
            await opened.accept()
            await opened.send_bytes(b"x" * 50_000_000)
        elif opened.url.path == "/broken":
            raise LookupError("a fault in the program")
        elif opened.url.path == "/closed":
            await opened.close()
        elif opened.url.path == "/refused":
            await opened.send_denial_response(JSONResponse({"refused": True}, 401))
        else:
            await opened.accept()
            await opened.send_text(opened.headers.get("cookie") or await opened.receive_text())
            await opened.close()

    async def _answer(self, request: Request) -> Response:
        if request.url.path == "/broken":
            raise LookupError("a fault in the program")
        if request.url.path == "/refused":
            return JSONResponse({"refused": True}, 401)
        if request.url.path == "/endless":
            return StreamingResponse(self._endless())
        try:
            body = await request.body()
        except ClientDisconnect:
            self.left.set()
            raise
        self.taken += len(body)
        return JSONResponse({"bytes": len(body), "headers": len(request.headers)})

    async def _endless(self) -> AsyncGenerator[bytes]:
        try:
            while True:
                # What is written to nobody returns at once, and nobody else would have a turn.
                await checkpoint()
                yield b"x" * 65_536
        finally:
            self.left.set()


@pytest.fixture
def application() -> Application:
    return Application()


Serve = Callable[[ConnectionLimits], AbstractContextManager[int]]


@pytest.fixture
def serve(application: Application) -> Serve:
    @contextmanager
    def serving(limits: ConnectionLimits) -> Generator[int]:
        with listen("127.0.0.1", 0, instead="") as listener:
            server = StoppableServer(server_config(application, limits, 1, PUBLIC))
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            try:
                yield listener.getsockname()[1]
            finally:
                server.stop()
                thread.join(HANGS_S)

    return serving


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=HANGS_S)


def read_all(client: socket.socket) -> bytes:
    got = bytearray()
    while piece := client.recv(65_536):
        got += piece
    return bytes(got)


def read_one(client: socket.socket) -> bytes:
    got = bytearray()
    while b"\r\n\r\n" not in got:
        got += client.recv(65_536)
    head, _, body = bytes(got).partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += client.recv(65_536)
    return head + b"\r\n\r\n" + body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def problem_of(answer: bytes) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    assert b"x-content-type-options: nosniff" in head.lower()
    assert head.lower().count(b"\r\nstrict-transport-security: max-age=") == 1
    return json.loads(body)["id"]


def test_defaults_are_what_the_docs_say() -> None:
    given = ConnectionLimits()
    assert (given.header_bytes, given.header_fields, given.connections) == (65_536, 100, 1_000)
    assert (given.header_s, given.body_s, given.idle_s, given.write_s) == (10, 30, 60, 60)


def test_who_sends_on_after_a_refusal_is_left(serve: Serve) -> None:
    with serve(replace(PATIENT, linger_s=AT_ONCE)) as port, connected(port) as client:
        client.sendall(b"no http\r\n\r\n")
        assert status_of(read_all(client)) == 400
        with pytest.raises(ConnectionError):
            client.sendall(b"x" * 1_000_000_000)


def test_silent_connection_is_closed(serve: Serve) -> None:
    with serve(replace(PATIENT, header_s=AT_ONCE)) as port, connected(port) as client:
        assert read_all(client) == b""


@pytest.mark.parametrize(
    "sent",
    [b"\r\n", b"G", b"GET / HTTP/1.1\r\nHost: he", b"GET / HTTP/1.1\r\nA: b\r\n"],
    ids=["line", "method", "name", "fields"],
)
def test_unfinished_headers_are_cut_off(serve: Serve, sent: bytes) -> None:
    with serve(replace(PATIENT, header_s=AT_ONCE)) as port, connected(port) as client:
        client.sendall(sent)
        answer = read_all(client)
    assert sent == b"\r\n" or problem_of(answer) == "request-timeout"


def test_unfinished_second_headers_are_cut_off(serve: Serve) -> None:
    with serve(replace(PATIENT, header_s=AT_ONCE)) as port, connected(port) as client:
        client.sendall(b"GET /refused HTTP/1.1\r\nHost: here\r\n\r\nGET /")
        assert status_of(read_one(client)) == 401
        assert read_all(client) in (b"", read_timeout_of(port))


def read_timeout_of(port: int) -> bytes:
    with connected(port) as client:
        client.sendall(b"GET /")
        return read_all(client)


def test_unfinished_body_is_cut_off(serve: Serve, application: Application) -> None:
    with serve(replace(PATIENT, body_s=AT_ONCE)) as port, connected(port) as client:
        client.sendall(HEAD + b"Content-Length: 10\r\n\r\nhalf")
        assert problem_of(read_all(client)) == "request-timeout"
        assert application.left.wait(HANGS_S)


def test_body_in_time_may_be_longer_than_usual(serve: Serve, application: Application) -> None:
    limits = replace(PATIENT, body_s=AT_ONCE, body_bytes_per_s=1)
    with serve(limits) as port, connected(port) as client:
        client.sendall(HEAD + b"Content-Length: 10001\r\n\r\n" + b"x" * 10_000)
        # By now the time of a small body is over: others who began later have been cut off.
        with connected(port) as other:
            other.sendall(HEAD + b"Content-Length: 10\r\n\r\n")
            assert problem_of(read_all(other)) == "request-timeout"
        client.sendall(b"x")
        assert status_of(read_one(client)) == 200
    assert application.taken == 10_001


def test_idle_connection_is_closed(serve: Serve) -> None:
    with serve(replace(PATIENT, idle_s=1)) as port, connected(port) as client:
        client.sendall(b"GET /refused HTTP/1.1\r\nHost: here\r\n\r\n")
        assert status_of(read_one(client)) == 401
        assert read_all(client) == b""


def test_answer_that_nobody_takes_is_cut_off(serve: Serve, application: Application) -> None:
    with serve(replace(PATIENT, write_s=AT_ONCE)) as port, connected(port) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: here\r\n\r\n")
        assert application.left.wait(HANGS_S)


@pytest.mark.parametrize(
    "headers",
    [
        b"A: " + b"x" * 70_000 + b"\r\n",
        b"".join(b"A%d: x\r\n" % number for number in range(101)),
        b"".join(b"A%d: %s\r\n" % (number, b"x" * 1_000) for number in range(99)),
        b"A: b\r\n" * 400_000,
    ],
    ids=["one", "fields", "together", "endless"],
)
def test_headers_that_are_too_large_are_refused(serve: Serve, headers: bytes) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(HEAD + headers + b"\r\n")
        answer = read_all(client)
    assert (status_of(answer), problem_of(answer)) == (431, "headers-too-large")


@pytest.mark.parametrize("rest", [b"", b" HTTP/1.1\r\nHost: here\r\n\r\n"], ids=["half", "whole"])
@pytest.mark.parametrize("length", [65_525, 70_000])
def test_long_address_is_refused(serve: Serve, length: int, rest: bytes) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(b"GET /" + b"x" * (length + 100 * (not rest)) + rest)
        answer = read_all(client)
    assert (status_of(answer), problem_of(answer)) == (431, "headers-too-large")


def test_refusal_of_head_has_no_body(serve: Serve) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(b"HEAD /" + b"x" * 70_000)
        head, _, body = read_all(client).partition(b"\r\n\r\n")
    assert (status_of(head), body) == (431, b"")
    assert b"\r\ndate: " in head.lower()


def test_headers_within_the_limits_are_answered(serve: Serve) -> None:
    headers = b"".join(b"A%d: %s\r\n" % (number, b"x" * 600) for number in range(98))
    request = b"GET /echo HTTP/1.1\r\nHost: here\r\nConnection: %s\r\n" + headers + b"\r\n"
    with serve(PATIENT) as port, connected(port) as client:
        # Two in one piece: what one request has does not count for the next.
        client.sendall(request % b"keep-alive" + request % b"close")
        assert read_all(client).count(b'{"bytes":0,"headers":100}') == 2


def test_trailers_are_no_headers(serve: Serve) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nOrigin: http://here\r\n\r\n")
        assert json.loads(read_one(client).partition(b"\r\n\r\n")[2]) == {"bytes": 1, "headers": 2}


def test_trailers_without_end_are_refused(serve: Serve) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + b"A: b\r\n" * 1_000)
        assert status_of(read_all(client)) == 431


def test_refused_body_ends_the_connection(serve: Serve, application: Application) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(b"POST /refused HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1_000_000)
        answer = read_all(client)
    assert (status_of(answer), answer.count(b"HTTP/1.1")) == (401, 1)
    assert b"connection: close" in answer.lower()
    assert application.taken == 0


def test_nothing_is_done_after_a_refused_body(serve: Serve, application: Application) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(b"POST /refused HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n")
        assert status_of(read_one(client)) == 401
        client.sendall(b"body" + HEAD + b"Content-Length: 4\r\n\r\nbody")
        assert read_all(client) == b""
    assert application.taken == 0


def test_refused_client_is_not_told_to_go_on(serve: Serve) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(b"POST /refused HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert status_of(read_all(client)) == 401


def test_no_http_is_a_problem_document(serve: Serve) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        answer = read_all(client)
    assert (status_of(answer), problem_of(answer)) == (400, "malformed-request")


def test_connections_beyond_the_limit_come_later(serve: Serve) -> None:
    few = replace(PATIENT, connections=1, spare_connections=1)
    with serve(few) as port, connected(port) as first:
        first.sendall(b"GET /refused HTTP/1.1\r\nHost: here\r\n\r\n")
        assert status_of(read_one(first)) == 401
        with connected(port) as second:
            second.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
            assert status_of(read_one(second)) == 200
            with connected(port) as third:
                answer = read_all(third)
            assert (status_of(answer), problem_of(answer)) == (503, "too-many-connections")
            assert b"retry-after: 5" in answer.lower()
            second.sendall(b"GET /echo HTTP/1.1\r\nHost: here\r\n\r\n")
            assert status_of(read_all(second)) == 503
        first.sendall(b"GET /echo HTTP/1.1\r\nHost: here\r\n\r\n")
        assert status_of(read_one(first)) == 200


def test_sockets_count_and_outlive_the_times(serve: Serve) -> None:
    few = replace(PATIENT, header_s=AT_ONCE, idle_s=1, connections=1, spare_connections=5)
    with serve(few) as port, connect(f"ws://127.0.0.1:{port}/echo", open_timeout=HANGS_S) as first:
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws://127.0.0.1:{port}/echo", open_timeout=HANGS_S)
        assert refused.value.response.status_code == 503
        with connected(port) as silent:
            assert read_all(silent) == b""
        first.send("still here")
        assert first.recv(HANGS_S) == "still here"


@pytest.mark.parametrize("announced", [b"Content-Length: 10\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_request_for_a_socket_has_no_body(serve: Serve, announced: bytes) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(UPGRADE % b"/echo" + announced + b"\r\n")
        answer = read_all(client)
    assert (status_of(answer), problem_of(answer)) == (400, "malformed-request")


def test_socket_takes_cookies_of_any_allowed_length(serve: Serve) -> None:
    cookie = "a" * 9_000
    with (
        serve(PATIENT) as port,
        connect(f"ws://127.0.0.1:{port}/echo", open_timeout=HANGS_S, additional_headers={"Cookie": cookie}) as opened,
    ):
        assert opened.recv(HANGS_S) == cookie


@pytest.mark.parametrize(
    ("path", "header"), [(b"/" + b"x" * 9_000, b""), (b"/echo", b"Sec-WebSocket-Protocol: " + b"x" * 9_000 + b"\r\n")]
)
def test_handshake_that_is_too_long_is_refused(serve: Serve, path: bytes, header: bytes) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(UPGRADE % path + header + b"\r\n")
        answer = read_all(client)
    assert (status_of(answer), problem_of(answer)) == (431, "headers-too-large")


def test_handshake_that_the_library_cannot_read_is_refused(serve: Serve) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(UPGRADE % "/\u00e9".encode() + b"\r\n")
        answer = read_all(client)
    assert (status_of(answer), problem_of(answer)) == (400, "malformed-request")


@pytest.mark.parametrize(
    ("right", "wrong", "status"),
    [
        (b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"", 400),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"<script>", 400),
        (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 12", 400),
        (b"Connection: Upgrade", b"Connection: Upgrade\r\nUpgrade: h2c", 426),
        (b"GET", b"PUT", 405),
    ],
)
def test_wrong_handshake_is_a_problem_document(serve: Serve, right: bytes, wrong: bytes, status: int) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall((UPGRADE % b"/echo").replace(right, wrong) + b"\r\n")
        answer = read_all(client)
    assert (status_of(answer), problem_of(answer)) == (status, "malformed-request")
    assert b"script" not in answer


@pytest.mark.parametrize(
    ("path", "status", "problem"), [(b"/closed", 403, "no-socket"), (b"/broken", 500, "internal-error")]
)
def test_socket_that_is_not_opened_is_a_problem_document(serve: Serve, path: bytes, status: int, problem: str) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(UPGRADE % path + b"\r\n")
        answer = read_all(client)
    assert (status_of(answer), problem_of(answer)) == (status, problem)


def test_application_that_fails_is_a_problem_document(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(b"GET /broken HTTP/1.1\r\nHost: here\r\n\r\n")
        answer = read_all(client)
    assert (status_of(answer), problem_of(answer)) == (500, "internal-error")
    assert [record.getMessage() for record in caplog.records if record.exc_info] == ["Exception in ASGI application\n"]


def test_socket_that_is_never_opened_ends(serve: Serve, application: Application) -> None:
    with serve(replace(PATIENT, header_s=AT_ONCE)) as port, connected(port) as client:
        client.sendall(UPGRADE % b"/never" + b"\r\n")
        with suppress(ConnectionError):
            assert read_all(client) == b""
        assert application.left.wait(HANGS_S)


def test_socket_that_is_over_ends_untaken(serve: Serve) -> None:
    with serve(replace(PATIENT, write_s=AT_ONCE)) as port, connected(port) as client:
        client.sendall(UPGRADE % b"/flood" + b"\r\n")
        with pytest.raises(ConnectionError):
            client.sendall(b"x" * 1_000_000_000)


def test_refused_socket_is_no_error(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    with serve(PATIENT) as port, connected(port) as client:
        client.sendall(UPGRADE % b"/refused" + b"\r\n")
        assert status_of(read_all(client)) == 401
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
