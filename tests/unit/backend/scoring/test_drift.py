"""Drift is the change of the shares of levels between two windows of equal size."""

import json
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.state.packing import Packed, StateInvalid
from backend.scoring.drift import DriftMonitor, population_stability_index
from tests.unit.backend.scoring.vectors import vector


def watched(*windows: tuple[bytes, float], window: int = 100) -> DriftMonitor:
    """Each window filled with one kind of charge."""
    monitor = DriftMonitor(window)
    for charge, score in windows:
        for _ in range(window):
            monitor.observe(charge, score)
    return monitor


def test_index_is_that_of_the_formula() -> None:
    found = population_stability_index([49, 50], [24, 75])
    then, now = (49.5 / 100, 50.5 / 100), (24.5 / 100, 75.5 / 100)
    expected = sum((b - a) * log(b / a) for a, b in zip(then, now, strict=True))
    assert found == pytest.approx(expected)


def test_equal_windows_are_stable() -> None:
    report = watched((vector(), 0.01), (vector(), 0.01)).report()
    assert report is not None
    assert all((each.psi, each.level) == (0.0, "stable") for each in report)


def test_changed_feature_and_score_are_named_first() -> None:
    report = watched((vector(), 0.01), (vector(streak=4), 0.9)).report()
    assert report is not None
    assert {each.name for each in report[:2]} == {"streak", "score"}
    assert report[0].level == "shifted"
    assert report[2].level == "stable"


def test_there_is_no_report_before_two_windows() -> None:
    monitor = watched((vector(), 0.01))
    monitor.observe(vector(), 0.01)
    assert monitor.report() is None


def test_restart_begins_a_new_reference() -> None:
    monitor = watched((vector(), 0.01), (vector(streak=4), 0.9))
    monitor.restart()
    for _ in range(200):
        monitor.observe(vector(streak=4), 0.9)
    report = monitor.report()
    assert report is not None
    assert {each.level for each in report} == {"stable"}


counts = st.lists(st.integers(0, 10_000), min_size=5, max_size=5)


@given(counts, counts)
def test_index_is_symmetric_and_never_negative(then: list[int], now: list[int]) -> None:
    index = population_stability_index(then, now)
    assert index >= -1e-12
    assert index == pytest.approx(population_stability_index(now, then))


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1, allow_nan=False)), max_size=30))
def test_packed_counts_go_on_as_the_original(values: list[tuple[int, float]]) -> None:
    monitor = DriftMonitor(window=8)
    for streak, score in values:
        monitor.observe(vector(streak=streak), score)

    again = DriftMonitor.unpacked(json.loads(json.dumps(monitor.packed())), window=8)

    for each in (monitor, again):
        each.observe(vector(), 0.5)
    assert again.packed() == monitor.packed()
    assert again.report() == monitor.report()


@pytest.mark.parametrize(
    "packed", [[], [2, 1, 0, [], None, None], [1, 99, 0, [], None, None], [1, 1, 0, [[0]], None, None]]
)
def test_unknown_counts_are_refused(packed: Packed) -> None:
    with pytest.raises(StateInvalid):
        DriftMonitor.unpacked(packed)
