"""Gives reminders of tasks to the scheduler, ends those that were called off, and starts again what was lost."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from backend.services.attempts import Attempts
from backend.services.instances import ensure_running
from backend.services.scheduler import Scheduler
from backend.services.sweeps import sweep_when_woken
from casebook.async_api import AsyncTasks
from casebook.commands.task_reminders import Reminder
from contracts.names import TASK_REMINDER
from contracts.tasks import reminder_instance

log = logging.getLogger("casewright.relay")

SWEEP_S = 5.0
"""How often to look, unasked: for what another process wrote, and for what comes near."""
PAGE = 100
AHEAD = timedelta(days=3)
"""How long before its time the scheduler gets a reminder: it has no timer that is longer, however far tasks are due."""
LATE = timedelta(minutes=1)
"""After that time somebody looks what has become of a reminder."""


class ReminderRelay:
    """Every step may be repeated: the scheduler starts an instance once, and a due time is told of once."""

    def __init__(self, record: AsyncTasks, scheduler: Scheduler, clock: Callable[[], float] = time.monotonic) -> None:
        self._record = record
        self._scheduler = scheduler
        self._attempts = Attempts(scheduler, clock)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There may be a reminder to start or to end."""
        self._woken.set()

    async def run(self) -> None:
        """See to reminders until cancelled. An unreachable scheduler is retried with growing pauses, logged once."""
        await sweep_when_woken(self._woken, self.sweep, lambda: SWEEP_S, "Reminders of tasks wait until it works.")

    async def sweep(self) -> None:
        """See to all that waits. Raises SchedulerUnavailable, CasebookUnavailable."""
        await self._start()
        await self._end()
        for reminder in await self._record.late_reminders(LATE, PAGE):
            await self._attempts.make(f"{_instance(reminder)}: its state", partial(self._mend, reminder))

    async def _start(self) -> None:
        while waiting := await self._record.unscheduled_reminders(AHEAD, PAGE):
            started = [
                each for each in waiting if await self._attempts.make(_instance(each), partial(self._send, each))
            ]
            if started:
                await self._record.confirm_reminders(started)
            if len(started) < PAGE:
                break

    async def _end(self) -> None:
        while cancelled := await self._record.cancelled_reminders(PAGE):
            ended = [
                each
                for each in cancelled
                if await self._attempts.make(f"{_instance(each)}: its end", partial(self._call_off, each))
            ]
            if ended:
                await self._record.forget_reminders(ended)
            if len(ended) < PAGE:
                break

    async def _send(self, reminder: Reminder) -> None:
        await self._scheduler.start_reminder(reminder.task_id, reminder.revision)

    async def _call_off(self, reminder: Reminder) -> None:
        instance = _instance(reminder)
        state = await self._scheduler.state_of(instance)
        if state is not None and not state.is_over:
            await self._scheduler.terminate(instance)

    async def _mend(self, reminder: Reminder) -> None:
        """It should have told long ago."""
        instance = _instance(reminder)
        state = await self._scheduler.state_of(instance)
        if state is not None and not state.is_over:
            await ensure_running(self._scheduler, instance, TASK_REMINDER, state)
            return
        said = "unknown to the scheduler" if state is None else f"over ({state.runtime_status}: {state.result})"
        log.warning("%s was %s before it had told anything: it is started again.", instance, said)
        await self._record.restart_reminder(reminder)
        self.wake()


def _instance(reminder: Reminder) -> str:
    return reminder_instance(reminder.task_id, reminder.revision)
