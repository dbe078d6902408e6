"""Whether the scheduler has lost its state: a canary orchestration is gone."""

from backend.services.scheduler import Scheduler


class SchedulerMemory:
    """Remembers one orchestration that the scheduler has: the canary. When it is gone, others are gone with it."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.canary: str | None = None
        self.is_doubted = True
        """Whether the scheduler may lack what it should have. So it is at the start of every process."""
        self._scheduler = scheduler

    async def is_lost(self) -> bool:
        """Whether every open case must be checked. Raises SchedulerUnavailable."""
        if not self.is_doubted and self.canary is not None:
            self.is_doubted = not await self._knows(self.canary)
        return self.is_doubted

    async def _knows(self, canary: str) -> bool:
        try:
            return await self._scheduler.state_of(canary) is not None
        except Exception:
            # Of one that cannot be read nothing is known: another will do. Raises when none can be asked for.
            await self._scheduler.probe()
            self.canary = None
            return True
