"""Cases whose orchestration is over, or cannot even be started: a person goes on with each."""

import logging

from backend.services.errors import StartRefused
from backend.services.scheduler import InstanceState
from casebook.async_api import AsyncRelay
from contracts.words import cut

log = logging.getLogger("casewright.relay")

MAX_REASON_CHARS = 500
OVER = {"FAILED": "failed", "TERMINATED": "was terminated", "COMPLETED": "ended"}
"""How an orchestration stands that does not go on. It ends only after its case or reversal has, by the record."""


class FailedOrchestrations:
    """Hands cases over by the casebook, and knows which of them rest because they broke again and again."""

    def __init__(self, record: AsyncRelay) -> None:
        self.stalled: set[str] = set()
        """They broke again and again, and go on when a person has decided, or after a while."""
        self._found: set[str] = set()
        self._record = record

    async def hand_over(self, case: str, reason: str, *, again: bool = False, unstarted: bool = False) -> bool:
        """Put a case before a person, and say so once. Whether it is to be started again.

        `again`: also when it broke so often that it no longer goes on by itself. `unstarted`: it could not be started.
        """
        handed = await self._record.recover_case(case, reason, again=again, unstarted=unstarted)
        if handed is None:
            return False
        if handed.goes_on:
            self.goes_on(case)
            log.error("%s broke and is handed to a person. %s", case, reason)
            return True
        self._mark_stalled(case)
        if handed.is_new:
            log.error(
                "%s broke %d times in a row: it goes on when a person has decided, or is tried once an hour. %s",
                case,
                handed.breaks,
                reason,
            )
        return False

    async def is_resting(self, case: str) -> bool:
        """Whether a case that the scheduler does not know must not be started again yet."""
        rests = await self._record.is_resting(case)
        if rests:
            self._mark_stalled(case)
        return rests

    def goes_on(self, case: str) -> None:
        """Its orchestration is at work."""
        self.stalled.discard(case)
        self._found.discard(case)

    def end_round(self) -> None:
        """All open cases were looked at once more: what was not found stalled goes on, or another backend has ended
        it."""
        self.stalled, self._found = self._found, set()

    def _mark_stalled(self, case: str) -> None:
        self.stalled.add(case)
        self._found.add(case)


def ended(what: str, state: InstanceState) -> str:
    """Why an orchestration is over, as a sentence of a case's history."""
    return _sentence(f"The {what} {OVER[state.runtime_status]} in the scheduler", state.result)


def refused(what: str, refusal: StartRefused) -> str:
    """Why an orchestration cannot be started, as a sentence of a case's history."""
    return _sentence(f"The scheduler does not start the {what}", refusal.reason)


def _sentence(said: str, why: str | None) -> str:
    # What an exception says can be long, and hold what no database stores.
    reason = cut((why or "").replace("\0", ""), MAX_REASON_CHARS)
    return said + (f": {reason}" if reason else ".")
