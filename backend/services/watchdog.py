"""The watchdog over open cases: finds orchestrations that were lost, or ended from outside."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from backend.services.attempts import Attempts
from backend.services.case_orchestrations import ASKING_PHASES, CaseOrchestrations
from backend.services.failed_orchestrations import FailedOrchestrations
from backend.services.recovery import OPEN_STATES
from backend.services.reversal_orchestrations import ReversalOrchestrations
from backend.services.scheduler import Scheduler
from casebook.async_api import AsyncRelay
from casebook.database.transactions import utc_now
from contracts.case import CaseSummary

log = logging.getLogger("casewright.relay")

WATCH_EVERY_S = 5.0
WATCHED = 50
"""How many open cases to check each time: few, so that thousands that wait for a person cost little."""
UNMOVED = timedelta(seconds=30)
"""How long an orchestration may take to continue after a question or a decision was recorded."""


class Watchdog:
    """Checks a few open cases and reversals at a time, all of them in turn."""

    def __init__(
        self,
        record: AsyncRelay,
        scheduler: Scheduler,
        attempts: Attempts,
        failed: FailedOrchestrations,
        cases: CaseOrchestrations,
        reversals: ReversalOrchestrations,
        clock: Callable[[], float],
    ) -> None:
        self._record = record
        self._scheduler = scheduler
        self._attempts = attempts
        self._failed = failed
        self._cases = cases
        self._reversals = reversals
        self._clock = clock
        self._due = clock() + WATCH_EVERY_S
        self._next_page: tuple[int, str | None] = (0, None)
        self._last_reversal = 0

    async def run_if_due(self) -> None:
        """Check, unless that was just done."""
        if self._clock() >= self._due:
            await self._watch_cases()
            await self._watch_reversals()
            self._due = self._clock() + WATCH_EVERY_S

    async def _watch_cases(self) -> None:
        left = WATCHED
        for _ in OPEN_STATES:
            state, cursor = self._next_page
            page = await self._record.cases_in(OPEN_STATES[state], limit=left, cursor=cursor)
            for summary in page.items:
                await self._attempts.make(summary.case_id, partial(self._inspect, summary))
            following = state if page.next_cursor else (state + 1) % len(OPEN_STATES)
            self._next_page = (following, page.next_cursor)
            if self._next_page == (0, None):
                self._failed.end_pass()
            left -= len(page.items)
            if not left:
                return

    async def _inspect(self, case: CaseSummary) -> None:
        """Check a case; wake one that waits for a decision without an open question.

        A decision or a question did not reach its orchestration then; it reads from the record what is so.
        """
        state = await self._cases.inspect(case.case_id)
        progress = None if state is None else state.custom_status
        if state is None or progress is None or progress.phase not in ASKING_PHASES:
            return
        if case.due_at is not None or case.hold is not None:
            return
        if utc_now() - state.last_updated_at < UNMOVED:
            return
        if not await self._cases.deliver_missed(case.case_id, state):
            await self._scheduler.wake(case.case_id, progress.round)
        log.warning("%s waits for an answer although nobody is being asked: it is told to look.", case.case_id)

    async def _watch_reversals(self) -> None:
        unfinished = await self._record.unfinished_reversals()
        for _ in range(min(WATCHED, len(unfinished))):
            self._last_reversal = (self._last_reversal + 1) % len(unfinished)
            reversal = unfinished[self._last_reversal]
            await self._attempts.make(reversal.reversal_id, partial(self._reversals.inspect, reversal))
