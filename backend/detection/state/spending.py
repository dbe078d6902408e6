"""What a customer spends in one currency. Amounts are in its minor units."""

from sys import intern
from typing import NamedTuple, Self

from backend.detection.state.history import History, Summary

LARGEST_FACTOR = 3.0
"""A charge enters the history as at most the mean and so many deviations, or so many times the mean: one fraud does not
hide the next, and a customer whose spending has risen for good is learnt within weeks."""
LEAST_DEVIATION = 0.25
"""Least deviation as a share of the mean: equal monthly fees must not make every coffee unusual."""
_ROBUST_FROM = 8


class Spending(NamedTuple):
    """A charge, and what was known before it."""

    amount: float
    history: Summary
    mean: float
    deviation: float
    """Standard deviation of the charges before, at least a quarter of their mean."""


class SpendingState(History):
    """Memory: one history."""

    __slots__ = ("currency",)

    @classmethod
    def of(cls, currency: str) -> Self:
        """Of a currency in which nothing was spent yet."""
        state = cls.empty()
        state.currency = intern(currency)
        return state

    def charge(self, t: float, amount: float) -> Spending:
        """Remember a charge, and say what was known before it."""
        history = self.before(t)
        size = history.size
        if not size:
            self.add(t, amount)
            return Spending(amount, history, 0.0, 0.0)
        mean = history.total / size
        deviation = max(history.variance**0.5, mean * LEAST_DEVIATION)
        kept = amount
        if size >= _ROBUST_FROM:
            kept = min(amount, max(mean + deviation * LARGEST_FACTOR, mean * LARGEST_FACTOR))
        self.add(t, kept)
        return Spending(amount, history, mean, deviation)
