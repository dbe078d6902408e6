"""A customer's own history in day-sized steps: bounded, exact, and forgotten after a fixed number of days."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

Number = TypeVar("Number", float, Decimal)

_MAX_PENDING = 64
_DAYS_APART = 8
"""Days remembered beyond those that count: of values that are dated ahead, or long past."""


@dataclass(frozen=True, slots=True)
class Summary(Generic[Number]):
    """Sums over the values of the days remembered."""

    count: int
    total: Number
    squares: Number
    """Sum of the squared values."""
    largest: Number

    @property
    def mean(self) -> Number:
        """Raises ZeroDivisionError when there are no values."""
        return self.total / self.count

    @property
    def variance(self) -> Number:
        """Of the sample, never below zero. Raises ZeroDivisionError for fewer than two values."""
        spread = (self.squares - self.total * self.total / self.count) / (self.count - 1)
        return max(spread, spread - spread)

    def including(self, value: Number) -> "Summary[Number]":
        """With one value more."""
        return Summary(self.count + 1, self.total + value, self.squares + value * value, max(self.largest, value))

    def joined(self, other: "Summary[Number]") -> "Summary[Number]":
        """Over the values of both."""
        return Summary(
            self.count + other.count,
            self.total + other.total,
            self.squares + other.squares,
            max(self.largest, other.largest),
        )


class DailyHistory(Generic[Number]):
    """Count, sum, sum of squares and maximum of a stream of values, over the `days` UTC days up to the one asked about.

    What it answers rests on those days only, so a process that reads them again knows what the one before it knew. A
    value that is dated ahead is a value of its own day: it neither ends the days before it nor counts for them.
    Memory: `days` records of five numbers and a few for days apart, and at most 64 values of the same instant.
    """

    def __init__(self, days: int, zero: Number) -> None:
        self._days = days
        self._nothing = Summary(0, zero, zero, zero)
        self._by_day: dict[int, Summary[Number]] = {}
        self._past: tuple[int, Summary[Number]] | None = None
        """A day, and the sums over the days before it: so a reading costs the same on the last day as on the first."""
        self._pending: list[tuple[int, Number]] = []
        self._pending_at: datetime | None = None

    def before(self, at: datetime) -> Summary[Number]:
        """What was known before `at`: values of the same instant are not in it, in whichever order they came."""
        if self._pending_at is not None and at > self._pending_at:
            self._fold()
        day = at.toordinal()
        if self._past is None or self._past[0] != day:
            self._past = day, self._sum_before(day)
        return self._past[1].joined(self._by_day.get(day, self._nothing))

    def reaches(self, at: datetime, newest: datetime) -> bool:
        """Whether a value of `at` counts for what is asked about `newest`."""
        return 0 <= newest.toordinal() - at.toordinal() < self._days

    def add(self, at: datetime, value: Number) -> None:
        """Remembers a value (not negative)."""
        if at != self._pending_at:
            self._fold()
            self._pending_at = at
        self._pending.append((at.toordinal(), value))
        if len(self._pending) >= _MAX_PENDING:
            self._fold()

    def _fold(self) -> None:
        if len(self._pending) > 1:
            self._pending.sort()  # sums of floats depend on their order
        for day, value in self._pending:
            self._by_day[day] = self._by_day.get(day, self._nothing).including(value)
            if self._past is not None and day < self._past[0]:
                self._past = None
            if len(self._by_day) > self._days + _DAYS_APART:
                del self._by_day[max(self._by_day, key=lambda other: abs(other - day))]
                self._past = None
        self._pending.clear()

    def _sum_before(self, day: int) -> Summary[Number]:
        past = self._nothing
        for other in sorted(self._by_day):
            if day - self._days < other < day:
                past = past.joined(self._by_day[other])
        return past
