"""Ends sessions that ran out, and deletes lines of the security log that are older than they are kept."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from casebook.async_api import AsyncSecurityLog, AsyncSessions
from casebook.commands.sessions import ENDED_AT_ONCE
from casebook.errors import CasebookUnavailable

log = logging.getLogger("casewright.retention")

EVERY_S = 60.0


class Retention:
    """Several backends may do this at once: each session ends once, and each line is deleted once."""

    def __init__(
        self,
        sessions: AsyncSessions,
        security_log: AsyncSecurityLog,
        keep_security_log: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._security_log = security_log
        self._keep = keep_security_log
        self._now = now

    async def sweep(self) -> None:
        """Do all that is due, a batch at a time. Raises CasebookUnavailable."""
        while await self._sessions.end_run_out() == ENDED_AT_ONCE:
            pass
        while purged := await self._security_log.purge(self._now() - self._keep):
            log.info("Deleted %d lines of the security log, older than %d days.", purged, self._keep.days)

    async def run(self) -> None:
        """Sweep again and again until cancelled."""
        while True:
            try:
                await self.sweep()
            except CasebookUnavailable as error:
                log.warning("%s What is over is ended and deleted later.", error)
            await asyncio.sleep(EVERY_S)
