"""Event rates: a sliding window of events, and the usual number of events in such a window."""

from bisect import insort
from collections import deque
from datetime import datetime, timedelta
from operator import attrgetter

from backend.detection.history import DailyHistory
from backend.detection.periods import period_start
from contracts.alert import MAX_TRIGGER_EVENTS
from contracts.telemetry import TelemetryEvent

MAX_COUNTED = 10_000
"""A window counts at most this many events; more are "10,000 or more"."""

_occurred_at = attrgetter("occurred_at")


class _Window:
    """The events of one stretch of time."""

    __slots__ = ("events", "period", "period_count", "times")

    def __init__(self) -> None:
        self.times: deque[datetime] = deque(maxlen=MAX_COUNTED)
        self.events: deque[TelemetryEvent] = deque()
        self.period: datetime | None = None
        self.period_count = 0

    def add(self, event: TelemetryEvent, length: timedelta) -> None:
        at = event.occurred_at
        if not self.times or at >= self.times[-1]:
            self.times.append(at)
            self.events.append(event)
        else:
            insort(self.times, at) if len(self.times) < MAX_COUNTED else None
            insort(self.events, event, key=_occurred_at)
        newest = self.times[-1]
        while newest - self.times[0] >= length:
            self.times.popleft()
        while newest - self.events[0].occurred_at >= length or len(self.events) > MAX_TRIGGER_EVENTS:
            self.events.popleft()


class RateWindow:
    """Counts the events of the last `length`, and learns from finished clock periods of it.

    A late event inside the window is counted. One that lies further from it, on either side, begins another window;
    the one before is kept: one event that is dated ahead must not hide what really happens now. A period without
    events is not learnt: `usual` is the mean count of the periods in which something happened, each counted as at most
    `usual_cap`.
    """

    def __init__(self, length: timedelta, *, history_days: int, usual_cap: int = MAX_COUNTED) -> None:
        self._length = length
        self._usual_cap = usual_cap
        self._now = _Window()
        """The window of the event that came last."""
        self._other: _Window | None = None
        self._history = DailyHistory(history_days, 0.0)

    def add(self, event: TelemetryEvent) -> None:
        """Counts the event; what this window says is about its time from then on."""
        at = event.occurred_at
        if self._now.times and not self._is_near(at, self._now):
            self._turn_to(at)
        self._now.add(event, self._length)
        self._learn(at)

    @property
    def newest(self) -> datetime:
        """Time of the newest event. There must be one."""
        return self._now.times[-1]

    @property
    def count(self) -> int:
        """Events in the window, at most `MAX_COUNTED`."""
        return len(self._now.times)

    @property
    def span(self) -> timedelta:
        """From the first to the last event in the window."""
        return self._now.times[-1] - self._now.times[0]

    @property
    def events(self) -> tuple[TelemetryEvent, ...]:
        """The newest 50 events of the window, oldest first."""
        return tuple(self._now.events)

    def usual(self) -> tuple[float, int]:
        """Mean count of the earlier periods with events, and how many such periods there were."""
        history = self._history.before(self.newest)
        other = self._other
        if other is not None and self._counts(other):
            history = history.including(self._learnt(other))
        return (history.mean, history.count) if history.count else (0.0, 0)

    def _is_near(self, at: datetime, window: _Window) -> bool:
        return abs(at - window.times[-1]) < self._length

    def _turn_to(self, at: datetime) -> None:
        """Keep the window before as it is: events may come back to it, and its period must count once."""
        before, other = self._now, self._other
        if other is not None and self._is_near(at, other):
            self._now = other
        else:
            if other is not None:
                self._finish(other)
            self._now = _Window()
        self._other = before

    def _counts(self, other: _Window) -> bool:
        """Whether the period that `other` is in lies before that of the newest event, and is remembered."""
        if other.period is None or self._now.period is None or not other.period_count:
            return False
        return other.period < self._now.period and self._history.reaches(other.period, self.newest)

    def _learn(self, at: datetime) -> None:
        window, period = self._now, period_start(at, self._length)
        if window.period is None or period > window.period:
            self._finish(window)
            window.period = period
        if period == window.period:
            window.period_count += 1

    def _finish(self, window: _Window) -> None:
        if window.period is not None and window.period_count:
            self._history.add(window.period, self._learnt(window))
            window.period_count = 0

    def _learnt(self, window: _Window) -> float:
        return float(min(window.period_count, self._usual_cap))
