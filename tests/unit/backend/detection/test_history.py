"""A daily history knows exactly the values of the last days, and nothing of the instant that is being judged."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.history import DailyHistory
from tests.unit.backend.detection.events import START, at

minutes = st.integers(0, 10 * 24 * 60)
amounts = st.decimals(min_value=0, max_value=10_000, places=2)


@given(values=st.lists(st.tuples(minutes, amounts), max_size=40), later=st.integers(1, 3_000))
def test_history_is_exactly_the_values_of_its_days(values: list[tuple[int, Decimal]], later: int) -> None:
    values.sort()
    history = DailyHistory(3, Decimal(0))
    for minute, amount in values:
        history.add(at(minute), amount)
    asked = at((values[-1][0] if values else 0) + later)
    oldest = asked.toordinal() - 3
    kept = [amount for minute, amount in values if at(minute).toordinal() > oldest]

    known = history.before(asked)

    assert known.count == len(kept)
    assert known.total == sum(kept)
    assert known.squares == sum(amount * amount for amount in kept)
    assert known.largest == max(kept, default=0)


def test_mean_and_variance_are_those_of_the_sample() -> None:
    history = DailyHistory(3, 0.0)
    for minute, value in enumerate((2.0, 4.0, 9.0)):
        history.add(at(minute), value)

    known = history.before(at(10))

    assert known.mean == 5.0
    assert known.variance == pytest.approx(13.0)


def test_equal_values_never_have_negative_variance() -> None:
    history = DailyHistory(3, 0.0)
    for minute in range(50):
        history.add(at(minute), 0.1)
    assert history.before(at(100)).variance >= 0


def test_values_of_the_same_instant_are_not_known_yet() -> None:
    history = DailyHistory(3, 0.0)
    history.add(at(0), 1.0)
    history.add(at(5), 100.0)
    assert history.before(at(5)).count == 1
    assert history.before(at(6)).count == 2


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_order_of_simultaneous_values_leaves_no_trace(values: list[float], random: Random) -> None:
    shuffled = values.copy()
    random.shuffle(shuffled)
    one, other = DailyHistory(3, 0.0), DailyHistory(3, 0.0)
    for history, order in ((one, values), (other, shuffled)):
        for value in order:
            history.add(START, value)
    assert one.before(at(1)) == other.before(at(1))


def test_a_late_value_counts_for_its_own_day() -> None:
    history = DailyHistory(3, 0.0)
    history.add(at(days=0), 1.0)
    history.add(at(days=2), 1.0)
    history.add(at(days=1), 8.0)
    assert history.before(at(days=2.2)).largest == 8.0
    assert history.before(at(days=4)).largest == 1.0


def test_a_value_older_than_all_days_is_ignored() -> None:
    history = DailyHistory(3, 0.0)
    history.add(at(days=10), 1.0)
    history.add(at(days=7), 8.0)
    assert history.before(at(days=10.1)).count == 1


def test_value_dated_ahead_ends_no_day() -> None:
    history = DailyHistory(3, 0.0)
    history.add(at(days=0), 1.0)
    history.add(at(days=0.5), 2.0)
    history.add(at(days=300), 8.0)
    history.add(at(days=1), 4.0)
    known = history.before(at(days=1.5))
    assert (known.count, known.largest) == (3, 4.0)


def test_days_dated_at_random_leave_the_days_around_now() -> None:
    random = Random(1)
    history = DailyHistory(28, 0.0)
    for day in range(40):
        history.add(at(days=day), 1.0)
        history.add(at(days=random.randint(400, 40_000)), 9.0)
    assert history.before(at(days=40)).count >= 20


def test_memory_stays_bounded_when_a_year_of_values_passes() -> None:
    history = DailyHistory(28, 0.0)
    for hour in range(365 * 24):
        history.add(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour), 1.0)
    assert history.before(datetime(2027, 1, 1, tzinfo=UTC)).count == 27 * 24
