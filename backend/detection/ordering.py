"""Events in the order in which they happened, as far as they come within a stated lateness."""

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from contracts.telemetry import TelemetryEvent


class EventOrder:
    """Holds each event until no other can come any more that happened before it.

    An event is late by at most `lateness` when it arrives so long after it happened. Such events come out sorted by
    time and id, however they arrived. One that is later comes out at once, and one that is dated ahead takes its place
    by when it arrived: it keeps nobody waiting. Whoever calls says what time it is; nothing is held for longer than
    the lateness after that.
    """

    def __init__(self, lateness: timedelta) -> None:
        self._lateness = lateness
        self._lateness_s = lateness.total_seconds()
        self._held: list[tuple[float, str, int, TelemetryEvent, datetime]] = []
        self._number = 0
        self._clock = float("-inf")

    def __len__(self) -> int:
        """Events held."""
        return len(self._held)

    def take(self, event: TelemetryEvent, arrived_at: datetime) -> None:
        """Hold an event. The clock is where the newest arrival is."""
        arrived = arrived_at.timestamp()
        self._clock = max(self._clock, arrived)
        self._number += 1
        at = min(event.occurred_at.timestamp(), arrived)
        heapq.heappush(self._held, (at, event.event_id, self._number, event, arrived_at))

    def due(self, now: datetime | None = None) -> Iterator[TelemetryEvent]:
        """The events whose time has come, in order. `now` moves the clock when nothing arrives."""
        if now is not None:
            self._clock = max(self._clock, now.timestamp())
        held, until = self._held, self._clock - self._lateness_s
        while held and held[0][0] <= until:
            yield heapq.heappop(held)[3]

    def held(self) -> list[tuple[TelemetryEvent, datetime]]:
        """What is held, and when it arrived, in the order in which it came."""
        return [(event, arrived_at) for _, _, _, event, arrived_at in sorted(self._held, key=itemgetter(2))]

    def next_due(self) -> datetime | None:
        """When the clock makes the next one due; None: nothing is held."""
        return datetime.fromtimestamp(self._held[0][0], UTC) + self._lateness if self._held else None

    def rest(self) -> Iterator[TelemetryEvent]:
        """All that is held, in order: no more will come."""
        held = self._held
        while held:
            yield heapq.heappop(held)[3]
