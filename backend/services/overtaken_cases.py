"""Wakes the orchestrations of cases whose question an alert has overtaken: what they wait for will not come."""

import logging
from collections.abc import Callable
from functools import partial

from backend.services.attempts import Attempts
from backend.services.case_orchestrations import CaseOrchestrations
from casebook.async_api import AsyncRelay

log = logging.getLogger("casewright.relay")

AGAIN_AFTER_S = 30.0
"""How long an orchestration may take to begin the next round before it is woken again."""


class OvertakenCases:
    """Each is woken until its next round has begun, whichever backend the alert came to."""

    def __init__(
        self, record: AsyncRelay, attempts: Attempts, cases: CaseOrchestrations, clock: Callable[[], float]
    ) -> None:
        self._record = record
        self._attempts = attempts
        self._cases = cases
        self._clock = clock
        self._woken: dict[tuple[str, int], float] = {}
        """When each was woken last, by case and round."""

    async def wake_waiting(self) -> None:
        """Wake those that are due. Raises SchedulerUnavailable, CasebookUnavailable."""
        waiting = await self._record.overtaken_cases()
        self._woken = {each: at for each, at in self._woken.items() if each in waiting}
        for case, round_number in waiting:
            last = self._woken.get((case, round_number))
            if last is not None and self._clock() - last < AGAIN_AFTER_S:
                continue
            item = f"{case}: the alert that overtook round {round_number}"
            if await self._attempts.make(item, partial(self._cases.wake, case, round_number)):
                self._woken[case, round_number] = self._clock()
                log.info("%s: an alert overtook round %d, the next one begins", case, round_number)
