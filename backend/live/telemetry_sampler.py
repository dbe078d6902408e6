"""Telemetry for watchers: a sample of the events, masked, and exact totals."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime

import anyio.to_thread

from backend.live.broadcast import Broadcast
from backend.live.messages import SAMPLE_SIZE, TelemetryBatch
from backend.personal_data.masking import NOBODY, masked_json
from contracts.telemetry import EventKind, TelemetryEvent

BATCH_INTERVAL_S = 0.25


class TelemetrySampler:
    """Gathers events into at most four batches per second, however fast they come."""

    def __init__(
        self, broadcast: Broadcast, clock: Callable[[], datetime], interval_s: float = BATCH_INTERVAL_S
    ) -> None:
        self._broadcast = broadcast
        self._clock = clock
        self._interval_s = interval_s
        self._totals: Counter[EventKind] = Counter()
        self._received = 0
        self._sample: deque[TelemetryEvent] = deque(maxlen=SAMPLE_SIZE)
        self._arrived = asyncio.Event()
        self._number = 0
        self._latest_json: str | None = None

    @property
    def number(self) -> int:
        """How many batches there have been; a watcher that has seen this one waits for the next."""
        return self._number

    @property
    def latest_json(self) -> str | None:
        """The newest batch, or None before the first. Earlier ones are gone; its totals include them."""
        return self._latest_json

    def take(self, event: TelemetryEvent) -> None:
        """Count one event. Cheap: called for every event that comes in."""
        self._totals[event.kind] += 1
        self._received += 1
        self._sample.append(event)
        self._arrived.set()

    async def run(self) -> None:
        """Publish batches until cancelled."""
        while True:
            await self._arrived.wait()
            await self._publish()
            await asyncio.sleep(self._interval_s)

    async def _publish(self) -> None:
        self._arrived.clear()
        batch = TelemetryBatch(
            at=self._clock(),
            total=self._totals.total(),
            total_by_kind=dict(self._totals),
            received=self._received,
            sample=tuple(self._sample),
        )
        self._received = 0
        self._sample.clear()
        # What real systems send may be large.
        self._latest_json = await anyio.to_thread.run_sync(masked_json, NOBODY, batch)
        self._number += 1
        self._broadcast.notify_all()
