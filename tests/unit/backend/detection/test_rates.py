"""A sliding window counts what lies in it, and learns how busy such a window usually is."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.state.packing import StateInvalid
from backend.detection.state.rates import MAX_COUNTED, Rate, RateState

LENGTH = 600.0
START = 1_772_452_800.0
DAYS = 86_400.0 / 60
seconds = st.lists(st.integers(0, 5_000), min_size=1, max_size=60)


def rated(minutes: Iterable[float], usual_cap: float = 1_000) -> Rate:
    """Of events at these minutes, in this order."""
    state = RateState()
    for minute in minutes:
        state.add(START + minute * 60, LENGTH, usual_cap)
    return state.rate(LENGTH, usual_cap)


def test_event_leaves_the_window_at_its_exact_length() -> None:
    assert rated((0, 9.99)).events == 2
    assert rated((0, 9.99, 10)).events == 2


def test_late_event_in_the_window_counts_in_order() -> None:
    rate = rated((8, 3))
    assert (rate.events, rate.newest, rate.span) == (2, START + 480, 300.0)


def test_event_older_than_the_window_has_its_own() -> None:
    assert (rated((20, 10)).events, rated((20, 10)).newest) == (1, START + 600)
    assert (rated((20, 10, 21)).events, rated((20, 10, 21)).newest) == (2, START + 1_260)


def test_an_event_dated_ahead_does_not_end_the_window() -> None:
    assert rated((0, 1, 90 * DAYS, 2)).events == 3


def test_repeated_events_dated_ahead_do_not_end_counting() -> None:
    assert rated((30 * DAYS, 1, 60 * DAYS, 2, 90 * DAYS, 3)).events == 3


def test_usual_rate_survives_an_event_dated_ahead() -> None:
    rate = rated((0, 1, 2, 60, 61, 120, 90 * DAYS, 180))
    assert (rate.usual, rate.periods) == (2.0, 3)


def test_usual_is_the_mean_of_finished_active_periods() -> None:
    rate = rated((0, 1, 2, 60, 120))
    assert (rate.usual, rate.periods) == (2.0, 2)


def test_nothing_is_usual_before_the_first_period_is_over() -> None:
    assert rated((0,))[3:] == (0.0, 0)


def test_a_period_cannot_teach_more_than_the_cap() -> None:
    rate = rated([*(second / 60 for second in range(120)), 60], usual_cap=7)
    assert (rate.usual, rate.periods) == (7.0, 1)


def test_a_flood_is_counted_up_to_a_bound() -> None:
    assert rated(second / 100_000 for second in range(MAX_COUNTED + 500)).events == MAX_COUNTED


@given(seconds)
def test_window_counts_what_lies_in_it(times: list[int]) -> None:
    times.sort()
    inside = [time for time in times if times[-1] - time < LENGTH]
    state = RateState()
    counts = [state.add(START + time, LENGTH) for time in times]
    assert counts[-1] == state.rate(LENGTH).events == len(inside)
    assert state.count_before(START + times[-1] + 100, LENGTH) == len(
        [t for t in inside if times[-1] - t < LENGTH - 100]
    )


@given(seconds, seconds)
def test_a_packed_window_goes_on_as_it_was(before: list[int], after: list[int]) -> None:
    whole = RateState()
    for time in before:
        whole.add(START + time, LENGTH)
    parted = RateState.unpacked(whole.packed())
    for time in after:
        whole.add(START + time, LENGTH)
        parted.add(START + time, LENGTH)
    assert parted.packed() == whole.packed()


@pytest.mark.parametrize("value", [None, [], [None, None], [[1.0, 1.0], None, []], [["a"] * 3, None, []]])
def test_what_is_no_window_is_refused(value: object) -> None:
    with pytest.raises(StateInvalid):
        RateState.unpacked(value)  # type: ignore[arg-type]
