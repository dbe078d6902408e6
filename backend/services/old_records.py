"""Deletes what has been kept for long enough, a little at a time."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from backend.services.errors import SchedulerUnavailable
from backend.services.kept_for import KeptFor, Record
from backend.services.scheduler import Scheduler
from casebook.async_retention import AsyncRetention
from casebook.errors import CasebookUnavailable
from contracts.kinds.fraud import FRAUD
from contracts.kinds.reply import REPLY

log = logging.getLogger("casewright.retention")

BATCHES = 50
"""Transactions of one sweep and one record: of cases, a thousand."""
BUSY_S = 60.0
"""Until the next sweep where one did not come to the end."""
IDLE_S = 3_600.0
GRACE = timedelta(days=7)
"""Before the first deletion after an upgrade, or after the clock jumped: that long somebody can object."""

MOST_PASSED_OVER = 500
"""Conversations that could not be erased, before all are tried again."""

ResultT = TypeVar("ResultT")
Delete = Callable[[], Awaitable[int]]
"""Deletes a batch, and says how much that was."""


class OldRecords:
    """Several backends may do this at once: each thing is deleted once.

    A sweep begins anew what a killed one had begun: what is old follows from the record.
    """

    def __init__(
        self,
        record: AsyncRetention,
        scheduler: Scheduler,
        kept: KeptFor,
        now: Callable[[], datetime],
        grace: timedelta = GRACE,
    ) -> None:
        self._grace = grace
        self._waits_until: datetime | None = None
        """What was last said about waiting."""
        self._record = record
        self._scheduler = scheduler
        self._kept = kept
        self._now = now
        self._swept = now()
        """When the sweep began that goes on."""
        self._reached: Counter[str] = Counter()
        """Of each kind of case, where the last batch ended."""
        self.deleted: Counter[Record] = Counter()
        """By this process."""
        self.needed: dict[Record, int] = {}
        """Cases that the last walk found to be old, and kept because something still needs them."""
        self._needed_so_far: Counter[Record] = Counter()
        self.failed: Counter[Record] = Counter()
        """Cases, conversations and batches that could not be deleted, though no service was away."""
        self._said: set[str] = set()
        """The cases and conversations among them."""
        self._passed_over: set[str] = set()
        """The users of conversations that could not be erased: each is tried once by this process."""

    @property
    def waits_s(self) -> float:
        """Seconds until anything is deleted; 0: nothing keeps it from that."""
        return 0.0 if self._waits_until is None else max(0.0, (self._waits_until - self._now()).total_seconds())

    async def sweep(self) -> bool:
        """Delete what is due, at most `BATCHES` batches of each record; whether more is due.

        Raises CasebookUnavailable, SchedulerUnavailable.
        """
        kept, record = self._kept, self._record
        self._swept = self._now()
        if not await self._may_delete():
            return False
        before = self.deleted.total()
        more = await self._sweep_cases("fraud_cases", FRAUD.name, kept.cases)
        more |= await self._sweep_cases("reply_cases", REPLY.name, kept.reply_cases)
        more |= bool(await self._attempt("fraud_cases", record.forget_words))
        steps: tuple[tuple[Record, int, Callable[[int], Awaitable[int]]], ...] = (
            ("conversations", kept.conversations, self._erase_conversations),
            ("tasks", kept.tasks, record.delete_tasks),
            ("telemetry_dead_letters", kept.telemetry_dead_letters, record.delete_telemetry_dead_letters),
            ("undelivered", kept.domain_events, record.delete_undelivered),
            ("domain_events", kept.domain_events, record.delete_domain_events),
            ("accesses", kept.accesses, record.purge_accesses),
            ("orchestrations", kept.orchestrations, self._purge_orchestrations),
        )
        more |= await self._sweep("detection_states", record.forget_detector_states)
        for name, days, delete in steps:
            if days:
                more |= await self._sweep(name, partial(delete, days))
        if record.log_holds_erased() or self.deleted.total() > before:
            await record.empty_log()
        return more

    async def _may_delete(self) -> bool:
        begins = await self._record.begin_sweep(self._grace)
        if self._now() >= begins:
            self._waits_until = None
            return True
        if begins != self._waits_until:
            self._waits_until = begins
            log.warning(
                "Nothing that is old is deleted before %s: this is the first time, or the clock has jumped, or nothing "
                "was deleted for weeks. See 'Retention' in docs/operations.md.",
                begins.isoformat(timespec="seconds"),
            )
        return False

    async def run(self) -> None:
        """Sweep again and again until cancelled."""
        while True:
            rest_s = IDLE_S
            try:
                if await self.sweep():
                    rest_s = BUSY_S
            except (CasebookUnavailable, SchedulerUnavailable) as error:
                log.warning("%s What is old is deleted later.", error)
                rest_s = BUSY_S
            except Exception:
                log.exception("What is old could not be deleted. It is tried again later.")
            await asyncio.sleep(rest_s)

    async def _sweep(self, name: Record, delete: Delete) -> bool:
        total = 0
        for _ in range(BATCHES):
            batch = await self._attempt(name, delete) or 0
            total += batch
            self.deleted[name] += batch
            if not batch:
                break
        else:
            self._say(name, total)
            return True
        self._say(name, total)
        return False

    async def _sweep_cases(self, name: Record, kind: str, days: int) -> bool:
        if not days:
            return False
        total = 0
        for _ in range(BATCHES):
            batch = await self._attempt(name, partial(self._record.purge_cases, kind, days, self._reached[kind]))
            if batch is None:
                self._reached[kind] = 0
                break
            total += batch.purged
            self._note(name, "The case", batch.failed)
            self.deleted[name] += batch.purged
            self._needed_so_far[name] += batch.kept
            self._reached[kind] = batch.reached or 0
            if batch.reached is None:
                self.needed[name] = self._needed_so_far.pop(name, 0)
                break
        self._say(name, total)
        return self._reached[kind] > 0

    async def _attempt(self, name: Record, delete: Callable[[], Awaitable[ResultT]]) -> ResultT | None:
        """None where it failed in itself: what is damaged keeps nothing else from being deleted."""
        try:
            return await delete()
        except (CasebookUnavailable, SchedulerUnavailable):
            raise
        except Exception:
            self.failed[name] += 1
            log.exception("What is old of the %s could not be deleted.", name.replace("_", " "))
            return None

    async def _erase_conversations(self, days: int) -> int:
        if len(self._passed_over) > MOST_PASSED_OVER:
            self._passed_over.clear()
        batch = await self._record.erase_conversations(days, frozenset(self._passed_over))
        self._note("conversations", "The conversation of", batch.failed)
        self._passed_over |= batch.failed.keys()
        return batch.erased

    def _note(self, name: Record, what: str, failed: Mapping[str, Exception]) -> None:
        """Say once which case or conversation could not be deleted: others of its kind are."""
        for key in failed.keys() - self._said:
            self._said.add(key)
            self.failed[name] += 1
            log.error("%s %s is old and could not be deleted: it is damaged.", what, key, exc_info=failed[key])

    async def _purge_orchestrations(self, days: int) -> int:
        return await self._scheduler.purge_ended(self._swept - timedelta(days=days))

    def _say(self, name: Record, total: int) -> None:
        if total:
            log.info("Deleted what had been kept for long enough: %d %s.", total, name.replace("_", " "))
