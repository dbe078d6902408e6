"""Recovery: after a restart, or when the scheduler has lost its state, every open case is checked."""

from collections.abc import AsyncGenerator
from functools import partial

from backend.services.attempts import Attempts
from backend.services.case_orchestrations import CaseOrchestrations
from backend.services.reversal_orchestrations import ReversalOrchestrations
from backend.services.scheduler import Scheduler
from backend.services.scheduler_memory import SchedulerMemory
from casebook.async_api import AsyncRelay
from contracts.case import CaseState

PAGE = 100
OPEN_STATES: tuple[CaseState, ...] = ("investigating", "awaiting_review", "escalated", "acting")


class Recovery:
    """Brings the scheduler up to date with the record: it may have lost a case, or missed a decision."""

    def __init__(
        self,
        record: AsyncRelay,
        scheduler: Scheduler,
        attempts: Attempts,
        memory: SchedulerMemory,
        cases: CaseOrchestrations,
        reversals: ReversalOrchestrations,
    ) -> None:
        self._record = record
        self._scheduler = scheduler
        self._attempts = attempts
        self._memory = memory
        self._cases = cases
        self._reversals = reversals
        self._unrecovered: set[str] = set()

    async def run_if_due(self) -> None:
        """Recover all when the scheduler's memory is lost, else what could not be recovered before."""
        if await self._memory.is_lost():
            await self.recover_all()
            self._memory.is_doubted = False
        else:
            for case in sorted(self._unrecovered):
                await self._recover(case)

    async def recover_all(self) -> None:
        """Check every open case and unfinished reversal.

        Thousands wait for a person: a running one without a decision needs nothing, and costs a row of a page.
        """
        self._memory.canary = None
        self._unrecovered.clear()
        living = await self._scheduler.living()
        async for page in self._open_cases():
            decided = await self._record.decided_among(page)
            for case in page:
                if case in living and case not in decided:
                    self._memory.canary = case
                else:
                    await self._recover(case, again=True)
        # Their cases are mostly closed, and are not checked otherwise.
        for reversal in await self._record.unfinished_reversals():
            await self._attempts.make(reversal.reversal_id, partial(self._reversals.inspect, reversal))

    async def _recover(self, case: str, *, again: bool = False) -> None:
        if await self._attempts.make(case, partial(self._cases.bring_back, case, again=again)):
            self._unrecovered.discard(case)
        else:
            self._unrecovered.add(case)

    async def _open_cases(self) -> AsyncGenerator[list[str]]:
        for state in OPEN_STATES:
            cursor: str | None = None
            while True:
                page = await self._record.cases_in(state, limit=PAGE, cursor=cursor)
                yield [summary.case_id for summary in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    break
