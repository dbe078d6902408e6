"""Who works here: the personas, or whoever signed in at the provider."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from backend.auth.identity import Identity
from casebook.async_api import AsyncSessions

FRESH_FOR = timedelta(seconds=10)
"""How long a list is good for: names are shown with every page."""


class People:
    """Everybody whom work can be given to, and whose name can be shown."""

    def __init__(self, personas: Sequence[Identity], record: AsyncSessions, now: Callable[[], datetime]) -> None:
        self._personas = tuple(personas)
        self._record = record
        self._now = now
        self._read: tuple[tuple[Identity, ...], datetime] | None = None
        self._lock = asyncio.Lock()

    async def list(self) -> tuple[Identity, ...]:
        """By name; where people sign in at a provider, those who did so. Raises CasebookUnavailable."""
        if self._personas:
            return self._personas
        async with self._lock:
            now, read = self._now(), self._read
            if read is None or now - read[1] >= FRESH_FOR:
                known = await self._record.people()
                people = tuple(Identity(subject=each.subject, name=each.name, roles=each.roles) for each in known)
                read = self._read = (people, now)
            return read[0]

    async def find(self, subject: str) -> Identity | None:
        """Who has this subject id; None: nobody that is known."""
        return next((person for person in await self.list() if person.subject == subject), None)
