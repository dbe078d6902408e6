"""Drift: whether charges and scores still look like those that the model came from.

The population stability index (PSI) of each feature and of the score: `sum((now - then) * ln(now / then))` over the
shares of the levels. By custom below 0.1 is stable, up to 0.25 has moved; above it the model should be learned anew.
"""

from bisect import bisect_right
from math import log
from typing import Final, Literal, NamedTuple

from backend.detection.features import CURRENCY_LETTERS, FEATURE_SET, FEATURES
from backend.detection.state.packing import Packed, StateInvalid, items, listed, optional, whole

MOVED: Final = 0.1
SHIFTED: Final = 0.25

VERSION: Final = 1
"""Of what `packed` writes."""
WINDOW: Final = 20_000
"""Charges; a day or two of a small desk."""
_HALF_A_CHARGE: Final = 0.5
"""Added to each count: an empty level is rare, not impossible."""
_ONE_OF: Final = 4
_SCORE_EDGES: Final = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.7)
_SIZES: Final = (*(len(each.levels) for each in FEATURES), len(_SCORE_EDGES) + 1)

Level = Literal["stable", "moved", "shifted"]


class Drift(NamedTuple):
    """How far one feature, or the score, has moved from the reference window."""

    name: str
    """A feature's name, or `score`."""
    psi: float
    level: Level


class DriftMonitor:
    """Counts charges by level: `window` of them as the reference, then windows of the same size to compare with it."""

    __slots__ = ("_counts", "_latest", "_reference", "_seen", "_window")

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._seen = 0
        self._counts = _nothing()
        self._reference: list[list[int]] | None = None
        self._latest: list[list[int]] | None = None

    def observe(self, vector: bytes, score: float) -> None:
        """Counts one charge of four: shares need no more."""
        self._seen += 1
        if self._seen % _ONE_OF:
            return
        counts = self._counts
        for row, level in zip(counts, vector[CURRENCY_LETTERS:], strict=False):
            row[level] += 1
        counts[-1][bisect_right(_SCORE_EDGES, score)] += 1
        if self._seen >= self._window:
            if self._reference is None:
                self._reference = counts
            else:
                self._latest = counts
            self._counts, self._seen = _nothing(), 0

    def add(self, other: "DriftMonitor") -> None:
        """Counts the whole windows of another partition, too."""
        self._reference = _sum(self._reference, other._reference)
        self._latest = _sum(self._latest, other._latest)

    def restart(self) -> None:
        """Takes the charges from now on as the reference: after a model was learned anew or rolled back."""
        self._seen, self._counts, self._reference, self._latest = 0, _nothing(), None, None

    def report(self) -> tuple[Drift, ...] | None:
        """The newest whole window against the reference, what moved most first; None before there are two windows."""
        if self._reference is None or self._latest is None:
            return None
        names = [*(each.name for each in FEATURES), "score"]
        found = [_drift(name, then, now) for name, then, now in zip(names, self._reference, self._latest, strict=True)]
        return tuple(sorted(found, key=lambda each: -each.psi))

    def packed(self) -> Packed:
        """As plain JSON, for another process to go on with."""
        return [VERSION, FEATURE_SET, self._seen, _rows(self._counts), _rows(self._reference), _rows(self._latest)]

    @classmethod
    def unpacked(cls, value: Packed, window: int = WINDOW) -> "DriftMonitor":
        """From `packed`. Raises StateInvalid for anything else."""
        version, feature_set, seen, counts, reference, latest = items(value, 6)
        if (version, feature_set) != (VERSION, FEATURE_SET):
            raise StateInvalid(f"the drift counts have version {version} of feature set {feature_set}")
        monitor = cls(window)
        monitor._seen = whole(seen)
        monitor._counts = _counts_of(counts)
        monitor._reference, monitor._latest = optional(reference, _counts_of), optional(latest, _counts_of)
        return monitor


def population_stability_index(then: list[int], now: list[int]) -> float:
    """PSI of two counts over the same levels; half a charge is added to each level."""
    all_then = sum(then) + _HALF_A_CHARGE * len(then)
    all_now = sum(now) + _HALF_A_CHARGE * len(now)
    total = 0.0
    for count_then, count_now in zip(then, now, strict=True):
        share_then = (count_then + _HALF_A_CHARGE) / all_then
        share_now = (count_now + _HALF_A_CHARGE) / all_now
        total += (share_now - share_then) * log(share_now / share_then)
    return total


def _drift(name: str, then: list[int], now: list[int]) -> Drift:
    psi = population_stability_index(then, now)
    return Drift(name, psi, "shifted" if psi > SHIFTED else "moved" if psi > MOVED else "stable")


def _sum(a: list[list[int]] | None, b: list[list[int]] | None) -> list[list[int]] | None:
    if a is None or b is None:
        return a or b
    return [[x + y for x, y in zip(one, other, strict=True)] for one, other in zip(a, b, strict=True)]


def _nothing() -> list[list[int]]:
    return [[0] * size for size in _SIZES]


def _rows(counts: list[list[int]] | None) -> Packed:
    return None if counts is None else [listed(row) for row in counts]


def _counts_of(value: Packed) -> list[list[int]]:
    counts = [[whole(each) for each in items(row)] for row in items(value)]
    if tuple(map(len, counts)) != _SIZES:
        raise StateInvalid("the drift counts are not those of the features")
    return counts
