"""Scales from values and times to positions, and where their ticks are."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import ceil, floor, isfinite, log10
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 1e300
"""Beyond it, sums of two values are infinite."""
_LOG_FROM = 30.0
"""How many times the usual the largest value is where a linear axis would leave the usual invisible."""
_LOG_DECADES = 6.0
_DAY_S = 86_400.0
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200)


class Scale(NamedTuple):
    """Places values from `low` to `high` between the positions `start` and `end`; what is beyond, at the end."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def place(self, value: float) -> float:
        low, high = self.low, self.high
        value = min(max(value, low), high)
        if self.is_log:
            low, high, value = log10(low), log10(high), log10(value)
        return self.start + (self.end - self.start) * _share(value, low, high)

    def holds(self, value: float) -> bool:
        """Whether the value is on the axis, and not at its end for want of room."""
        return self.low <= value <= self.high


def _share(value: float, low: float, high: float) -> float:
    largest = max(abs(low), abs(high)) or 1.0
    # Divided first: the difference of two huge values is infinite.
    span = high / largest - low / largest
    return (value / largest - low / largest) / span if span > 0 else 0.5


def value_scale(values: Iterable[float], usual: float | None, bottom: float, top: float) -> Scale:
    """A vertical scale from zero, or the lowest value, to a little above the largest.

    It is logarithmic where the largest value is 30 times the usual, and 30 times what is below zero: that is drawn at
    the foot.
    """
    bounded = [min(max(value, -_LARGEST), _LARGEST) for value in values if isfinite(value)] or [0.0]
    high, low = max(*bounded, 0.0), min(*bounded, 0.0)
    positive = [value for value in bounded if value > 0]
    is_steep = usual is not None and 0 < usual < high / _LOG_FROM and -low < high / _LOG_FROM
    if is_steep and positive and high > 1e-200:
        foot = max(log10(min(positive)), log10(high) - _LOG_DECADES)
        return Scale(10.0 ** floor(foot), high * 1.5, bottom, top, is_log=True)
    room = (high / 8 - low / 8) or 1.0
    return Scale(low - (room if low < 0 else 0.0), high + room, bottom, top)


def value_ticks(scale: Scale, most: int = 5) -> list[float]:
    """Round values on the axis, at most about `most` of them."""
    if scale.is_log:
        first, last = ceil(log10(scale.low) - 1e-9), floor(log10(scale.high) + 1e-9)
        every = max(1, ceil((last - first + 1) / most))
        found = [10.0**power for power in range(first, last + 1, every)]
        return [value for value in found if scale.holds(value)]
    step = _round_step(scale.high / most - scale.low / most)
    first, last = ceil(scale.low / step), floor(scale.high / step)
    return [number * step for number in range(first, last + 1)]


def _round_step(least: float) -> float:
    power = 10.0 ** floor(log10(least)) if least > 1e-300 else 1e-300
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0, 20.0) if factor * power >= least)


def seconds_of(moment: datetime) -> float:
    """Since 1970."""
    return (moment - _EPOCH).total_seconds()


def time_scale(times: Iterable[float], start: float, end: float) -> Scale:
    """From the first time to the last, with room beside them; at least ten seconds."""
    found = list(times)
    low, high = min(found), max(found)
    room = max((high - low) * 0.04, 5.0)
    return Scale(low - room, high + room, start, end)


class TimeTick(NamedTuple):
    t: float
    text: str


def time_ticks(scale: Scale) -> list[TimeTick]:
    """Round times in UTC, at most seven."""
    step = _time_step((scale.high - scale.low) / 7.0)
    first, last = ceil(scale.low / step), floor(scale.high / step)
    times = [number * step for number in range(first, last + 1)]
    same_day = floor(scale.low / _DAY_S) == floor(scale.high / _DAY_S)
    return [TimeTick(t, text) for t in times if (text := _time_text(t, step, same_day=same_day)) is not None]


def _time_step(least: float) -> float:
    for step in _STEPS_S:
        if step >= least:
            return float(step)
    return _DAY_S * ceil(least / _DAY_S)


def _time_text(t: float, step: float, *, same_day: bool) -> str | None:
    if (moment := _moment(t)) is None:
        return None
    day = f"{moment.day} {moment:%b}"
    if step >= _DAY_S:
        return f"{day} {moment.year}" if step >= 60 * _DAY_S else day
    clock = f"{moment:%H:%M:%S}" if step < 60 else f"{moment:%H:%M}"
    return clock if same_day else f"{day} {clock}"


def day_text(scale: Scale) -> str:
    """What the ticks of a time axis leave out: the day where all are of one, or the years; and that they are in UTC."""
    found = [moment for t in (scale.low, scale.high) if (moment := _moment(t)) is not None]
    if len({moment.date() for moment in found}) == 1:
        return f"{found[0].day} {found[0]:%b} {found[0].year}, UTC"
    return f"{' to '.join(dict.fromkeys(str(moment.year) for moment in found))}, UTC"


def _moment(t: float) -> datetime | None:
    try:
        return _EPOCH + timedelta(seconds=t)
    except OverflowError:
        return None
