"""The Numenta Anomaly Benchmark: its series, and its score of a detector, from the published description.

Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", 2015 (arXiv:1510.03336), and what the public
scorer of NAB v1.1 adds: a detection at the very start of a window is worth exactly 1, the worst place of the whole
file is three widths after its window, and the first 15 % of a series, at most 750 readings, are for learning.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from math import exp
from pathlib import Path
from typing import Any

_PROBATION_SHARE, _PROBATION_MOST = 0.15, 750
_FAR_WIDTHS = 3.0


@dataclass(frozen=True, slots=True)
class Profile:
    """What a missed window and a false detection cost; a window found at once is worth 1."""

    name: str
    false_positive: float
    false_negative: float


PROFILES = (Profile("standard", 0.11, 1.0), Profile("low_fp", 0.22, 1.0), Profile("low_fn", 0.11, 2.0))


@dataclass(frozen=True)
class Series:
    """One file of the benchmark."""

    name: str
    at: Sequence[float]
    """Seconds since 1970, of the clock on the wall of whoever recorded it."""
    values: Sequence[float]
    windows: Sequence[int]
    """For each reading: the number of the anomaly window that it is in, or 0."""

    @property
    def group(self) -> str:
        """`realTweets`."""
        return self.name.split("/", 1)[0]

    @property
    def probation(self) -> int:
        """Readings at the start that do not count."""
        return min(int(_PROBATION_SHARE * len(self.values)), _PROBATION_MOST)

    @property
    def counted(self) -> frozenset[int]:
        """The windows that can still be found after the learning."""
        return frozenset(self.windows[self.probation :]) - {0}

    @cached_property
    def rewards(self) -> Sequence[float]:
        """For each reading, what a detection there is worth: up to 1 in a window, down to -1 outside."""
        rewards: list[float] = []
        end, width = 0, 0
        for index, window in enumerate(self.windows):
            if not window:
                rewards.append(_after(index - end, width))
                continue
            if not index or window != self.windows[index - 1]:
                width = _run_length(self.windows, index)
                end = index + width - 1
            rewards.append(_sigmoid(-(end - index + 1) / width) / _sigmoid(-1.0))
        return rewards


@dataclass(frozen=True, slots=True)
class Result:
    """What a detector is worth for one profile."""

    score: float
    """100 finds every window at once with no false detection, 0 is as good as never detecting anything."""
    threshold: float
    """Scores from here on were detections: the threshold that suits the profile best."""


def read(folder: Path) -> list[Series]:
    """The series of every `nab*.parquet` in the folder, by name."""
    series = [one for path in sorted(folder.glob("nab*.parquet")) for one in _read(path)]
    return sorted(series, key=lambda one: one.name)


def best(series: Sequence[Series], scores: Sequence[Sequence[float]], profile: Profile) -> Result:
    """The score at the best threshold for all these series together. Raises ValueError where no series has a window."""
    windows = sum(len(one.counted) for one in series)
    if not windows:
        raise ValueError("no series has an anomaly window")
    found: dict[tuple[int, int], float] = {}
    worth = most = -windows * profile.false_negative
    threshold = previous = float("inf")
    for score, number, index in _by_score(series, scores):
        if score != previous and worth > most:
            most, threshold = worth, previous
        previous = score
        one = series[number]
        reward, window = one.rewards[index], one.windows[index]
        if window:
            before = found.get((number, window), -profile.false_negative)
            found[number, window] = max(before, reward)
            worth += found[number, window] - before
        else:
            worth += reward * profile.false_positive
    if worth > most:
        most, threshold = worth, previous
    return Result(_normalised(most, windows, profile), threshold)


def at_threshold(
    series: Sequence[Series], scores: Sequence[Sequence[float]], profile: Profile, threshold: float
) -> float:
    """The score of these series at a threshold that was found elsewhere."""
    detections = [[float(score >= threshold) for score in those] for those in scores]
    windows = sum(len(one.counted) for one in series)
    worth = 0.0
    for one, those in zip(series, detections, strict=True):
        found = dict.fromkeys(one.counted, -profile.false_negative)
        for index in range(one.probation, len(those)):
            window = one.windows[index]
            if those[index] and window:
                found[window] = max(found[window], one.rewards[index])
            elif those[index]:
                worth += one.rewards[index] * profile.false_positive
        worth += sum(found.values())
    return _normalised(worth, windows, profile)


def _by_score(series: Sequence[Series], scores: Sequence[Sequence[float]]) -> Iterable[tuple[float, int, int]]:
    """Every reading that counts: score, number of the series, index; the highest score first."""
    readings = [
        (those[index], number, index)
        for number, (one, those) in enumerate(zip(series, scores, strict=True))
        for index in range(one.probation, len(one.values))
    ]
    readings.sort(key=lambda reading: reading[0], reverse=True)
    return readings


def _normalised(worth: float, windows: int, profile: Profile) -> float:
    nothing = -windows * profile.false_negative
    return 100 * (worth - nothing) / (windows - nothing)


def _after(distance: int, width: int) -> float:
    """What a false detection costs: little just after a window, all of it where there was none."""
    if not width:
        return -1.0
    widths = distance / max(1, width - 1)
    return -1.0 if widths >= _FAR_WIDTHS else _sigmoid(widths)


def _sigmoid(position: float) -> float:
    """1 well before the end of a window, 0 at its end, -1 well after; the position is in widths of the window."""
    return 2 / (1 + exp(5 * position)) - 1


def _run_length(windows: Sequence[int], start: int) -> int:
    end = start
    while end < len(windows) and windows[end] == windows[start]:
        end += 1
    return end - start


def _read(path: Path) -> Iterable[Series]:
    parquet: Any = import_module("pyarrow.parquet")  # it has no types
    columns: dict[str, list[Any]] = parquet.read_table(
        path, columns=["file", "timestamp", "value", "window"]
    ).to_pydict()
    rows: dict[str, list[tuple[float, float, int]]] = {}
    for name, at, value, window in zip(*columns.values(), strict=True):
        rows.setdefault(name, []).append((_seconds(at), value, window))
    for name, those in rows.items():
        times, values, windows = zip(*those, strict=True)
        yield Series(name, times, values, windows)


def _seconds(at: datetime) -> float:
    """The files name no zone: their clocks are read as UTC."""
    return at.replace(tzinfo=UTC).timestamp()
