"""The outbox relay: delivers to the scheduler what the casebook has accepted, despite crashes in between."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from backend.services.admission import INVESTIGATIONS_AT_ONCE, AdmissionControl
from backend.services.attempts import Attempts
from backend.services.case_orchestrations import CaseOrchestrations
from backend.services.delivery_acks import DeliveryAcks
from backend.services.errors import SchedulerUnavailable
from backend.services.failed_orchestrations import FailedOrchestrations
from backend.services.grants import GrantKeeper
from backend.services.overtaken_cases import OvertakenCases
from backend.services.recovery import PAGE, Recovery
from backend.services.reversal_orchestrations import ReversalOrchestrations
from backend.services.scheduler import Scheduler
from backend.services.scheduler_memory import SchedulerMemory
from backend.services.sweeps import sweep_when_woken
from backend.services.watchdog import Watchdog
from casebook.async_api import AsyncRelay
from casebook.database.transactions import utc_now
from casebook.errors import CasebookUnavailable
from contracts.ids import parse_review_id
from contracts.review import Decision

log = logging.getLogger("casewright.relay")

SWEEP_S = 5.0
"""How often to look, unasked, for what another process left behind."""
THROTTLED_SWEEP_S = 0.5
"""How often to look for a free slot while cases wait for one."""
STALLED_AFTER = timedelta(minutes=10)
"""A case in which nothing has happened for this long uses no slot: the others must not wait for it."""


class OutboxRelay:
    """Starts the investigations and reversals, and delivers the decisions, that the scheduler has not acknowledged.

    Every step may be repeated: the scheduler starts an instance once, and a round consumes one decision.
    Each sweep also recovers what the scheduler has lost, and lets the watchdog look.
    """

    def __init__(
        self,
        record: AsyncRelay,
        scheduler: Scheduler,
        clock: Callable[[], float] = time.monotonic,
        *,
        at_once: int = INVESTIGATIONS_AT_ONCE,
        grants: GrantKeeper | None = None,
        keeps_orchestrations: timedelta | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """`keeps_orchestrations`: for how long the scheduler has one that has ended; None: for ever."""
        self.acks = DeliveryAcks(record)
        """What the scheduler has, and the casebook does not yet know. `run` of both must be running."""
        self.failed = FailedOrchestrations(record)
        self._record = record
        self._grants = grants
        self._woken = asyncio.Event()
        self._in_hand: dict[str, asyncio.Task[None]] = {}
        self._admission = AdmissionControl(at_once)
        self._attempts = Attempts(scheduler, clock)
        self._memory = SchedulerMemory(scheduler, keeps_orchestrations, now)
        self._cases = CaseOrchestrations(record, scheduler, self.failed, self._memory, self.wake)
        self._overtaken = OvertakenCases(record, self._attempts, self._cases, clock)
        self._reversals = ReversalOrchestrations(record, scheduler)
        self._next_hold_ends: timedelta | None = None
        self.recovery = Recovery(record, scheduler, self._attempts, self._memory, self._cases, self._reversals)
        self._watchdog = Watchdog(record, scheduler, self._attempts, self.failed, self._cases, self._reversals, clock)

    def wake(self) -> None:
        """There is work."""
        self._woken.set()

    def try_acquire(self) -> bool:
        """Take a slot for a case that was just opened. False: it waits for its turn."""
        admitted = self._admission.try_acquire()
        if not admitted and not self._admission.throttled:
            self.wake()
        return admitted

    def acknowledge_start(self, case: str) -> None:
        """The scheduler has just taken this case. Should it not know it later, it has lost its memory."""
        self.acks.add_scheduled(case)
        if self._memory.canary is None:
            self._memory.canary = case

    def deliver_now(self, decision: Decision) -> None:
        """Deliver a decision that was just accepted, at once. What fails is left to the sweep."""
        item = decision.review_id
        if item not in self._in_hand:
            self._in_hand[item] = asyncio.create_task(self._deliver_alone(decision), name=f"deliver {item}")

    async def _deliver_alone(self, decision: Decision) -> None:
        try:
            await self._deliver(decision)
        except (SchedulerUnavailable, CasebookUnavailable):
            # The sweep tries until it works, and says so.
            self.wake()
        finally:
            del self._in_hand[decision.review_id]
        if self._memory.is_doubted:
            self.wake()

    async def run(self) -> None:
        """Relay until cancelled. An unreachable scheduler is retried with growing pauses, and logged once."""
        await sweep_when_woken(
            self._woken,
            self.sweep,
            lambda: self.rest_s,
            "It is tried again until it works.",
            "the scheduler has all that it missed",
        )

    @property
    def rest_s(self) -> float:
        """How long to rest, unless woken: no longer than until the next hold ends."""
        usual = THROTTLED_SWEEP_S if self._admission.throttled else SWEEP_S
        return usual if self._next_hold_ends is None else min(usual, self._next_hold_ends.total_seconds())

    async def sweep(self) -> None:
        """Start and deliver all that waits and is due. Raises SchedulerUnavailable, CasebookUnavailable."""
        # Deliver decisions first: a person is waiting.
        self._next_hold_ends = await self._record.end_holds()
        await self._deliver_waiting()
        await self._overtaken.wake_waiting()
        await self._start_waiting()
        await self._start_reversals()
        await self.recovery.run_if_due()
        if self._grants is not None:
            await self._grants.sweep()
        await self._watchdog.run_if_due()

    async def _deliver_waiting(self) -> None:
        last: str | None = None
        while waiting := await self._record.undelivered_decisions(PAGE, after=last):
            for decision in waiting:
                last = decision.review_id
                if last not in self.acks and last not in self._in_hand:
                    await self._deliver(decision)
            await self.acks.write()

    async def _deliver(self, decision: Decision) -> None:
        item = decision.review_id
        await self._grant(parse_review_id(item)[0])
        if await self._attempts.make(item, partial(self._cases.deliver, decision)):
            self.acks.add_delivered(item)
            log.info("%s: decision delivered", item)

    async def _grant(self, case_id: str) -> None:
        """Whoever carries it out shall not have to wait for the next sweep."""
        if self._grants is not None:
            await self._grants.sign(case_id)

    async def _start_waiting(self) -> None:
        busy = await self._record.under_investigation(STALLED_AFTER)
        self._admission.recount(busy + self.acks.starts)
        self._admission.throttle(await self._start_while_slots_last())

    async def _start_while_slots_last(self) -> bool:
        """Whether a case had to be left waiting."""
        last: str | None = None
        while waiting := await self._unscheduled(last):
            for last in waiting:
                if last in self.acks:
                    continue
                if not self._admission.slots:
                    await self.acks.write()
                    return True
                if await self._attempts.make(last, partial(self._cases.start, last)):
                    self._admission.slots -= 1
                    self.acknowledge_start(last)
                    log.info("%s started", last)
            await self.acks.write()
        return False

    async def _unscheduled(self, after: str | None) -> list[str]:
        # One more than there are slots shows that some must wait.
        return await self._record.unscheduled_cases(min(PAGE, self._admission.slots + 1), after=after)

    async def _start_reversals(self) -> None:
        last: str | None = None
        while waiting := await self._record.unscheduled_reversals(PAGE, after=last):
            for reversal in waiting:
                last = reversal.reversal_id
                await self._grant(reversal.case_id)
                if await self._attempts.make(last, partial(self._reversals.start, reversal)):
                    await self._record.mark_reversal_scheduled(last)
                    log.info("%s started", last)
