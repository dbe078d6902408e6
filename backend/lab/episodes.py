"""Labelled events of a recording, put together to what one would call a single incident. Pure."""

from collections.abc import Iterable

from contracts.telemetry import EventKind, TelemetryEvent


class Episodes:
    """Runs of labelled events of one customer and kind: an event of the same that is not labelled ends a run.

    Memory grows with the labelled events and the customers who have them, and with no others.
    """

    def __init__(self, labelled: frozenset[str]) -> None:
        self._labelled = labelled
        self._open: dict[tuple[int, EventKind], int] = {}
        self._of_event: dict[str, int] = {}
        self.count = 0
        """Episodes so far."""
        self.customers: set[int] = set()
        """Customers who have one."""

    def note(self, event: TelemetryEvent) -> None:
        """See an event, in the order in which they are judged."""
        of = (event.customer_id, event.kind)
        if event.event_id not in self._labelled:
            self._open.pop(of, None)
            return
        if event.event_id in self._of_event:
            return  # it comes again
        if of not in self._open:
            self._open[of] = self.count
            self.count += 1
            self.customers.add(event.customer_id)
        self._of_event[event.event_id] = self._open[of]

    @property
    def events(self) -> int:
        """Labelled events that were seen."""
        return len(self._of_event)

    def hit_by(self, event_ids: Iterable[str]) -> set[int]:
        """The episodes that these events belong to."""
        return {self._of_event[each] for each in event_ids if each in self._of_event}
