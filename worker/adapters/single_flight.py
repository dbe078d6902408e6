"""Single flight: callers that ask for the same at the same time share one call."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Underway(Generic[T]):
    task: asyncio.Task[T]
    waiting: int = 0


class SingleFlight(Generic[T]):
    """Shares what is under way on one event loop, and keeps nothing of what is done."""

    def __init__(self) -> None:
        self._underway: dict[str, _Underway[T]] = {}

    async def result(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` comes to, or the same work that somebody else began under this `key`. Raises what it raises.

        Whoever is cancelled leaves the others alone; the work itself is cancelled when the last one has left.
        """
        underway = self._underway.get(key)
        if underway is None or underway.task.done():
            underway = self._underway[key] = _Underway(asyncio.create_task(work()))
        underway.waiting += 1
        try:
            return await asyncio.shield(underway.task)
        finally:
            underway.waiting -= 1
            if not underway.waiting:
                underway.task.cancel()
                if self._underway.get(key) is underway:
                    del self._underway[key]
