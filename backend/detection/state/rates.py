"""How many events of a kind came in the last minutes, and how many usually come."""

from array import array
from bisect import bisect_right, insort
from math import ceil
from typing import NamedTuple

from backend.detection.state.history import History
from backend.detection.state.packing import Packed, StateInvalid, floats, items, listed, optional

DATED_AHEAD_S = 86_400.0
"""An event so long after all others may be dated wrongly: what was known before it is kept."""
MAX_COUNTED = 2_000
"""A window counts at most this many events; more are "2,000 or more"."""


class Rate(NamedTuple):
    """What is known at an event of a kind."""

    newest: float
    """Time of the newest event of the window, in seconds since 1970."""
    events: int
    """Those of the window that ends with it."""
    span: float
    """Seconds from the first to the last of them."""
    usual: float
    """Mean count of the earlier periods of the window's length in which something happened."""
    periods: int
    """How many such periods."""

    def threshold(self, least: int, times_usual: float, min_history: int) -> int:
        """From how many events on it is a burst: `least`, and with so many periods known so many times the usual."""
        return max(least, ceil(self.usual * times_usual)) if self.periods >= min_history else least


_PERIOD, _COUNTED, _TIMES = 0, 1, 2
"""Where in a stretch of time its newest clock period is, how many events that period has, and the times of its window
begin."""


class RateState:
    """Events of one kind of one customer, in windows of a fixed length.

    A late event inside the window is counted. One that lies further back, or more than a day ahead, begins another
    stretch, and the one before is kept: one event that is dated wrongly must not hide what really happens now. A period
    counts as at most `usual_cap` towards the usual. Memory: a history, and two windows of at most MAX_COUNTED times.
    """

    __slots__ = ("_history", "_now", "_other")

    def __init__(self) -> None:
        self._now = array("d")
        self._other: array[float] | None = None
        self._history = History.empty()

    def add(self, t: float, length: float, usual_cap: float = MAX_COUNTED) -> int:
        """Count an event, and return how many the window has that ends with the newest near it."""
        now = self._now
        period = t // length
        if not now:
            now.extend((period, 1.0, t))
            return 1
        newest = now[-1]
        if -length < t - newest < length:
            if t >= newest:
                now.append(t)
                _trim(now, length)
            elif len(now) - _TIMES < MAX_COUNTED:
                insort(now, t, _TIMES)
        else:
            now = self._turn_to(t, period, length, usual_cap)
        if period == now[_PERIOD]:
            now[_COUNTED] += 1.0
        elif period > now[_PERIOD]:
            self._learn(now, length, usual_cap)
            now[_PERIOD], now[_COUNTED] = period, 1.0
        return len(now) - _TIMES

    def rate(self, length: float, usual_cap: float = MAX_COUNTED) -> Rate:
        """Of the window that the last event added to. There must be one."""
        now, other = self._now, self._other
        newest = now[-1]
        history = self._history.before(newest)
        size, total = history.size, history.total
        if (
            other is not None
            and other[_COUNTED]
            and other[_PERIOD] < now[_PERIOD]
            and self._history.reaches(other[_PERIOD] * length, newest)
        ):
            size, total = size + 1.0, total + min(other[_COUNTED], usual_cap)
        return Rate(newest, len(now) - _TIMES, newest - now[_TIMES], total / size if size else 0.0, int(size))

    def count_before(self, t: float, length: float) -> int:
        """Events in the window of that length that ends at `t`."""
        now = self._now
        return bisect_right(now, t, _TIMES) - bisect_right(now, t - length, _TIMES)

    def _learn(self, stretch: "array[float]", length: float, usual_cap: float) -> None:
        if stretch[_COUNTED]:
            self._history.add(stretch[_PERIOD] * length, min(stretch[_COUNTED], usual_cap))
            stretch[_COUNTED] = 0.0

    def _turn_to(self, t: float, period: float, length: float, usual_cap: float) -> "array[float]":
        """Keep the stretch before as it is: events may come back to it, and its period must count once."""
        before, other = self._now, self._other
        if other is None and 0.0 < t - before[-1] < DATED_AHEAD_S:
            self._learn(before, length, usual_cap)
            before[:] = array("d", (period, 0.0, t))
            return before
        if other is not None and -length < t - other[-1] < length:
            insort(other, t, _TIMES)
            _trim(other, length)
            self._now = other
        else:
            # One that lies ahead is dated wrongly, or its time will come: it says nothing of what was usual until now.
            if other is not None and other[_PERIOD] < period:
                self._learn(other, length, usual_cap)
            self._now = array("d", (period, 0.0, t))
        self._other = before
        return self._now

    def packed(self) -> Packed:
        """As plain JSON."""
        return [listed(self._now), None if self._other is None else listed(self._other), self._history.packed()]

    @classmethod
    def unpacked(cls, value: Packed) -> "RateState":
        """From `packed`. Raises StateInvalid for anything else."""
        now, other, history = items(value, 3)
        state = cls()
        state._now, state._other = _stretch(now), optional(other, _stretch)
        state._history = History.unpacked(history)
        return state


def _trim(stretch: "array[float]", length: float) -> None:
    """Leave the newest window of a stretch."""
    before = stretch[-1] - length
    if stretch[_TIMES] <= before:
        del stretch[_TIMES : bisect_right(stretch, before, _TIMES)]
    if len(stretch) - _TIMES > MAX_COUNTED:
        del stretch[_TIMES]


def _stretch(value: Packed) -> "array[float]":
    numbers = floats(value, at_most=MAX_COUNTED + _TIMES)
    if len(numbers) <= _TIMES:
        raise StateInvalid("a window without events cannot be")
    return array("d", numbers)
