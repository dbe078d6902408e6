"""The one event loop of the worker: it runs every async client, and activities in SDK threads call into it."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import TypeVar

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

T = TypeVar("T")

AsyncClose = Callable[[], Awaitable[None]]

CLOSE_TIMEOUT_S = 5.0
"""A server that is gone must not hold up the stop."""

log = logging.getLogger(__name__)


class ClientLoop:
    """Starts with the `with` block; at its end closes the clients, last opened first, and stops.

    What is still running on it then is cancelled, so leave the block only when no activity needs it any more.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._closers: list[AsyncClose] = []

    def __enter__(self) -> "ClientLoop":
        self._portal = self._stack.enter_context(start_blocking_portal("asyncio", name="clients"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        portal = self._running()
        for close in reversed(self._closers):
            portal.call(partial(_close, close))
        portal.start_task_soon(portal.stop, True)
        self._portal = None
        self._stack.close()

    def close_with(self, close: AsyncClose) -> None:
        """Call `close` on the loop when the worker stops."""
        self._closers.append(close)

    def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work` on the loop and wait for it, from any other thread. Raises what it raises."""
        return self._running().call(work)

    def _running(self) -> BlockingPortal:
        if self._portal is None:
            raise RuntimeError("The client loop is not running: use it inside its 'with' block.")
        return self._portal


async def _close(close: AsyncClose) -> None:
    with anyio.move_on_after(CLOSE_TIMEOUT_S):
        try:
            await close()
        except Exception:
            log.warning("A client did not close cleanly.", exc_info=True)
