"""A socket whose client breaks the protocol, while the application is about to say something."""

import logging
import socket
import threading

import pytest
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from backend.http.connections.config import server_config
from backend.http.connections.limits import ConnectionLimits
from runtime.listening import listen
from runtime.server import StoppableServer

HANGS_S = 120
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
NO_FRAME = b"\xff\xff\xff"
NO_TEXT = b"\x81\x82\0\0\0\0\xff\xfe"


@pytest.mark.parametrize(("sent", "code"), [(NO_FRAME, 1002), (NO_TEXT, 1007)])
def test_message_to_a_cut_off_client_is_no_error(caplog: pytest.LogCaptureFixture, sent: bytes, code: int) -> None:
    told = threading.Event()

    async def speak_late(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return
        opened = WebSocket(scope, receive, send)
        await opened.accept()
        await opened.receive()
        try:
            await opened.send_text("too late")
        except WebSocketDisconnect:
            told.set()

    with listen("127.0.0.1", 0, instead="") as listener:
        server = StoppableServer(server_config(speak_late, ConnectionLimits(), 1))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        with socket.create_connection(listener.getsockname(), HANGS_S) as client:
            client.sendall(UPGRADE)
            assert client.recv(65_536).startswith(b"HTTP/1.1 101 ")
            client.sendall(sent)
            said = bytearray()
            while piece := client.recv(65_536):
                said += piece
            assert said[0] == 0x88
            assert int.from_bytes(said[2:4]) == code
        assert told.wait(HANGS_S)
        server.stop()
        thread.join(HANGS_S)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
