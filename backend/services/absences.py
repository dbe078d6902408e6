"""Takes the cases of people who are away from them: when an absence begins, and when one is entered."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from backend.waiting import wait_for
from casebook.async_api import AsyncDesk
from casebook.errors import CasebookError, CasebookUnavailable

log = logging.getLogger("casewright.assignment")

LOOK_AGAIN_S = 30.0
"""How long an absence that another backend was told of may go unnoticed, and the pause after a failure."""


class AbsenceReturns:
    """One look finds all that is to be done, whoever did a part of it: so it goes on after a crash.

    Several backends may look at once; each case is taken from somebody by one of them.
    """

    def __init__(self, desk: AsyncDesk, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._now = now
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look again at once: an absence was entered."""
        self._woken.set()

    async def look(self) -> int:
        """Take all cases from all who are away, and return how many. Raises CasebookUnavailable."""
        taken = 0
        while cases := await self._desk.assigned_away():
            before = taken
            for case_id, subject in cases:
                try:
                    taken += await self._desk.reassign_away(case_id, subject)
                except CasebookUnavailable:
                    raise
                except CasebookError as refused:
                    log.warning("%s", refused, extra={"case_id": case_id})
            if taken == before:
                break
        return taken

    async def pause(self) -> float:
        """How many seconds until there may be something to do. Raises CasebookUnavailable."""
        begins = await self._desk.next_absence()
        if begins is None:
            return LOOK_AGAIN_S
        return max(0.0, min(LOOK_AGAIN_S, (begins - self._now()).total_seconds()))

    async def run(self) -> None:
        """Look whenever somebody goes away, until cancelled."""
        while True:
            self._woken.clear()
            try:
                taken = await self.look()
                pause = await self.pause()
            except CasebookUnavailable as error:
                log.warning("%s Cases of people who are away are passed on later.", error)
                taken, pause = 0, LOOK_AGAIN_S
            if taken:
                log.info("%d cases of people who are away were passed on", taken)
            await wait_for(self._woken, pause)
