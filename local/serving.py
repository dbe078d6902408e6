"""How the local stand-ins listen: on a port that is free, until they are told to stop."""

import socket
import struct
import sys
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from runtime.server import StoppableServer

GRACE_SECONDS = 1
"""How long open answers may still take once the process was told to stop."""


class PortUnavailable(Exception):
    """The address cannot be listened on."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"Cannot listen on {host}:{port} ({why}): stop what uses it or choose another with --port.")


def listen(host: str, port: int) -> socket.socket:
    """A bound TCP socket; port 0 takes any free one. Raises PortUnavailable."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise PortUnavailable(host, port, error.strerror or str(error)) from error
    return listener


class StandInServer(StoppableServer):
    """A server that can reset a connection.

    `on_stop` is called once, from the signal handler, before open answers are waited for.
    """

    def __init__(self, app: ASGIApp, *, on_stop: Callable[[], None] | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                ws="none",
                lifespan="off",
                log_level="warning",
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
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"{what} on http://{f'[{host}]' if ':' in host else host}:{port}\n")
    sys.stdout.flush()
