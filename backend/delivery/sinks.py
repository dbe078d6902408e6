"""Delivers all domain events, in order, to one sink that the settings name: Event Hubs, or the log."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from backend.delivery.errors import SendingFailed
from casebook.async_api import AsyncEvents
from contracts.domain_events import CloudEvent

BATCH = 500
LEASE = timedelta(seconds=60)
SENDING_S = 30.0
"""A batch that was not sent within this time failed: half of it is sent next, under the same lease or the next.

Then each may be a little larger than the one before: what fails was sent in part, and is sent again.
"""


class Sink(Protocol):
    """Where events go."""

    async def send(self, events: Sequence[CloudEvent]) -> None:
        """Send these, in order. Raises SendingFailed; then some of them may have been sent."""
        ...


class SinkDelivery:
    """Sends what is published to one sink, from the first event on, at least once; one process at a time does."""

    def __init__(self, consumer: str, sink: Sink, events: AsyncEvents, owner: str) -> None:
        self._consumer = consumer
        self._sink = sink
        self._events = events
        self._owner = owner
        self._batch = BATCH

    async def deliver(self) -> bool:
        """Send what waits, a batch at most; whether there is more. Raises CasebookUnavailable, SendingFailed."""
        if not await self._events.is_behind(self._consumer):
            return False
        # From before the lease on: a process that was stopped for long must not go on where another one is by now.
        end = asyncio.get_running_loop().time() + SENDING_S
        if not await self._events.take_lease(self._consumer, self._owner, LEASE):
            return False
        found = await self._events.events_after(await self._events.cursor(self._consumer), self._batch)
        if not found:
            # Another process, which has handed over, was faster.
            return False
        try:
            async with asyncio.timeout_at(end):
                await self._sink.send([event for _, event in found])
        except TimeoutError:
            self._batch = max(1, len(found) // 2)
            raise SendingFailed(f"{self._consumer} did not take the events within {SENDING_S:.0f} seconds.") from None
        kept = await self._events.advance_leased(self._consumer, self._owner, found[-1][0])
        full, self._batch = len(found) == self._batch, min(self._batch + max(1, BATCH // 10), BATCH)
        return kept and full

    async def release(self) -> None:
        """Let another process deliver at once. Raises CasebookUnavailable."""
        await self._events.release_lease(self._consumer, self._owner)
