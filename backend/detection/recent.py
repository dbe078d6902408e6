"""The newest events of each customer, packed: what an alert shows beside its evidence."""

from collections import deque
from collections.abc import Sequence

from contracts.alert import MAX_RECENT_EVENTS
from contracts.telemetry import TelemetryEvent, telemetry_event

MAX_BYTES = 128 * 1024 * 1024


class RecentEvents:
    """At most 50 events of a customer, and so many bytes of all; the oldest are forgotten first."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        """Of all customers together."""
        self._bytes = 0
        self._by_customer: dict[int, list[bytes]] = {}
        self._order: deque[int] = deque()
        """Whose event came when, oldest first: one entry for each event that is kept."""

    def add(self, event: TelemetryEvent) -> None:
        """Keep the event."""
        customer_id = event.customer_id
        packed = event.__pydantic_serializer__.to_json(event)
        events = self._by_customer.get(customer_id)
        if events is None:
            events = self._by_customer[customer_id] = []
        events.append(packed)
        self._bytes += len(packed)
        if len(events) > MAX_RECENT_EVENTS:
            self._bytes -= len(events.pop(0))
        else:
            self._order.append(customer_id)
        while self._bytes > self.max_bytes:
            self._forget(self._order.popleft())

    def of(self, customer_id: int) -> Sequence[TelemetryEvent]:
        """The customer's events, oldest first."""
        events = [telemetry_event.validate_json(packed) for packed in self._by_customer.get(customer_id, ())]
        return sorted(events, key=lambda event: (event.occurred_at, event.event_id))

    def _forget(self, customer_id: int) -> None:
        events = self._by_customer[customer_id]
        self._bytes -= len(events.pop(0))
        if not events:
            del self._by_customer[customer_id]
