"""The one signal that wakes whoever watches."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


class Pulse:
    """Beats when there is something new to read, and stops for good when the process shuts down."""

    def __init__(self) -> None:
        self._beat = asyncio.Event()
        self._stopped = False
        self._watchers = 0

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

    def next_beat(self) -> asyncio.Event:
        """Set at the next beat. Take it before reading: then nothing that comes in while reading is missed."""
        return self._beat

    def beat(self) -> None:
        """Wake all who wait for the next beat."""
        beaten, self._beat = self._beat, asyncio.Event()
        if self._stopped:
            self._beat.set()
        beaten.set()

    def stop(self) -> None:
        """Wake all for the last time; from now on nobody waits."""
        self._stopped = True
        self.beat()


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Whether `event` was set within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
