"""The orchestration of an approved reversal in the scheduler: starts it, checks it, ends it as failed."""

import logging

from backend.services.errors import StartRefused
from backend.services.instances import ended, ensure_running, refused
from backend.services.scheduler import Scheduler
from casebook.async_api import AsyncRelay
from contracts.effect import EffectStatus
from contracts.names import REVERSAL
from contracts.reversal import Reversal

log = logging.getLogger("casewright.relay")

_UNSETTLED: tuple[EffectStatus, ...] = ("pending", "unknown")


class ReversalOrchestrations:
    """A reversal that cannot continue is ended with an error in the log: it would block another request."""

    def __init__(self, record: AsyncRelay, scheduler: Scheduler) -> None:
        self._record = record
        self._scheduler = scheduler

    async def start(self, reversal: Reversal) -> None:
        """Start it. Raises StartRefused; then it is given up."""
        try:
            await self._scheduler.start_reversal(reversal)
        except StartRefused as refusal:
            await self._give_up(reversal, refused("reversal", refusal))
            raise

    async def inspect(self, reversal: Reversal) -> None:
        """Start a lost orchestration again; give up a reversal whose orchestration is over."""
        state = await self._scheduler.state_of(reversal.reversal_id)
        if state is None:
            await self.start(reversal)
        elif state.is_over:
            await self._give_up(reversal, ended("reversal", state))
        else:
            await ensure_running(self._scheduler, reversal.reversal_id, REVERSAL, state)

    async def _give_up(self, reversal: Reversal, reason: str) -> None:
        failed = await self._record.fail_reversal(reversal.case_id, reversal.reversal_id, reason)
        if failed is None:
            return
        log.error("%s is given up, and can be requested again. %s", failed.reversal_id, reason)
        if failed.effect is not None and failed.effect.status in _UNSETTLED:
            key = failed.effect.key
            log.error("%s: the result of %s is unknown: look at the customer's records.", failed.case_id, key)
