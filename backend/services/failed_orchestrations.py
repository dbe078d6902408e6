"""Cases whose orchestration ended or cannot be started: each is recovered and goes to a person."""

import logging

from casebook.async_api import AsyncRelay

log = logging.getLogger("casewright.relay")


class FailedOrchestrations:
    """Puts each such case before a person, and knows which of them are stalled: they failed again and again."""

    def __init__(self, record: AsyncRelay) -> None:
        self.stalled: set[str] = set()
        """They failed again and again; they resume when a person decides, or after an hour."""
        self._found: set[str] = set()
        self._record = record

    async def recover(self, case: str, reason: str, *, again: bool = False, unstarted: bool = False) -> bool:
        """Put a case before a person, and say so once. Whether it is to be started again.

        `again`: also when it is stalled. `unstarted`: it could not be started.
        """
        recovered = await self._record.recover_case(case, reason, again=again, unstarted=unstarted)
        if recovered is None:
            return False
        if recovered.goes_on:
            self.resumed(case)
            log.error("%s failed and is handed to a person. %s", case, reason)
            return True
        self._mark_stalled(case)
        if recovered.is_new:
            log.error(
                "%s failed %d times in a row: it goes on when a person has decided, or is tried once an hour. %s",
                case,
                recovered.failures,
                reason,
            )
        return False

    async def is_stalled(self, case: str) -> bool:
        """Whether a case that the scheduler does not know must not be started again yet."""
        stalled = await self._record.is_stalled(case)
        if stalled:
            self._mark_stalled(case)
        return stalled

    def resumed(self, case: str) -> None:
        """Its orchestration is running."""
        self.stalled.discard(case)
        self._found.discard(case)

    def end_pass(self) -> None:
        """All open cases were checked again: those that were not found stalled have resumed, or ended elsewhere."""
        self.stalled, self._found = self._found, set()

    def _mark_stalled(self, case: str) -> None:
        self.stalled.add(case)
        self._found.add(case)
