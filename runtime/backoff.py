"""Exponential back-off with jitter, the same in every process."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

JITTER = 0.25
"""By how much jitter shortens a pause at most: many that failed together should not retry together."""
_MOST_DOUBLINGS = 64

Draw = Callable[[], float]
"""Gives a number from 0 to less than 1."""


def no_jitter() -> float:
    """Pauses in full, for what must come out the same each time."""
    return 0.0


@dataclass(frozen=True)
class Backoff:
    """Pauses that double from `first_s` and never pass `longest_s`, each shortened by its `draw`."""

    first_s: float
    longest_s: float = inf
    draw: Draw = random.random

    def delay_s(self, failures: int) -> float:
        """The pause in seconds before asking again, where it failed `failures` times before the last one."""
        full_s = min(self.first_s * 2 ** min(failures, _MOST_DOUBLINGS), self.longest_s)
        return full_s * (1 - JITTER * self.draw())


class Pauses:
    """The growing pauses of one thing that is asked again and again."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self.failures = 0
        """How many pauses were taken since the last `reset`."""

    def next_s(self) -> float:
        """The next pause in seconds."""
        delay_s = self._backoff.delay_s(self.failures)
        self.failures += 1
        return delay_s

    def reset(self) -> None:
        """It worked: the next pause is the first again."""
        self.failures = 0
