"""Whether scheduler and workers are running: checked once per process, sent to all watchers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from backend.live.broadcast import Broadcast
from casebook.errors import CasebookUnavailable
from contracts.base import Contract, UtcDateTime

LOOK_EVERY_S = 5.0
"""A scheduler that stops tells nobody, so it is asked."""
SILENT_AFTER = timedelta(seconds=30)
"""This long after the last heartbeat no worker counts as running: a few heartbeats may be late."""
NOT_BEGUN_AFTER = timedelta(seconds=30)
"""This long after a case was scheduled, a worker is expected to have started it."""

SchedulerFault = Literal["away", "hub_taken"]
"""Why the scheduler cannot be used: it does not answer, or its task hub is another casebook's."""


class ServiceStatus(Contract):
    """`event: service`, and the answer of `/api/service`. Null where nothing is wrong."""

    scheduler_away_since: UtcDateTime | None = None
    """Since when the scheduler does not answer: decisions are stored, and no case continues."""
    hub_taken_since: UtcDateTime | None = None
    """Since when the scheduler answers, and its task hub holds the work of another casebook: nothing is ordered there
    until somebody changes a setting, as `/ready` says."""
    worker_away_since: UtcDateTime | None = None
    """Since when no worker is running: work in progress is paused, and the next worker resumes it."""
    not_begun_since: UtcDateTime | None = None
    """Since when the oldest case waits that the scheduler has, and that no worker has begun."""
    not_begun: int = 0
    """How many such cases there are."""


class ServiceMonitor:
    """Checks the scheduler, the heartbeats of workers, and cases that no worker has started.

    `run` must be running for anything to change.
    """

    def __init__(
        self,
        scheduler_fault: Callable[[], Awaitable[SchedulerFault | None]],
        not_begun: Callable[[datetime], Awaitable[tuple[int, datetime | None]]],
        signs: Callable[[], Awaitable[Mapping[str, datetime]]],
        broadcast: Broadcast,
        clock: Callable[[], datetime],
    ) -> None:
        self._scheduler_fault = scheduler_fault
        self._not_begun = not_begun
        self._signs = signs
        self._broadcast = broadcast
        self._clock = clock
        self._last_signs: Mapping[str, datetime] = {}
        self._signed_at: datetime | None = None
        self.status = ServiceStatus()
        self.number = 0
        """How often the status has changed."""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look once, and wake all who watch when something has changed."""
        found = await self._look()
        if found != self.status:
            self.status = found
            self.number += 1
            self._broadcast.notify_all()

    async def _look(self) -> ServiceStatus:
        now = self._clock()
        fault, last = await self._scheduler_fault(), self.status
        away = last.scheduler_away_since or now if fault == "away" else None
        taken = last.hub_taken_since or now if fault == "hub_taken" else None
        try:
            count, since = await self._not_begun(now - NOT_BEGUN_AFTER)
            lost = self._lost_since(await self._signs(), now)
        except CasebookUnavailable:
            # Every request reports the casebook. No worker could send a heartbeat, so their time starts again.
            self._signed_at = now
            return last.model_copy(update={"scheduler_away_since": away, "hub_taken_since": taken})
        return ServiceStatus(
            scheduler_away_since=away,
            hub_taken_since=taken,
            worker_away_since=lost,
            not_begun_since=since,
            not_begun=count,
        )

    def _lost_since(self, signs: Mapping[str, datetime], now: datetime) -> datetime | None:
        """Since when there is no sign of any worker. Where none ever gave one, nobody can tell.

        What counts is that a sign is a new one: the clocks of workers may differ from ours.
        """
        if signs != self._last_signs:
            self._last_signs, self._signed_at = signs, now
        if not signs or self._signed_at is None or now - self._signed_at <= SILENT_AFTER:
            return None
        return min(self._signed_at, max(signs.values()))
