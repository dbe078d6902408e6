"""How often something happens: a sliding window of events, and how busy such a window usually is."""

from bisect import insort
from collections import deque
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from backend.detection.history import DailyHistory
from contracts.alert import MAX_TRIGGER_EVENTS
from contracts.telemetry import TelemetryEvent

MAX_COUNTED = 10_000
"""A window counts at most so many events; more are "10,000 or more"."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_occurred_at = attrgetter("occurred_at")


class RateWindow:
    """Counts the events of the last `length` before the newest one, and learns from finished clock periods of it.

    An event older than the window is ignored; a late one inside it is counted. A period without events is not learnt:
    `usual` is the mean count of the periods in which something happened, each counted as at most `usual_cap`.
    """

    def __init__(self, length: timedelta, *, history_days: int, usual_cap: int = MAX_COUNTED) -> None:
        self._length = length
        self._usual_cap = usual_cap
        self._times: deque[datetime] = deque(maxlen=MAX_COUNTED)
        self._events: deque[TelemetryEvent] = deque()
        self._history = DailyHistory(history_days, 0.0)
        self._period: datetime | None = None
        self._period_count = 0

    def add(self, event: TelemetryEvent) -> bool:
        """Counts the event; False if it came too late to count."""
        at = event.occurred_at
        if self._times and at <= self._times[-1] - self._length:
            return False
        if not self._times or at >= self._times[-1]:
            self._times.append(at)
            self._events.append(event)
        else:
            insort(self._times, at) if len(self._times) < MAX_COUNTED else None
            insort(self._events, event, key=_occurred_at)
        start = self.newest - self._length
        while self._times[0] <= start:
            self._times.popleft()
        while self._events[0].occurred_at <= start or len(self._events) > MAX_TRIGGER_EVENTS:
            self._events.popleft()
        self._learn(at)
        return True

    @property
    def newest(self) -> datetime:
        """Time of the newest event. There must be one."""
        return self._times[-1]

    @property
    def count(self) -> int:
        """Events in the window, at most `MAX_COUNTED`."""
        return len(self._times)

    @property
    def span(self) -> timedelta:
        """From the first to the last event in the window."""
        return self._times[-1] - self._times[0]

    @property
    def events(self) -> tuple[TelemetryEvent, ...]:
        """The newest 50 events of the window, oldest first."""
        return tuple(self._events)

    def usual(self) -> tuple[float, int]:
        """Mean count of the earlier periods with events, and how many such periods there were."""
        history = self._history.before(self.newest)
        return (history.mean, history.count) if history.count else (0.0, 0)

    def _learn(self, at: datetime) -> None:
        period = at - (at - _EPOCH) % self._length
        if self._period is None or period > self._period:
            if self._period is not None:
                self._history.add(self._period, float(min(self._period_count, self._usual_cap)))
            self._period = period
            self._period_count = 0
        if period == self._period:
            self._period_count += 1
