"""A customer's own history in day-sized steps: bounded, exact, and forgotten after a fixed number of days."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

Number = TypeVar("Number", float, Decimal)

_MAX_PENDING = 64


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
    """Count, sum, sum of squares and maximum of a stream of values, over the last `days` UTC days.

    What it answers rests on those days only, so a process that reads them again knows what the one before it knew.
    Memory: `days` records of five numbers, and at most 64 values of the same instant.
    """

    def __init__(self, days: int, zero: Number) -> None:
        self._days = days
        self._nothing = Summary(0, zero, zero, zero)
        self._closed: deque[tuple[int, Summary[Number]]] = deque()
        self._past = self._nothing
        """Over `_closed`, so that a reading costs the same on the last day as on the first."""
        self._today = 0
        self._so_far = self._nothing
        self._pending: list[tuple[int, Number]] = []
        self._pending_at: datetime | None = None

    def before(self, at: datetime) -> Summary[Number]:
        """What was known before `at`: values of the same instant are not in it, in whichever order they came."""
        if self._pending_at is not None and at > self._pending_at:
            self._fold()
        self._roll_to(at.toordinal())
        return self._past.joined(self._so_far)

    def add(self, at: datetime, value: Number) -> None:
        """Remembers a value (not negative). One that is older than all days remembered is ignored."""
        if self._pending_at is None or at > self._pending_at:
            self._fold()
            self._pending_at = at
        self._pending.append((at.toordinal(), value))
        if len(self._pending) >= _MAX_PENDING:
            self._fold()

    def _fold(self) -> None:
        if len(self._pending) > 1:
            self._pending.sort()  # sums of floats depend on their order
        for day, value in self._pending:
            self._roll_to(day)
            if day == self._today:
                self._so_far = self._so_far.including(value)
            else:
                self._add_late(day, value)
        self._pending.clear()

    def _roll_to(self, day: int) -> None:
        if day <= self._today:
            return
        if self._so_far.count:
            self._closed.append((self._today, self._so_far))
        self._today = day
        self._so_far = self._nothing
        while self._closed and self._closed[0][0] <= day - self._days:
            self._closed.popleft()
        self._sum_up()

    def _add_late(self, day: int, value: Number) -> None:
        if day <= self._today - self._days:
            return
        days = dict(self._closed)
        days[day] = days.get(day, self._nothing).including(value)
        self._closed = deque(sorted(days.items(), key=lambda item: item[0]))
        self._sum_up()

    def _sum_up(self) -> None:
        self._past = self._nothing
        for _, summary in self._closed:
            self._past = self._past.joined(summary)
