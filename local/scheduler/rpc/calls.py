"""A call of grpc.aio as the services see it."""

from typing import Any

import grpc.aio

from local.scheduler.rpc.peers import is_connected

Context = grpc.aio.ServicerContext[bytes, bytes]


class GrpcCall:
    """Implements `services.calls.Call`."""

    __slots__ = ("_context", "_port")

    def __init__(self, context: Context, port: int) -> None:
        """`port` is the one that the server listens on."""
        self._context = context
        self._port = port

    def header(self, name: str) -> str | None:
        fields: Any = self._context.invocation_metadata() or ()
        for key, value in fields:
            if key == name:
                return value if isinstance(value, str) else value.decode(errors="replace")
        return None

    async def open(self) -> None:
        await self._context.send_initial_metadata(())

    async def send(self, message: bytes) -> None:
        await self._context.write(message)

    def is_connected(self) -> bool:
        return is_connected(self._context.peer(), self._port)
