"""A customer's pace is what came lately, whatever the order in which it comes."""

import json
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.state.pace import DAY_S, ChargePace, Pace
from backend.detection.state.packing import Packed, StateInvalid

START = 1_770_000_000.0

charges = st.lists(st.tuples(st.floats(-30 * DAY_S, 30 * DAY_S, allow_nan=False), st.floats(0, 1e12)), max_size=40)


def test_nothing_is_known_before_the_first_charge() -> None:
    assert ChargePace().charge(START, 3.0) == Pace(0.0, 0.0)


def test_day_counts_the_charges_of_a_day() -> None:
    pace = ChargePace()
    for hour in range(24 * 5):
        pace.charge(START + hour * 3_600, 1.0)
    assert pace.charge(START + 5 * DAY_S, 1.0).day == pytest.approx(24, rel=0.05)


def test_peak_fades_within_weeks() -> None:
    pace = ChargePace()
    pace.charge(START, 8.0)
    assert pace.charge(START + DAY_S, 1.0).peak == pytest.approx(8 * exp(-1 / 7))
    assert pace.charge(START + 30 * DAY_S, 1.0).peak < 1.0


def test_late_charge_counts_with_the_weight_of_its_time() -> None:
    pace = ChargePace()
    pace.charge(START, 1.0)
    pace.charge(START - DAY_S, 40.0)
    known = pace.charge(START, 1.0)
    assert known.day == pytest.approx(1 + exp(-1))
    assert known.peak == pytest.approx(40 * exp(-1 / 7))


@given(charges)
def test_packed_pace_goes_on_as_the_original(values: list[tuple[float, float]]) -> None:
    pace = ChargePace()
    for offset, ratio in values:
        pace.charge(START + offset, ratio)

    again = ChargePace.unpacked(json.loads(json.dumps(pace.packed(), allow_nan=False)))

    assert again.packed() == pace.packed()
    assert again.charge(START, 2.0) == pace.charge(START, 2.0)


@pytest.mark.parametrize("packed", [None, [], [None, "x", 0.0], [None, -1.0, 0.0]])
def test_unknown_pace_is_refused(packed: Packed) -> None:
    with pytest.raises(StateInvalid):
        ChargePace.unpacked(packed)
