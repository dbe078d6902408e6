"""Reproducible chance: the same parts always give the same numbers, on every machine."""

import math
import random

Chance = random.Random


def chance(*parts: str | int) -> Chance:
    """A source of numbers that depends on `parts` alone."""
    return Chance(":".join(map(str, parts)))


def around(source: Chance, median: float, spread: float) -> float:
    """A log-normal draw: half of all draws lie below `median`; `spread` is the sigma of the logarithm."""
    return median * math.exp(source.gauss(0.0, spread))
