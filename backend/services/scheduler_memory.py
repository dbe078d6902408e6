"""Whether the scheduler has lost its state: a canary orchestration is gone."""

from collections.abc import Callable
from datetime import datetime, timedelta

from backend.services.scheduler import Scheduler


class SchedulerMemory:
    """Remembers one orchestration that the scheduler has: the canary. When it is gone, others are gone with it.

    But not one that ended at least `kept` ago: that was deleted for its age. None: none ever is.
    """

    def __init__(self, scheduler: Scheduler, kept: timedelta | None, now: Callable[[], datetime]) -> None:
        self.canary: str | None = None
        self.is_doubted = True
        """Whether the scheduler may lack what it should have. So it is at the start of every process."""
        self._scheduler = scheduler
        self._kept = kept
        self._now = now
        self._ended: tuple[str, datetime] | None = None
        """The canary, and when it ended, once it has."""

    async def is_lost(self) -> bool:
        """Whether every open case must be checked. Raises SchedulerUnavailable."""
        if not self.is_doubted and self.canary is not None:
            self.is_doubted = not await self._knows(self.canary)
        return self.is_doubted

    async def _knows(self, canary: str) -> bool:
        try:
            state = await self._scheduler.state_of(canary)
        except Exception:
            # Of one that cannot be read nothing is known: another will do. Raises when none can be asked for.
            await self._scheduler.probe()
            self.canary = None
            return True
        if state is not None:
            self._ended = (canary, state.last_updated_at) if state.is_over else None
            return True
        if self._is_of_age(canary):
            self.canary = None
            return True
        return False

    def _is_of_age(self, canary: str) -> bool:
        if self._kept is None or self._ended is None or self._ended[0] != canary:
            return False
        return self._now() - self._ended[1] >= self._kept
