"""A usage reading is judged by the readings before it: causal, bounded, and the same after a restart."""

import json
import sys
from itertools import count
from math import isfinite
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.state.usage_anomaly import RESTED, UsageAnomaly, UsageJudgement

HOUR, DAY = 3_600.0, 86_400.0
START = 1_772_409_600.0
"""A midnight, UTC."""
UNUSUAL = 0.97

times = st.floats(min_value=-1e11, max_value=1e11)
amounts = st.floats(min_value=0, allow_nan=False) | st.floats(min_value=0, max_value=10)
readings = st.lists(st.tuples(times, amounts), max_size=60)


def judged(state: UsageAnomaly, series: list[tuple[float, float]]) -> list[UsageJudgement]:
    return [state.judge(t, gb) for t, gb in series]


def noisy(days: float, *, every: float = 300.0, level: float = 1.0, seed: int = 7) -> list[tuple[float, float]]:
    """Readings around a level, by day a little more than by night."""
    random = Random(seed)
    series: list[tuple[float, float]] = []
    for number in range(int(days * DAY / every)):
        t = START + number * every
        by_day = 1.3 if 8 * HOUR <= t % DAY < 20 * HOUR else 0.7
        series.append((t, level * by_day * random.uniform(0.8, 1.2)))
    return series


def numbers(state: UsageAnomaly) -> list[Any]:
    """What it is packed as."""
    return cast("list[Any]", state.packed())


def then(series: list[tuple[float, float]], *amounts: float) -> list[tuple[float, float]]:
    """The next readings, five minutes apart."""
    return [(series[-1][0] + 300.0 * number, gb) for number, gb in zip(count(1), amounts, strict=False)]


@given(before=readings, after=readings)
def test_going_on_from_packed_is_going_on(before: list[tuple[float, float]], after: list[tuple[float, float]]) -> None:
    state = UsageAnomaly.empty()
    judged(state, before)
    again = UsageAnomaly.unpacked(json.loads(json.dumps(state.packed())))

    assert judged(again, after) == judged(state, after)
    assert again.packed() == state.packed()


@given(before=readings, one=readings, other=readings)
def test_later_readings_change_no_earlier_score(
    before: list[tuple[float, float]], one: list[tuple[float, float]], other: list[tuple[float, float]]
) -> None:
    scores = judged(UsageAnomaly.empty(), before + one)[: len(before)]
    assert judged(UsageAnomaly.empty(), before + other)[: len(before)] == scores


@given(series=readings)
def test_any_readings_give_finite_bounded_scores(series: list[tuple[float, float]]) -> None:
    for judgement in judged(UsageAnomaly.empty(), series):
        assert all(map(isfinite, judgement))
        assert 0 <= judgement.score <= 1
        assert 0 <= judgement.lower <= judgement.expected <= judgement.upper


def test_state_stays_small() -> None:
    state = UsageAnomaly.empty()
    judged(state, noisy(30))
    parts = (getattr(state, name) for name in UsageAnomaly.__slots__)
    assert sys.getsizeof(state) + sum(map(sys.getsizeof, parts)) <= 700


def test_surge_is_unusual_and_its_continuation_is_not_another() -> None:
    series = noisy(14)
    state = UsageAnomaly.empty()
    before = judged(state, series)
    first, *others = judged(state, then(series, 12.0, 4.0, 3.0, 3.0))

    assert first.score > UNUSUAL > max(judgement.score for judgement in before[300:])
    assert first.upper < 12.0
    assert max(judgement.score for judgement in others) <= RESTED


def test_nightly_amount_is_unusual_at_noon() -> None:
    night, noon = 2 * HOUR, 12 * HOUR
    series = [(t, gb * 6 if night <= t % DAY < night + HOUR else gb) for t, gb in noisy(30)]
    state = UsageAnomaly.empty()
    usual = [judgement for (t, _), judgement in zip(series, judged(state, series), strict=True) if t > START + 20 * DAY]
    at_noon = judged(state, [(START + 30 * DAY + noon + 300 * number, 4.2) for number in range(6)])

    assert max(judgement.score for judgement in at_noon) > UNUSUAL
    assert max(one.deviations for one in at_noon) > 3 * max(one.deviations for one in usual)


