"""Keeps the scheduler's schedules as they are on record: makes, mends, pauses and resumes them."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from backend.services.durable_schedules import LATE, Operation, Schedules, ScheduleSight
from backend.services.errors import SchedulerUnavailable
from backend.services.sweeps import sweep_when_woken
from casebook.async_api import AsyncSchedules
from contracts.schedules import RESET_COUNTS, Schedule, ScheduleId

log = logging.getLogger("casewright.relay")

SWEEP_S = 30.0
"""How often to look, unasked: whether the scheduler still has the schedules, and what another backend wrote."""
SOON_S = 1.0
"""After an operation was ordered: a worker does it."""


class ScheduleKeeper:
    """The record says what is due, the scheduler when to ask. Every step may be repeated, by several backends."""

    def __init__(self, record: AsyncSchedules, schedules: Schedules, clock: Callable[[], datetime]) -> None:
        self._record = record
        self._schedules = schedules
        self._clock = clock
        self._woken = asyncio.Event()
        self._armed: dict[ScheduleId, bool] = {}

    def wake(self) -> None:
        """A schedule was paused or resumed."""
        self._woken.set()

    def is_armed(self, schedule_id: ScheduleId) -> bool | None:
        """Whether the scheduler had a schedule as it is on record, when last seen; None: it did not answer."""
        return self._armed.get(schedule_id)

    async def run(self) -> None:
        """See to schedules until cancelled. An unreachable scheduler is tried again with growing pauses."""
        await sweep_when_woken(self._woken, self.sweep, self._rest_s, "Schedules wait until it works.")

    async def sweep(self) -> None:
        """See to all schedules. Raises SchedulerUnavailable, CasebookUnavailable."""
        try:
            await self._keep(RESET_COUNTS)
        except SchedulerUnavailable:
            self._armed.clear()
            raise

    async def _keep(self, schedule_id: ScheduleId) -> None:
        wanted = await self._record.begin(schedule_id)
        operation = missing_operation(wanted, await self._schedules.look(schedule_id))
        if operation is not None:
            await self._schedules.order(schedule_id, operation)
        self._armed[schedule_id] = operation is None
        due = wanted.next_run_at
        if due is not None and self._clock() - due >= LATE:
            log.warning("%s should have run at %s: a run is started.", schedule_id, due.isoformat())
            await self._schedules.run_again(schedule_id, self._clock().date())

    def _rest_s(self) -> float:
        return SWEEP_S if all(self._armed.values()) else SOON_S


def missing_operation(wanted: Schedule, found: ScheduleSight | None) -> Operation | None:
    """What makes the scheduler's schedule what it is on record, one step at a time; None when it is."""
    if found is None:
        return "create_schedule"
    if not found.is_as_planned:
        return "update_schedule"
    if found.is_paused != (wanted.state == "paused"):
        return "resume_schedule" if found.is_paused else "pause_schedule"
    return None if found.is_waiting else "create_schedule"
