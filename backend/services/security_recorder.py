"""Notes what the security log is about, counts it, and writes it in batches off the request path."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pydantic import JsonValue

from backend.services.batches import write_in_batches
from casebook.async_api import AsyncSecurityLog
from casebook.case_log.security_chain import Noted, in_window
from casebook.errors import CasebookUnavailable
from contracts.security import SecurityEventKind

log = logging.getLogger("casewright.security")

PAUSE_S = 1.0
"""How long to gather before writing: at most what was refused in this time is lost when the process is killed."""
REVEAL_WINDOW = timedelta(minutes=15)
"""As in the access record."""
BATCH = 500
"""Lines of one transaction."""
MAX_KNOWN = 10_000
MAX_PENDING = 5_000
"""Refusals that wait for a casebook that takes none; of more, the process counts how many, and logs that it does."""


class SecurityRecorder:
    """What was refused is written soon, and what is taken away before it is given.

    Sessions are not noted here: what begins or ends one writes its line in the same transaction. They are counted.
    """

    def __init__(self, security_log: AsyncSecurityLog, now: Callable[[], datetime]) -> None:
        self._log = security_log
        self._now = now
        self._pending: dict[str, Noted] = {}
        self._arrived = asyncio.Event()
        self._revealed: set[str] = set()
        """Lines that are written, so that a page that is read again costs nothing."""
        self.counts: Counter[SecurityEventKind] = Counter()
        """How often each kind happened in this process, repetitions included."""
        self.dropped = 0
        """Refusals that are not in the log because too many waited."""

    def count(self, kind: SecurityEventKind) -> None:
        """What is on record already has happened."""
        self.counts[kind] += 1

    def refused(self, kind: SecurityEventKind, subject: str | None, address: str, target: str, reason: str) -> None:
        """Something was refused: one line, however often within a minute. Waits for nothing."""
        self.counts[kind] += 1
        noted = in_window(self._now(), kind, "refused", subject, address, target, reason)
        if noted.once in self._pending:
            return
        if len(self._pending) >= MAX_PENDING:
            if self.dropped == 0:
                log.error("More is refused than the casebook takes: from now on it is only counted.")
            self.dropped += 1
            return
        self._pending[noted.once] = noted
        self._arrived.set()

    async def read(self, subject: str, address: str, target: str) -> None:
        """Somebody is about to be shown this log: one line within a minute, on disk before the first of it.

        Raises CasebookUnavailable; then nothing may be shown.
        """
        await self._first(in_window(self._now(), "log_read", "done", subject, address, target, None))

    async def revealed(self, subject: str, address: str, target: str) -> None:
        """Somebody is about to be shown personal data: one line within a quarter of an hour, on disk before that.

        Raises CasebookUnavailable; then nothing may be shown.
        """
        noted = in_window(self._now(), "revealed", "done", subject, address, target, None, REVEAL_WINDOW)
        if noted.once in self._revealed:
            return
        await self._first(noted)
        if len(self._revealed) >= MAX_KNOWN:
            self._revealed.clear()
        self._revealed.add(noted.once)

    async def _first(self, noted: Noted) -> None:
        self.counts[noted.kind] += await self._log.note([noted])

    async def took(
        self,
        kind: SecurityEventKind,
        subject: str,
        address: str,
        target: str,
        detail: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Somebody is about to be given something: on disk before the first byte of it.

        Raises CasebookUnavailable; then nothing may be given.
        """
        await self._log.note([Noted(self._now(), kind, "done", subject, address, target, detail=detail or {})])
        self.counts[kind] += 1

    async def write(self) -> None:
        """Write all that is pending, now. Raises CasebookUnavailable; then it is still pending."""
        while self._pending:
            batch = [*self._pending.values()][:BATCH]
            await self._log.note(batch)
            for each in batch:
                self._pending.pop(each.once, None)

    async def run(self) -> None:
        """Write what comes in until cancelled."""
        await write_in_batches(self._arrived, self.write, PAUSE_S, "What was refused is recorded later.")

    async def close(self) -> None:
        """Write the rest when nobody is answered any more. What cannot be written is counted in the log."""
        try:
            await self.write()
        except CasebookUnavailable as error:
            log.error("%s %d refusals are not in the security log.", error, len(self._pending))
