"""The socket of one case through a real server."""

import json
import logging
import socket
import struct
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import RunningBackend, signed_in
from tests.unit.casebook.builders import an_alert, ask, begin, close_as_failed, open_case


def socket_of(backend: RunningBackend, case: str, origin: Origin | None = None) -> ClientConnection:
    url = f"{backend.socket_url}/api/workflow/ws/{case}"
    return connect(url, open_timeout=60, origin=origin, additional_headers=signed_in("vera"))


def receive(watching: ClientConnection) -> dict[str, Any]:
    return json.loads(watching.recv(timeout=60))


def drain(watching: ClientConnection) -> tuple[list[dict[str, Any]], int | None]:
    """Everything up to the close, and the code of the close."""
    messages: list[dict[str, Any]] = []
    while True:
        try:
            messages.append(receive(watching))
        except ConnectionClosed as closed:
            return messages, closed.rcvd.code if closed.rcvd else None


def test_a_snapshot_comes_first_and_then_every_change(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book, 1)
    other = open_case(book, 2)
    with socket_of(backend, case) as watching:
        first = receive(watching)
        assert (first["type"], first["case"]["case_id"], first["progress"]["phase"]) == (
            "snapshot",
            case,
            "investigating",
        )
        begin(book, other)
        begin(book, case)
        book.start_specialist(case, 1, "usage")
        seen = [first]
        while seen[-1]["progress"]["specialists"].get("usage") != "running":
            seen.append(receive(watching))
    assert [message["type"] for message in seen[1:]] == ["change"] * (len(seen) - 1)
    assert {message["case"]["case_id"] for message in seen} == {case}
    assert [message["seq"] for message in seen] == sorted({message["seq"] for message in seen})


def test_socket_closes_after_pushing_the_closed_case(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book)
    with socket_of(backend, case) as watching:
        receive(watching)
        ask(book, case)
        close_as_failed(book, case)
        messages, code = drain(watching)
    last = messages[-1]
    assert (last["case"]["state"], last["progress"]["outcome"], code) == ("closed", "failed", 1000)


def test_a_closed_case_is_shown_once(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book)
    close_as_failed(book, case)
    with socket_of(backend, case) as watching:
        messages, code = drain(watching)
    assert [message["case"]["outcome"] for message in messages] == ["failed"]
    assert code == 1000


@pytest.mark.parametrize("case", ["case-nobody", "x" * 3_000, "%C3%BC" * 200])
def test_an_unknown_case_closes_with_4404(backend: RunningBackend, case: str) -> None:
    with socket_of(backend, case) as watching:
        assert drain(watching) == ([], 4404)


def test_a_page_of_another_site_cannot_listen(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book)
    with pytest.raises(InvalidStatus) as refused:
        socket_of(backend, case, origin=Origin("http://evil.example"))
    assert refused.value.response.status_code == 403


def test_a_server_that_stops_says_so(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book)
    with socket_of(backend, case) as watching:
        receive(watching)
        backend.stop()
        assert drain(watching) == ([], 1012)


def test_a_binary_message_closes_with_1003(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book)
    with socket_of(backend, case) as watching:
        receive(watching)
        watching.send("whatever a client says as text")
        watching.send(b"\x00")
        assert drain(watching) == ([], 1003)


def handshake(
    backend: RunningBackend, case: str = "", path: str | None = None, receive_buffer: int | None = None
) -> socket.socket:
    """A connection that has asked to become a socket, and has read no answer yet."""
    asked = [
        f"GET {path or f'/api/workflow/ws/{case}'} HTTP/1.1",
        f"Host: 127.0.0.1:{backend.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in signed_in("vera").items()),
    ]
    connection = socket.socket()
    connection.settimeout(60)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect(("127.0.0.1", backend.port))
    connection.sendall(("\r\n".join(asked) + "\r\n\r\n").encode())
    return connection


def abort(connection: socket.socket) -> None:
    """End a connection as a killed process or a lost network does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]


def test_a_client_lost_while_written_to_logs_nothing(
    book: CaseBook, scheduler: FakeScheduler, caplog: pytest.LogCaptureFixture
) -> None:
    alert = an_alert().model_copy(update={"description": "ü" * 4_000})
    case = book.open_case(alert).case_id
    backend = RunningBackend(book, scheduler, send_buffer=4_096)
    backend.start()
    stuck = handshake(backend, case, receive_buffer=2_048)
    with socket_of(backend, case) as reading:
        receive(reading)
        # It takes nothing, so that the server waits in the middle of a message.
        for number in range(30):
            backend.wiring.services.workspace.blocking.add_note(case, "ana", f"Note {number}.")
            receive(reading)
        abort(stuck)
    backend.stop()
    assert complaints(caplog) == []


@pytest.mark.parametrize("path", ["/api/workflow/ws/case-nobody", "/nowhere"])
def test_a_client_lost_during_the_handshake_logs_nothing(
    backend: RunningBackend, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        abort(handshake(backend, path=path))
    backend.stop()
    assert complaints(caplog) == []
