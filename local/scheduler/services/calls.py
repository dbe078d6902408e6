"""One call as the services see it; `rpc` makes it of what gRPC gives."""

from typing import Protocol


class Call(Protocol):
    """A call under way."""

    def header(self, name: str) -> str | None:
        """A field of the request's metadata; `name` is in lower case."""
        ...

    async def open(self) -> None:
        """Sends the answer's headers, before there is a message."""

    async def send(self, message: bytes) -> None:
        """Sends one message of a streamed answer; waits until the client has room for it."""

    def is_connected(self) -> bool:
        """Whether the client's connection is still there: false for a call that ended because the connection broke."""
        ...
