"""The listening socket and its connections."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from local.scheduler.http2.calls import Handler
from local.scheduler.http2.connection import Connection

BACKLOG = 512


class Listener:
    """Accepts connections and routes their calls by path."""

    def __init__(self, find: Callable[[str], Handler], host: str, port: int) -> None:
        """Opens the port (0: any free one, see `port`); raises OSError. `find` knows the handler of every path."""
        self._find = find
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(BACKLOG)
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()

    async def start(self) -> None:
        """Begins to accept; who has connected before is served now."""
        self._server = await asyncio.get_running_loop().create_server(self._connect, sock=self._socket, backlog=BACKLOG)

    def _connect(self) -> Connection:
        connection = Connection(self._find, self._forget)
        self._connections.add(connection)
        return connection

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    async def stop(self, grace: float) -> None:
        """Stops accepting; calls that are under way have `grace` seconds to finish."""
        if self._server is None:
            self._socket.close()
            return
        self._server.close()
        self._empty.clear()
        for connection in list(self._connections):
            connection.leave()
        if self._connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), grace)
        if self._connections:
            self._empty.clear()
            for connection in list(self._connections):
                connection.cut()
            await self._empty.wait()