def test_expected_is_that_of_the_hour() -> None:
    state = UsageAnomaly.empty()
    judged(state, noisy(14))
    assert state.judge(START + 14 * DAY + 3 * HOUR, 0.7).expected == pytest.approx(0.7, rel=0.1)
    assert state.judge(START + 14 * DAY + 12 * HOUR, 1.3).expected == pytest.approx(1.3, rel=0.1)


def test_expected_is_that_of_the_day_of_week() -> None:
    quiet = (0, 6)
    state = UsageAnomaly.empty()
    judged(state, [(t, gb * (0.2 if (t - START) // DAY % 7 in quiet else 1.0)) for t, gb in noisy(56)])
    on_quiet = [state.judge(t + 56 * DAY, gb * 0.2).expected for t, gb in noisy(1)]
    on_other = [state.judge(t + 57 * DAY, gb).expected for t, gb in noisy(1)]

    assert max(on_quiet) < 0.6 * max(on_other)


def test_silence_after_steady_use_is_unusual() -> None:
    series = noisy(14)
    state = UsageAnomaly.empty()
    judged(state, series)
    assert max(judgement.score for judgement in judged(state, then(series, *[0.0] * 20))) > 0.9


def test_equal_readings_are_never_unusual() -> None:
    assert {
        judgement.score for judgement in judged(UsageAnomaly.empty(), [(START + 60 * n, 0.3) for n in range(3_000)])
    } == {0}


def test_one_reading_in_bytes_does_not_blind_it() -> None:
    series = noisy(14)
    state = UsageAnomaly.empty()
    judged(state, series)
    judged(state, then(series, 1.2e9))
    later = [(t + 14 * DAY, gb) for t, gb in noisy(10)]
    judged(state, later)
    assert max(judgement.score for judgement in judged(state, then(later, 25.0, 25.0, 25.0))) > UNUSUAL


def test_few_readings_are_no_evidence() -> None:
    scores = [
        judgement.score
        for judgement in judged(UsageAnomaly.empty(), [(START, 1.0), (START + 300, 1.1), (START + 600, 9.0)])
    ]
    assert max(scores) < 0.9


def test_unit_of_amounts_does_not_matter() -> None:
    small, large = (judged(UsageAnomaly.empty(), noisy(3, level=level)) for level in (1.0, 1024.0))
    assert [judgement.score for judgement in large] == pytest.approx([judgement.score for judgement in small])


def test_repeated_and_late_readings_are_taken() -> None:
    series = noisy(7)
    state = UsageAnomaly.empty()
    judged(state, series)
    readings = state.judge(*series[-1]).readings
    assert state.judge(START - DAY, 1.0).readings == readings + 1


@pytest.mark.parametrize(
    ("at", "spoilt"),
    [(0, 0.0), (5, "1.5"), (5, float("nan")), (5, -1.0), (50, 8.0), (-1, 256), (-1, 6), (52, 1e400), (-8, 51)],
    ids=["version", "text", "not a number", "variance", "rest", "byte", "days", "infinity", "count"],
)
def test_what_packed_did_not_write_is_refused(at: int, spoilt: Any) -> None:
    state = UsageAnomaly.empty()
    judged(state, noisy(1))
    packed = numbers(state)
    packed[at] = spoilt
    with pytest.raises(ValueError, match=r"expected|usage state"):
        UsageAnomaly.unpacked(packed)


def test_packed_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected|usage state"):
        UsageAnomaly.unpacked(numbers(UsageAnomaly.empty())[:-1])


def test_readings_closer_than_a_number_can_say_are_taken() -> None:
    state = UsageAnomaly.empty()
    assert [state.judge(t, 1.0).score for t in (0.0, 5e-324)] == [0.0, 0.0]
