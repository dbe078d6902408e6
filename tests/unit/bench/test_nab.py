"""The score of the Numenta Anomaly Benchmark, against its published description and a second way to compute it."""

import json
from datetime import UTC, datetime
from importlib import import_module
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench._nab import PROFILES, Profile, Series, at_threshold, best, read
from tests.bench._nab_run import DETECTORS, PRODUCT, RunningZScore, judged, rested, run, say
from tests.bench.detection_quality import FOLDER, main

STANDARD, LOW_FP, LOW_FN = PROFILES
FULL = 0.98661
"""What the left edge of a window is worth before it is made 1: 2 / (1 + exp(-5)) - 1."""

needs_benchmarks = pytest.mark.skipif(
    not any(FOLDER.glob("nab*.parquet")), reason=f"the benchmark is not here: there is no nab*.parquet in {FOLDER}"
)


def a_series(windows: list[int], name: str = "group/name.csv") -> Series:
    return Series(name, [60.0 * number for number in range(len(windows))], [0.0] * len(windows), windows)


def one_window(before: int, width: int, after: int) -> Series:
    return a_series([0] * before + [1] * width + [0] * after)


def numbered(inside: list[int]) -> list[int]:
    """The windows in the order of their starts."""
    starts = accumulate(int(now > before) for before, now in pairwise([0, *inside]))
    return [number * now for number, now in zip(starts, inside, strict=True)]


def detections(series: Series, *at: int) -> list[float]:
    return [1.0 if index in at else 0.0 for index in range(len(series.values))]


def score(series: Series, *at: int, profile: Profile = STANDARD) -> float:
    """With these detections and no others."""
    return at_threshold([series], [detections(series, *at)], profile, 0.5)


def test_window_found_at_once_is_perfect() -> None:
    series = one_window(200, 40, 200)
    found = best([series], [detections(series, 200)], STANDARD)
    assert (found.score, found.threshold) == (pytest.approx(100), 1.0)


def test_detection_is_worth_less_later_in_window() -> None:
    rewards = one_window(200, 40, 200).rewards[200:240]
    assert list(rewards) == sorted(rewards, reverse=True)
    assert rewards[0] == pytest.approx(1)
    assert rewards[20] == pytest.approx(0.84828 / FULL, abs=1e-4)
    assert 0 < rewards[-1] < 0.07


def test_false_detection_costs_more_farther_from_window() -> None:
    rewards = one_window(200, 41, 200).rewards
    assert set(rewards[:200]) == {-1.0}
    assert rewards[240 + 1] == pytest.approx(-0.0624, abs=1e-3)
    assert rewards[240 + 40] == pytest.approx(-FULL, abs=1e-5)
    assert set(rewards[240 + 120 :]) == {-1.0}


def test_only_the_first_detection_in_window_counts() -> None:
    series = one_window(200, 40, 200)
    assert score(series, 210, 215, 239) == score(series, 210)


@pytest.mark.parametrize(("profile", "expected"), [(STANDARD, 94.5), (LOW_FP, 89.0), (LOW_FN, 100 * 2.89 / 3)])
def test_false_detection_costs_what_profile_says(profile: Profile, expected: float) -> None:
    assert score(one_window(200, 40, 200), 100, 200, profile=profile) == pytest.approx(expected)


@pytest.mark.parametrize("profile", PROFILES)
def test_detector_that_finds_nothing_scores_zero(profile: Profile) -> None:
    series = one_window(200, 40, 200)
    assert best([series], [[0.5] * 440], profile).score == 0
    assert score(series, profile=profile) == 0


def test_detections_while_learning_do_not_count() -> None:
    series = one_window(200, 40, 200)
    assert series.probation == 66
    assert score(series, *range(66)) == 0
    assert a_series([0] * 20_000).probation == 750


def test_series_without_window_only_costs() -> None:
    both = [one_window(200, 40, 200), a_series([0] * 440)]
    scores = [detections(both[0], 200), detections(both[1], 300)]
    assert at_threshold(both, scores, STANDARD, 0.5) == pytest.approx(94.5)


def test_no_window_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="no series has an anomaly window"):
        best([a_series([0] * 30)], [[0.0] * 30], STANDARD)


