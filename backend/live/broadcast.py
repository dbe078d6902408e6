"""The signal that wakes all watchers of this process."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Broadcast:
    """Notifies all watchers when there is something new to read, and stops for good at shutdown."""

    def __init__(self) -> None:
        self._change = asyncio.Event()
        self._stopped = False
        self._watchers = 0
        self._leaving: list[Callable[[], None]] = []

    @property
    def stopped(self) -> bool:
        """Whether watchers must leave."""
        return self._stopped

    @property
    def watchers(self) -> int:
        """How many are watching."""
        return self._watchers

    @contextmanager
    def watching(self) -> Generator[None]:
        """Counts the caller as a watcher while inside."""
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1

    def next_change(self) -> asyncio.Event:
        """Set at the next change. Take it before reading: then nothing that comes in while reading is missed."""
        return self._change

    def notify_all(self) -> None:
        """Wake all who wait for the next change."""
        passed, self._change = self._change, asyncio.Event()
        if self._stopped:
            self._change.set()
        passed.set()

    def on_stop(self, leave: Callable[[], None]) -> None:
        """Call this as well, for those who wait for something else than the next change."""
        self._leaving.append(leave)

    def stop(self) -> None:
        """Wake all for the last time; from now on nobody waits."""
        self._stopped = True
        for leave in self._leaving:
            leave()
        self.notify_all()
