"""Ends what is pushed to people when their sessions are over, on whichever replica that happened."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager

from backend.live.broadcast import Broadcast
from backend.waiting import wait_for
from casebook.errors import CasebookUnavailable

LOOK_EVERY_S = 2.0
"""How soon what another replica ended is seen here."""

StillOpen = Callable[[Sequence[str]], Awaitable[frozenset[str]]]
"""Which of these sessions are open."""


class SessionWatch:
    """Asks once for all sessions that somebody watches with, while there are any, and wakes those whose is over."""

    def __init__(self, still_open: StillOpen, broadcast: Broadcast) -> None:
        self._still_open = still_open
        self._broadcast = broadcast
        self._watching: Counter[str] = Counter()
        self._over: set[str] = set()
        self._told = asyncio.Event()

    @contextmanager
    def watching(self, session_id: str) -> Generator[None]:
        """While inside, `is_over` says of this session what is so."""
        if not self._watching:
            # Whoever is the first has nobody that looks; for all others that happens soon.
            self._told.set()
        self._watching[session_id] += 1
        try:
            yield
        finally:
            self._watching[session_id] -= 1
            if not self._watching[session_id]:
                del self._watching[session_id]
                self._over.discard(session_id)

    def is_over(self, session_id: str) -> bool:
        """Whether the session is known to be over; whoever waits for the next change is woken when it is."""
        return session_id in self._over

    def wake(self) -> None:
        """A session ended here: look at once."""
        self._told.set()

    async def look(self) -> None:
        """Ask now. A casebook that does not answer is asked again with the next look."""
        asked = [*self._watching]
        try:
            living = await self._still_open(asked) if asked else frozenset[str]()
        except CasebookUnavailable:
            return
        over = {each for each in asked if each not in living and each in self._watching}
        if over - self._over:
            self._over |= over
            self._broadcast.notify_all()

    async def run(self) -> None:
        """Look again and again, until cancelled; not while nobody watches."""
        while True:
            if self._watching:
                await wait_for(self._told, LOOK_EVERY_S)
            else:
                await self._told.wait()
            self._told.clear()
            await self.look()
