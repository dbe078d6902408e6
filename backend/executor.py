"""Runs blocking calls in threads, off the event loop."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread

P = ParamSpec("P")
T = TypeVar("T")


class BlockingExecutor:
    """Runs blocking calls in at most `limit` threads at once; the others wait their turn."""

    def __init__(self, limit: int = 8) -> None:
        self._limiter = anyio.CapacityLimiter(limit)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `call` returns or raises."""
        return await anyio.to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._limiter)
