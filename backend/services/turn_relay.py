"""Gives turns to the scheduler, one of each user at a time, and starts again what was lost."""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial

from backend.services.attempts import Attempts
from backend.services.instances import ensure_running
from backend.services.scheduler import Scheduler
from backend.services.sweeps import sweep_when_woken
from casebook.async_api import AsyncChat
from casebook.queries.chat import UnscheduledTurn
from contracts.kinds.reply import REPLY, turn_instance
from contracts.names import CHAT_TURN

log = logging.getLogger("casewright.relay")

SWEEP_S = 5.0
"""How often to look, unasked, for what another process left behind."""
PAGE = 100
WATCHED = 50
"""How many turns that the scheduler should have are checked in each sweep, all of them in turn."""


class TurnRelay:
    """Every step may be repeated: the scheduler starts an instance once, and a turn is answered once."""

    def __init__(self, record: AsyncChat, scheduler: Scheduler, clock: Callable[[], float] = time.monotonic) -> None:
        self._record = record
        self._scheduler = scheduler
        self._attempts = Attempts(scheduler, clock)
        self._clock = clock
        self._woken = asyncio.Event()
        self._watched = 0
        self._watch_at = clock() + SWEEP_S

    def wake(self) -> None:
        """There is a turn to start."""
        self._woken.set()

    async def run(self) -> None:
        """Start turns until cancelled. An unreachable scheduler is retried with growing pauses, and logged once."""
        await sweep_when_woken(self._woken, self.sweep, lambda: SWEEP_S, "Messages wait until it works.")

    async def sweep(self) -> None:
        """Start all that waits. Raises SchedulerUnavailable, CasebookUnavailable."""
        while waiting := await self._record.unscheduled_turns(PAGE):
            started = [turn for turn in waiting if await self._attempts.make(turn.turn_id, partial(self._start, turn))]
            if started:
                await self._record.confirm_scheduled([turn.turn_id for turn in started])
            if len(started) < len(waiting):
                break
        if self._clock() >= self._watch_at:
            await self._watch()
            self._watch_at = self._clock() + SWEEP_S

    async def _start(self, turn: UnscheduledTurn) -> None:
        await self._scheduler.start_turn(turn.turn_id)
        if turn.round:
            # It was started before, and what was decided since may have been told to the one that is lost.
            await self._scheduler.wake(REPLY.case_id(turn.turn_id), turn.round)

    async def _watch(self) -> None:
        """Look after a few turns that the scheduler should have."""
        page = await self._record.scheduled_turns(WATCHED, after=self._watched)
        self._watched = page[-1][0] if len(page) == WATCHED else 0
        for _, turn_id in page:
            await self._attempts.make(f"{turn_id}: its state", partial(self._inspect, turn_id))

    async def _inspect(self, turn_id: str) -> None:
        instance = turn_instance(turn_id)
        state = await self._scheduler.state_of(instance)
        if state is not None and not state.is_over:
            await ensure_running(self._scheduler, instance, CHAT_TURN, state)
            return
        # It may have ended, and its turn with it, since the page was read.
        failures = await self._record.restart_turn(turn_id)
        if failures is None:
            return
        said = "unknown to the scheduler" if state is None else f"over ({state.runtime_status}: {state.result})"
        log.warning("%s was %s before its turn had ended (%d times): it is started again.", instance, said, failures)
        self.wake()
