"""Delivery acknowledgements of the scheduler, written to the casebook in batches."""

import asyncio

from backend.services.batches import write_in_batches
from casebook.async_api import AsyncRelay

PAUSE_S = 0.25
"""How long to gather before writing. Nobody waits for it, and those who need it on record call `write` first."""


class DeliveryAcks:
    """Gathers what the scheduler acknowledged, and writes many in one transaction.

    A crash before that loses nothing: the start or decision is delivered again, and a round consumes one decision.
    """

    def __init__(self, record: AsyncRelay) -> None:
        self._record = record
        self._scheduled: set[str] = set()
        self._delivered: set[str] = set()
        self._arrived = asyncio.Event()

    def __contains__(self, item: str) -> bool:
        """Whether this case, or the decision on this review, was acknowledged and is yet to be written."""
        return item in self._scheduled or item in self._delivered

    @property
    def starts(self) -> int:
        """How many started cases are yet to be written."""
        return len(self._scheduled)

    def add_scheduled(self, case: str) -> None:
        """The orchestration of a case exists."""
        self._scheduled.add(case)
        self._arrived.set()

    def add_delivered(self, review: str) -> None:
        """The orchestration has the decision on a review."""
        self._delivered.add(review)
        self._arrived.set()

    async def write(self) -> None:
        """Write all that was gathered, now. Raises CasebookUnavailable; then it is still kept."""
        scheduled, delivered = frozenset(self._scheduled), frozenset(self._delivered)
        if scheduled or delivered:
            await self._record.confirm(scheduled=scheduled, delivered=delivered)
            self._scheduled -= scheduled
            self._delivered -= delivered

    async def run(self) -> None:
        """Write what comes in until cancelled."""
        await write_in_batches(self._arrived, self.write, PAUSE_S, "What the scheduler was told is noted later.")
