"""What the RPCs of all roles share."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from google.protobuf.message import Message

from local.scheduler.engine import Engine
from local.scheduler.errors import BadRequest
from local.scheduler.services.calls import Call

PAGE = 100
MAX_PAGE = 1000
PAGE_BYTES = 3 * 1024 * 1024
"""Of the 4 MiB that a client receives by default; one instance alone may fill it."""


class Service:
    """One method per RPC. Raises SchedulerError; `server.py` turns that into a gRPC status."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def _hub(self, call: Call) -> int:
        return await self._engine.hub(hub_name(call))


def hub_name(call: Call) -> str:
    """The task hub that a call is about."""
    return call.header("taskhub") or "default"


def page_size(asked: int) -> int:
    """How many items a page has."""
    return min(asked, MAX_PAGE) if asked > 0 else PAGE


def how_many_fit(items: Sequence[Message]) -> int:
    """How many of a page's items an answer takes that every client can receive: one at least, if there is one."""
    size = 0
    for count, item in enumerate(items):
        size += item.ByteSize()
        if count and size > PAGE_BYTES:
            return count
    return len(items)


def after_token(token: str | None) -> tuple[int, int] | None:
    """A paging token as the key of the last row of the page before; raises BadRequest."""
    if not token:
        return None
    try:
        first, _, second = urlsafe_b64decode(token.encode()).decode().partition(":")
        return int(first), int(second)
    except ValueError as error:
        raise BadRequest("The continuation token is not one of this scheduler.") from error


def page_token(after: tuple[int, int] | None) -> str | None:
    """The key of a page's last row as a paging token."""
    return None if after is None else urlsafe_b64encode(f"{after[0]}:{after[1]}".encode()).decode()
