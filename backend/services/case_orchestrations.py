"""The orchestration of a case in the scheduler: starts it, raises its decisions, checks and resumes it."""

import logging
from collections.abc import Callable
from contextlib import suppress

from backend.services.errors import StartRefused
from backend.services.failed_orchestrations import FailedOrchestrations
from backend.services.instances import ended, ensure_running, refused
from backend.services.scheduler import InstanceState, InstanceUnknown, Scheduler
from backend.services.scheduler_memory import SchedulerMemory
from casebook.async_api import AsyncRelay
from contracts.case import CaseView
from contracts.ids import parse_review_id
from contracts.kinds import kind_of
from contracts.names import INVESTIGATION
from contracts.review import Decision

log = logging.getLogger("casewright.relay")

ASKING_PHASES = ("awaiting_review", "escalated")


class CaseOrchestrations:
    """Every step may be repeated: the scheduler starts an instance once, and a round consumes one decision.

    `wake` is called when a case must be started again.
    """

    def __init__(
        self,
        record: AsyncRelay,
        scheduler: Scheduler,
        failed: FailedOrchestrations,
        memory: SchedulerMemory,
        wake: Callable[[], None],
    ) -> None:
        self._record = record
        self._scheduler = scheduler
        self._failed = failed
        self._memory = memory
        self._wake = wake

    async def start(self, case: str) -> None:
        """Start an investigation, or a new one for a case whose own has failed. Raises StartRefused.

        A final refusal counts as an orchestration failure.
        """
        try:
            await self._scheduler.start_investigation(case)
        except StartRefused as refusal:
            await self._recover(case, refused("investigation", refusal), unstarted=True)
            raise

    async def deliver(self, decision: Decision) -> None:
        """Tell the investigation of a decision; one that is lost is started again first."""
        case, _ = parse_review_id(decision.review_id)
        try:
            await self._scheduler.deliver(decision)
        except InstanceUnknown:
            if kind_of(case).orchestration is None:
                # What opened the case carries it, and is not started from here.
                raise
            # If it forgot this one, it will have forgotten others.
            self._memory.is_doubted = True
            await self._restart(case)
        else:
            if case in self._failed.stalled:
                # It resumes now that a person has decided, without waiting for the watchdog.
                await self.inspect(case)

    async def wake(self, case: str, round_number: int) -> None:
        """Let the investigation see that an alert has overtaken the question of a round."""
        try:
            await self._scheduler.wake(case, round_number)
        except InstanceUnknown:
            if kind_of(case).orchestration is None:
                raise
            self._memory.is_doubted = True
            await self._restart(case)

    async def deliver_missed(self, case: str, state: InstanceState) -> bool:
        """Whether an investigation waits for a decision that is on record; the decision is then raised again.

        A restart may have been cut off before the decisions followed.
        """
        progress = state.custom_status
        if progress is None or progress.phase not in ASKING_PHASES:
            return False
        view = await self._record.get_case(case)
        missed = [each for each in _final(view) if parse_review_id(each.review_id)[1] == progress.round]
        for decision in missed:
            await self._scheduler.deliver(decision)
        return bool(missed)

    async def bring_back(self, case: str, *, again: bool) -> None:
        """Let the scheduler have what it should have of a case."""
        state = await self.inspect(case, again=again)
        if state is not None:
            self._memory.canary = case
            await self.deliver_missed(case, state)

    async def inspect(self, case: str, *, again: bool = False) -> InstanceState | None:
        """The state of a running orchestration; a lost one is started again, the case of an ended one is recovered.

        `again`: also when the case is stalled.
        """
        state = await self._scheduler.state_of(case)
        if state is None:
            if await self._record.is_scheduled(case):
                await self._restart_lost(case, again=again)
            return None
        if state.is_over:
            await self._recover(case, ended("investigation", state), again=again)
            return None
        if not await ensure_running(self._scheduler, case, INVESTIGATION, state):
            return None
        self._failed.resumed(case)
        return state

    async def _restart_lost(self, case: str, *, again: bool) -> None:
        if not again and await self._failed.is_stalled(case):
            return
        log.warning("%s is unknown to the scheduler: starting it again", case)
        with suppress(StartRefused):
            # The case was recovered then, which says whether it is tried again.
            await self._restart(case)

    async def _restart(self, case: str) -> None:
        """Start a lost investigation and tell it all that was decided: it repeats what it did, without paying again."""
        view = await self._record.get_case(case)
        if view.state == "closed":
            return
        await self.start(case)
        self._memory.canary = case
        for decision in _final(view):
            await self._scheduler.deliver(decision)

    async def _recover(self, case: str, reason: str, *, again: bool = False, unstarted: bool = False) -> None:
        if await self._failed.recover(case, reason, again=again, unstarted=unstarted):
            self._wake()


def _final(view: CaseView) -> tuple[Decision, ...]:
    """What was decided in a case, but for what can still be taken back."""
    held = None if view.hold is None else view.hold.review_id
    return tuple(each for each in view.decisions if each.review_id != held)
