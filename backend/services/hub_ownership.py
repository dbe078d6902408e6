"""Marks the task hub as this casebook's: two casebooks on one hub would do each other's work."""

import time
from collections.abc import Awaitable, Callable

from pydantic import ValidationError

from backend.services.errors import TaskHubTaken
from contracts.hub import HubOwner

TRUSTED_S = 5.0
"""How long what was seen of the mark counts: a hub loses it only when its scheduler loses everything."""


class HubOwnership:
    """The mark of a task hub. Made where there is none, and never changed: nothing is ordered beside another's."""

    def __init__(
        self,
        taskhub: str,
        casebook_id: str,
        read: Callable[[], Awaitable[str | None]],
        make: Callable[[HubOwner], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read` returns what the mark says, None without one; `make` does nothing where there is one."""
        self._taskhub = taskhub
        self._own = HubOwner(casebook_id=casebook_id)
        self._read = read
        self._make = make
        self._clock = clock
        self._trusted_until = float("-inf")

    async def require_own(self) -> None:
        """Return if the hub is this casebook's, as seen a moment ago. Raises TaskHubTaken, or what reading raises."""
        if self._clock() >= self._trusted_until:
            await self.look()

    async def look(self) -> None:
        """The same, as it is now."""
        self._trusted_until = float("-inf")
        said = await self._read()
        if said is None:
            await self._make(self._own)
            # Of two that make it at once, one is the first.
            said = await self._read()
        owner = _owner(said)
        if owner != self._own.casebook_id:
            raise TaskHubTaken(self._taskhub, owner, self._own.casebook_id)
        self._trusted_until = self._clock() + TRUSTED_S


def _owner(said: str | None) -> str:
    if said is None:
        return "unknown"
    try:
        return HubOwner.model_validate_json(said).casebook_id
    except ValidationError:
        return "unknown"
