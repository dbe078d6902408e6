"""A chat-completions endpoint over real HTTP that answers as a test says, and keeps what it was asked."""

import http.server
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: JsonObject


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int = 200
    body: JsonObject = field(default_factory=dict[str, Any])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    raw: bytes | None = None
    """The body byte by byte, where it is not the JSON of `body`."""
    wire: bytes | None = None
    """All that is sent, from the status line on; the connection then ends as `end` says."""
    end: Literal["close", "reset", "silence"] = "close"


Behaviour = Callable[[Asked], Said]


def completion(content: Any, *, finish: str = "stop", model: str = "endpoint-1", **message: Any) -> Said:
    """A well-formed chat completion of ten tokens each way."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
    usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
    return Said(
        body={"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": usage}
    )


def failure(status: int, message: str = "No.", headers: Mapping[str, str] | None = None, **error: Any) -> Said:
    """An error in OpenAI's shape."""
    return Said(status, {"error": {"message": message, "type": "error", **error}}, headers or {})


def one_after_the_other(*answers: Said) -> Behaviour:
    """An endpoint that gives these answers in this order, and the last one from then on."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


class Endpoint:
    """Listens on a free port of loopback while the `with` block lasts."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        self.stopping = threading.Event()
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"]))
                asked = Asked(self.path, {key.lower(): value for key, value in self.headers.items()}, json.loads(text))
                endpoint.asked.append(asked)
                said = endpoint.behaviour(asked)
                if said.wire is not None:
                    self._send_wire(said.wire, said.end)
                    return
                body = json.dumps(said.body).encode() if said.raw is None else said.raw
                self.send_response(said.status)
                for name, value in {"content-type": "application/json", **said.headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _send_wire(self, wire: bytes, end: str) -> None:
                self.close_connection = True
                with suppress(ConnectionError):
                    self.wfile.write(wire)
                if end == "silence":
                    endpoint.stopping.wait()
                if end == "reset":
                    # What is on its way is read before the reset, which would take it along.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005})

    @property
    def root(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """What OPENAI_BASE_URL would be."""
        return f"{self.root}/v1"

    def __enter__(self) -> "Endpoint":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
