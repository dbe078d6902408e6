"""Serves a local stand-in until SIGTERM or SIGINT."""

import socket
import struct
import sys
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from local.loopback import OwnMachineOnly
from runtime.listening import url_of
from runtime.server import StoppableServer

GRACE_SECONDS = 1
"""How long open responses may still take after the signal to stop."""


ANOTHER_PORT = "choose another with --port"
"""How to give a stand-in a free port."""


class StandInServer(StoppableServer):
    """A server for this machine alone that can reset a connection.

    `on_stop` is called once, from the signal handler, before open answers are waited for.
    """

    def __init__(self, app: ASGIApp, *, on_stop: Callable[[], None] | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                OwnMachineOnly(app),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                backlog=2048,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._on_stop = on_stop

    def stop(self) -> None:
        """Begin to stop, from any thread."""
        already_stopping = self.should_exit
        super().stop()
        if self._on_stop and not already_stopping:
            self._on_stop()

    def reset(self, client: tuple[str, int]) -> None:
        """Cut the connection of `client` so that it sees "connection reset by peer"."""
        for connection in tuple(self.server_state.connections):
            if getattr(connection, "client", None) == client:
                transport = connection.transport
                connected = transport.get_extra_info("socket")
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                transport.abort()


def announce(what: str, listener: socket.socket) -> None:
    """Say on standard output where `what` can be reached."""
    sys.stdout.write(f"{what} on {url_of(listener)}\n")
    sys.stdout.flush()
