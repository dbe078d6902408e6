"""Sweeps what waits for the scheduler, again and again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from backend.services.errors import SchedulerUnavailable
from backend.waiting import wait_for
from casebook.errors import CasebookUnavailable
from runtime.backoff import Backoff, Pauses

log = logging.getLogger("casewright.relay")

RETRY = Backoff(first_s=0.25, longest_s=5.0)


async def sweep_when_woken(
    woken: asyncio.Event,
    sweep: Callable[[], Awaitable[None]],
    rest_s: Callable[[], float],
    waits: str,
    recovered: str | None = None,
) -> None:
    """Call `sweep` at once, whenever somebody has `woken` it, and after each rest, until cancelled.

    A scheduler or a casebook that is away is tried again with growing pauses. `waits` is the sentence that says once
    what waits meanwhile, `recovered` what is logged when it works again.
    """
    pauses = Pauses(RETRY)
    while True:
        woken.clear()
        try:
            await sweep()
        except (SchedulerUnavailable, CasebookUnavailable) as error:
            if not pauses.failures:
                log.warning("%s %s", error, waits)
            await asyncio.sleep(pauses.next_s())
            continue
        if pauses.failures and recovered is not None:
            log.info("%s", recovered)
        pauses.reset()
        await wait_for(woken, rest_s())
