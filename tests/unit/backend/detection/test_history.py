"""A history knows the values of the last weeks, stretch by stretch, and nothing dated ahead."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.state.history import STRETCH_S, History, Summary
from backend.detection.state.packing import StateInvalid
from tests.unit.backend.detection.events import at

DAY = 86_400.0
START = at().timestamp() // STRETCH_S * STRETCH_S
"""A stretch begins here."""
values_at = st.lists(st.tuples(st.floats(0, 200), st.floats(0, 1e9)), max_size=40)


def day(number: float) -> float:
    return START + number * DAY


def filled(*values: tuple[float, float]) -> History:
    history = History.empty()
    for number, value in values:
        history.add(day(number), value)
    return history


@given(values_at)
def test_history_is_the_values_of_two_stretches(values: list[tuple[float, float]]) -> None:
    values.sort()
    asked = values[-1][0] if values else 0.0
    kept = [value for number, value in values if asked // 21 - number // 21 < 2]

    known = filled(*values).before(day(asked))

    assert known.size == len(kept)
    assert known.total == pytest.approx(sum(kept))
    assert known.squares == pytest.approx(sum(value * value for value in kept))
    assert known.largest == max(kept, default=0.0)


def test_mean_and_variance_are_those_of_the_sample() -> None:
    known = filled((0, 2.0), (1, 4.0), (2, 9.0)).before(day(3))
    assert known.mean == 5.0
    assert known.variance == pytest.approx(13.0)


def test_nothing_known_has_mean_and_variance_zero() -> None:
    assert (Summary().mean, Summary().variance) == (0.0, 0.0)


def test_equal_values_never_have_negative_variance() -> None:
    assert filled(*((number / 10, 0.1) for number in range(50))).before(day(6)).variance >= 0


def test_a_late_value_counts_for_its_own_stretch() -> None:
    history = filled((0, 1.0), (43, 1.0), (22, 8.0))
    assert history.before(day(44)).largest == 8.0
    assert history.before(day(64)).largest == 1.0


def test_value_dated_ahead_ends_no_stretch() -> None:
    known = filled((0, 1.0), (0.5, 2.0), (300, 8.0), (1, 4.0)).before(day(1.5))
    assert (known.size, known.largest) == (3, 4.0)


def test_days_dated_at_random_leave_those_around_now() -> None:
    random = Random(1)
    values = [(float(number), 1.0) for number in range(40)]
    odd = [(random.uniform(400, 40_000), 9.0) for _ in values]
    history = filled(*(each for pair in zip(values, odd, strict=True) for each in pair))
    assert history.before(day(40)).size >= 12


@given(values_at, values_at)
def test_a_packed_history_goes_on_as_it_was(
    before: list[tuple[float, float]], after: list[tuple[float, float]]
) -> None:
    whole, parted = filled(*before), History.unpacked(filled(*before).packed())
    for number, value in after:
        whole.add(day(number), value)
        parted.add(day(number), value)
    assert parted.packed() == whole.packed()
    assert len(whole.packed()) <= 15  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, 1, [1.0], ["a"] * 5, [1.0] * 20, [True] * 5])
def test_what_is_no_history_is_refused(value: object) -> None:
    with pytest.raises(StateInvalid):
        History.unpacked(value)  # type: ignore[arg-type]
