"""Follows what is published: the loop that all consumers of domain events share."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from backend.delivery.errors import SendingFailed
from backend.waiting import wait_for
from casebook.errors import CasebookUnavailable
from runtime.backoff import Backoff, Pauses

log = logging.getLogger("casewright.delivery")

REST_S = 1.0
"""Between two looks at what other processes have published, and at what is due again."""
GAP_S = 0.05
"""Between two looks however much is published: many commits cost one look."""
RETRY = Backoff(first_s=0.5, longest_s=60.0)


class Follower:
    """Calls `look` whenever something was published, until cancelled. `look` says whether there is more to do at once.

    A casebook or a receiver that is away is tried again with growing pauses; `waits` says what waits meanwhile, once
    for each reason.
    """

    def __init__(self, look: Callable[[], Awaitable[bool]], waits: str) -> None:
        self._look = look
        self._waits = waits
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was published. To be called on the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Follow until cancelled."""
        pauses = Pauses(RETRY)
        said = ""
        while True:
            self._woken.clear()
            try:
                more = await self._look()
            except (CasebookUnavailable, SendingFailed) as error:
                if str(error) != said:
                    log.warning("%s %s", error, self._waits)
                    said = str(error)
                await asyncio.sleep(pauses.next_s())
                continue
            if pauses.failures:
                log.info("It works again. What waited is delivered now.")
            pauses.reset()
            said = ""
            if not more:
                await asyncio.sleep(GAP_S)
                await wait_for(self._woken, REST_S)
