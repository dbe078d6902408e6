"""A moment that moves more often than a timer should be made."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `expired` once the moment has come that was set last.

    Moving it further away makes no timer: the one that is there looks again when it is due.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is such a moment."""
        return self._at is not None

    def set(self, after_s: float) -> None:
        """The moment is so many seconds away, whatever it was before."""
        self._at = self._loop.time() + after_s
        if self._timer is not None and self._timer.when() > self._at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._at, self._look)

    def clear(self) -> None:
        """There is no such moment."""
        self._at = None

    def stop(self) -> None:
        """There will be none any more."""
        self._at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._loop.time() < self._at:
            self._timer = self._loop.call_at(self._at, self._look)
            return
        self._at = None
        self._expired()
