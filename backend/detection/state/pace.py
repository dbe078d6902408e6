"""How a customer pays at present: the charges of a day, and how unusual those of the last week were."""

from math import exp
from typing import Final, NamedTuple

from backend.detection.state.packing import Packed, StateInvalid, items, number

DAY_S: Final = 86_400.0
_WEEK_S: Final = 7 * DAY_S


class Pace(NamedTuple):
    """What was known before a charge. Each weighs `exp(-age / horizon)`: in sum as much as those of the window."""

    day: float
    """Charges of the last day, in all currencies."""
    peak: float
    """Largest amount of the last week, in usual amounts; it fades."""


class ChargePace:
    """Memory: three numbers. A late charge counts with the weight of its own time."""

    __slots__ = ("_day", "_newest", "_peak")

    def __init__(self) -> None:
        self._newest: float | None = None
        self._day = 0.0
        self._peak = 0.0

    def charge(self, t: float, ratio: float) -> Pace:
        """Remember a charge at `t`, in seconds since 1970, of so many usual amounts; say what was known before it."""
        newest = self._newest
        weight_day = weight_week = 1.0
        if newest is None:
            self._newest = t
        elif t > newest:
            self._day *= exp((newest - t) / DAY_S)
            self._peak *= exp((newest - t) / _WEEK_S)
            self._newest = t
        else:
            weight_day, weight_week = exp((t - newest) / DAY_S), exp((t - newest) / _WEEK_S)
        known = Pace(self._day, self._peak)
        self._day += weight_day
        if ratio * weight_week > self._peak:
            self._peak = ratio * weight_week
        return known

    def packed(self) -> Packed:
        """As plain JSON, for another process to go on with."""
        return [self._newest, self._day, self._peak]

    @classmethod
    def unpacked(cls, value: Packed) -> "ChargePace":
        """From `packed`. Raises StateInvalid for anything else."""
        newest, day, peak = items(value, 3)
        pace = cls()
        pace._newest = None if newest is None else number(newest)
        pace._day, pace._peak = number(day), number(peak)
        if pace._day < 0 or pace._peak < 0:
            raise StateInvalid("counts are not negative")
        return pace
