"""The NAB half of `scripts/bench detection-quality`: scores, what a reading costs, and what is remembered."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from backend.detection.state.usage_anomaly import UsageAnomaly
from tests.bench._nab import PROFILES, Profile, Series, at_threshold, best, read

Judge = Callable[[float, float], float]
"""Of one series, in its order: the time in seconds and the value, to how anomalous the reading is."""
Scores = Sequence[float]

PRODUCT = "usage anomaly (the product's)"
_APART = "realTweets"
_REST = 100
_ROUNDS = 3
_PUBLISHED = {
    "windowed Gaussian": (39.6, 20.9, 47.4),
    "Random Cut Forest": (51.7, 38.4, 59.7),
    "Numenta HTM": (70.1, 63.1, 74.3),
}
"""For all 58 series: standard, low FP, low FN."""


class RunningZScore:
    """The reference: deviations from the mean of all readings before."""

    def __init__(self) -> None:
        self._count, self._mean, self._squares = 0, 0.0, 0.0

    def judge(self, _at: float, value: float) -> float:
        """Judges a reading, and learns it."""
        deviation = sqrt(self._squares / (self._count - 1)) if self._count > 1 else 0.0
        apart = value - self._mean
        self._count += 1
        self._mean += apart / self._count
        self._squares += apart * (value - self._mean)
        return abs(apart) / deviation if deviation else 0.0


def rested(judge: Judge) -> Judge:
    """Halves a score that does not beat all of the hundred before it."""
    last: list[float] = []

    def rest(at: float, value: float) -> float:
        score = judge(at, value)
        beaten = max(last, default=-1.0) >= score
        last.append(score)
        del last[:-_REST]
        return score / 2 if beaten else score

    return rest


def usage_anomaly() -> Judge:
    """The product's score."""
    state = UsageAnomaly.empty()
    return lambda at, value: state.judge(at, value).score


DETECTORS: Mapping[str, Callable[[], Judge]] = {
    "running z-score": lambda: RunningZScore().judge,
    "running z-score, rested": lambda: rested(RunningZScore().judge),
    PRODUCT: usage_anomaly,
}


def run(data: Path) -> dict[str, object]:
    """Scores every detector on the series in the folder. Raises FileNotFoundError where there are none."""
    series = read(data)
    if not series:
        raise FileNotFoundError(f"there is no nab*.parquet in {data}")
    return {
        "series": len(series),
        "readings": sum(len(one.values) for one in series),
        "published_for_58_series": {
            name: dict(zip((profile.name for profile in PROFILES), scores, strict=True))
            for name, scores in _PUBLISHED.items()
        },
        "state_bytes": state_bytes(series),
        "detectors": {name: _measured(make, series) for name, make in DETECTORS.items()},
    }


def say(result: dict[str, Any]) -> None:
    """Prints what `run` found."""
    _print(f"Numenta Anomaly Benchmark, {result['series']} series, {result['readings']:,} readings, no look-ahead")
    _print(f"  {'':56}" + "".join(f"{profile.name:>10}" for profile in PROFILES))
    for name, scores in result["published_for_58_series"].items():
        _print_scores(f"{name}, published for all 58 series", scores)
    for name, measured in result["detectors"].items():
        _print(f"  {name}, {measured['readings_per_s']:,} readings/s")
        for part, scores in measured["scores"].items():
            _print_scores(f"  {part}", scores)
    _print(f"  The product remembers {result['state_bytes']} bytes of a customer.")


def state_bytes(series: Sequence[Series]) -> int:
    """What the product remembers of one customer after the longest series, as Python holds it."""
    state = UsageAnomaly.empty()
    longest = max(series, key=lambda one: len(one.values))
    for at, value in zip(longest.at, longest.values, strict=True):
        state.judge(at, value)
    return sys.getsizeof(state) + sum(sys.getsizeof(getattr(state, name)) for name in UsageAnomaly.__slots__)


def _measured(make: Callable[[], Judge], series: Sequence[Series]) -> dict[str, object]:
    """The scores are those of the first round, the speed that of the fastest."""
    scores: list[Scores] = []
    fastest = float("inf")
    for number in range(_ROUNDS):
        started = time.process_time()
        these = [judged(make(), one) for one in series]
        fastest = min(fastest, time.process_time() - started)
        scores = scores if number else list(these)
    return {
        "readings_per_s": round(sum(map(len, scores)) / fastest),
        "scores": _parts(list(zip(series, scores, strict=True))),
    }


def judged(judge: Judge, one: Series) -> Scores:
    """The score of every reading."""
    return [judge(at, value) for at, value in zip(one.at, one.values, strict=True)]


def _parts(scored: Sequence[tuple[Series, Scores]]) -> dict[str, dict[str, float]]:
    """All series, and those without and of realTweets, each with the threshold that suits it best; then what each
    group comes to at the threshold of all."""
    common = {profile: best(*_split(scored), profile) for profile in PROFILES}
    parts = {"all series": {profile.name: found.score for profile, found in common.items()}}
    for name, chosen in (
        (f"without {_APART}", [one for one in scored if one[0].group != _APART]),
        (f"{_APART} only", [one for one in scored if one[0].group == _APART]),
    ):
        if _has_windows(chosen):
            parts[name] = _each_profile(lambda profile, these=chosen: best(*_split(these), profile).score)
    for group in sorted({one.group for one, _ in scored}):
        chosen = [one for one in scored if one[0].group == group]
        if _has_windows(chosen):
            parts[f"{group}, at the threshold of all"] = _each_profile(
                lambda profile, these=chosen: at_threshold(*_split(these), profile, common[profile].threshold)
            )
    return parts


def _each_profile(score: Callable[[Profile], float]) -> dict[str, float]:
    return {profile.name: score(profile) for profile in PROFILES}


def _split(scored: Sequence[tuple[Series, Scores]]) -> tuple[list[Series], list[Scores]]:
    return [one for one, _ in scored], [scores for _, scores in scored]


def _has_windows(scored: Sequence[tuple[Series, Scores]]) -> bool:
    return any(any(one.windows) for one, _ in scored)


def _print_scores(name: str, scores: Mapping[str, float]) -> None:
    _print(f"  {name:56}" + "".join(f"{score:10.1f}" for score in scores.values()))


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201