@given(
    windows=st.lists(st.sampled_from([0, 0, 0, 1]), min_size=10, max_size=40),
    levels=st.lists(st.integers(0, 4), min_size=40, max_size=40),
    profile=st.sampled_from(PROFILES),
)
def test_best_threshold_is_best_of_all(windows: list[int], levels: list[int], profile: Profile) -> None:
    """Which is tried one by one, with the other function."""
    series = [a_series(numbered(windows)), one_window(20, 10, 10)]
    scores = [[float(level) for level in levels[: len(windows)]], [float(level) for level in levels]]

    found = best(series, scores, profile)

    tried = [at_threshold(series, scores, profile, threshold) for threshold in (0, 1, 2, 3, 4, float("inf"))]
    assert found.score == pytest.approx(max(tried))
    assert at_threshold(series, scores, profile, found.threshold) == pytest.approx(found.score)


def test_rested_score_is_halved_unless_it_beats_others() -> None:
    values = iter([1.0, 3.0, 2.0, 3.0, 4.0])
    judge = rested(lambda _at, _value: next(values))
    assert [judge(0, 0) for _ in range(5)] == [1.0, 3.0, 1.0, 1.5, 4.0]


def test_running_z_score_is_of_readings_before() -> None:
    judge = RunningZScore().judge
    assert [judge(0, value) for value in (1.0, 3.0)] == [0, 0]
    assert judge(0, 4.0) == pytest.approx(2 / 2**0.5)


def test_any_parquet_file_of_the_format_is_read(tmp_path: Path) -> None:
    write(tmp_path / "nab_held.parquet", "b/two.csv", 300)
    write(tmp_path / "nab_dev.parquet", "a/one.csv", 200)
    write(tmp_path / "other.parquet", "c/three.csv", 10)

    one, two = read(tmp_path)

    assert (one.name, one.group, len(one.values)) == ("a/one.csv", "a", 200)
    assert (two.name, len(two.values), list(two.at[:2])) == ("b/two.csv", 300, [1_396_310_400.0, 1_396_310_460.0])
    assert sum(two.windows) == 20


def test_run_measures_and_prints_every_detector(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "nab.parquet", "realTweets/one.csv", 400)
    result: dict[str, Any] = run(tmp_path)
    say(result)
    assert result["state_bytes"] <= 700
    assert result["detectors"][PRODUCT]["scores"]["realTweets only"].keys() == {"standard", "low_fp", "low_fn"}
    assert PRODUCT in capsys.readouterr().out


def test_folder_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no nab"):
        run(tmp_path)


def test_command_writes_results_and_names_what_it_skips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "nab.parquet", "realTweets/one.csv", 400)
    results = tmp_path / "results.json"
    monkeypatch.setattr("sys.argv", ["detection-quality", "--data", str(tmp_path), "--json", str(results)])
    main()
    assert json.loads(results.read_text()).keys() == {"nab"}
    assert f"handbook: skipped, because there is no handbook*.parquet in {tmp_path}" in capsys.readouterr().out


@needs_benchmarks
@pytest.mark.slow
@pytest.mark.parametrize(("detector", "least", "most"), [("running z-score", 44.0, 44.2), (PRODUCT, 65.0, 100.0)])
def test_detectors_reach_on_benchmark_what_is_said(detector: str, least: float, most: float) -> None:
    """59.5 is the best that is known without look-ahead."""
    series = read(FOLDER)
    scores = [judged(DETECTORS[detector](), one) for one in series]
    assert least <= best(series, scores, STANDARD).score <= most


def write(path: Path, name: str, size: int) -> None:
    """One series with one window of 20 readings before its last ten."""
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    start = datetime(2014, 4, 1, tzinfo=UTC).timestamp()
    table = arrow.table(
        {
            "file": arrow.array([name] * size).dictionary_encode(),
            "timestamp": arrow.array([int((start + 60 * at) * 1e6) for at in range(size)], arrow.timestamp("us")),
            "value": [float(at % 7) for at in range(size)],
            "window": arrow.array([int(size - 30 <= at < size - 10) for at in range(size)], arrow.int16()),
            "probation": [at < size * 0.15 for at in range(size)],
        }
    )
    parquet.write_table(table, path)
