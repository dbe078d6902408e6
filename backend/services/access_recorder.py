"""Records who saw what, in batches off the request path."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from pydantic import JsonValue

from backend.services.batches import write_in_batches
from casebook.async_api import AsyncAccesses
from casebook.case_log.access_chain import Seen, seen_each_time, seen_in_window
from casebook.errors import CasebookUnavailable
from contracts.accesses import AccessKind

log = logging.getLogger("casewright.accesses")

PAUSE_S = 1.0
"""How long to gather before writing: at most what was seen in this time is lost when the process is killed."""
BATCH = 500
"""Lines of one transaction."""
MAX_PENDING = 10_000
"""Lines that wait for a casebook that takes none. With more, nobody is shown anything that cannot be recorded."""
MAX_KNOWN = 50_000
"""Lines that are remembered as written, so that a page that is read again costs nothing."""


class AccessRecorder:
    """Notes what was answered, and writes many lines in one transaction.

    On an orderly stop nothing is lost that was answered. Lines have a key of their own, so that one that is written
    again, after a failure or by another backend, is the same line.
    """

    def __init__(self, accesses: AsyncAccesses, now: Callable[[], datetime]) -> None:
        self._accesses = accesses
        self._now = now
        self._pending: dict[str, Seen] = {}
        self._known: set[str] = set()
        self._arrived = asyncio.Event()

    @property
    def pending(self) -> int:
        """How many lines are yet to be written."""
        return len(self._pending)

    async def saw(self, subject: str, kind: AccessKind, case_id: str | None = None, target: str | None = None) -> None:
        """Somebody is about to be shown something: one line, however often within a quarter of an hour.

        Raises CasebookUnavailable when too much could not be recorded.
        """
        await self._take(seen_in_window(self._now(), subject, kind, case_id, target))

    async def took(
        self, subject: str, kind: AccessKind, case_id: str | None, target: str, detail: Mapping[str, JsonValue]
    ) -> None:
        """Somebody is about to be given a file: a line each time, on disk before the first byte of it.

        Raises CasebookUnavailable; then nothing may be given.
        """
        await self._take(seen_each_time(self._now(), subject, kind, case_id, target, detail))
        await self.write()

    async def revealed(self, subject: str, case_id: str | None, target: str | None) -> None:
        """Somebody is about to be shown personal data: one line within a quarter of an hour, on disk before that.

        Raises CasebookUnavailable; then nothing may be shown.
        """
        seen = seen_in_window(self._now(), subject, "revealed", case_id, target)
        if seen.once not in self._known:
            self._add(seen)
            await self.write()

    def ended(self, subject: str, kind: AccessKind, target: str, detail: Mapping[str, JsonValue]) -> None:
        """How a file ended that somebody was given. Waits for nothing: whoever is told may be gone."""
        self._add(seen_each_time(self._now(), subject, kind, None, target, detail))

    async def write(self) -> None:
        """Write all that is pending, now. Raises CasebookUnavailable; then it is still pending."""
        while self._pending:
            batch = [*self._pending.values()][:BATCH]
            await self._accesses.record(batch)
            for each in batch:
                self._pending.pop(each.once, None)
            if len(self._known) > MAX_KNOWN:
                # Those of earlier windows come no more, and of this one the casebook knows what it has.
                self._known.clear()
            self._known.update(each.once for each in batch)

    async def run(self) -> None:
        """Write what comes in until cancelled."""
        await write_in_batches(self._arrived, self.write, PAUSE_S, "What people saw is recorded later.")

    async def close(self) -> None:
        """Write the rest when nobody is answered any more. What cannot be written goes to the log, line by line."""
        try:
            await self.write()
        except CasebookUnavailable as error:
            log.error("%s %d accesses are not in the record:", error, self.pending)
            for each in self._pending.values():
                log.error("not recorded: %s by %s", each.kind, each.subject, extra={"case_id": each.case_id})

    async def _take(self, seen: Seen) -> None:
        if seen.once in self._known:
            return
        self._add(seen)
        if len(self._pending) > MAX_PENDING:
            await self.write()

    def _add(self, seen: Seen) -> None:
        self._pending.setdefault(seen.once, seen)
        self._arrived.set()
