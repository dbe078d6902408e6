"""A sliding window counts what lies in it, and learns how busy such a window usually is."""

from datetime import timedelta

from backend.detection.rates import RateWindow
from tests.unit.backend.detection.events import at, failure


def window(usual_cap: int = 1_000) -> RateWindow:
    return RateWindow(timedelta(minutes=10), history_days=28, usual_cap=usual_cap)


def test_event_leaves_the_window_at_its_exact_length() -> None:
    rate = window()
    rate.add(failure(at(0)))
    rate.add(failure(at(9.99)))
    assert rate.count == 2
    rate.add(failure(at(10)))
    assert rate.count == 2


def test_late_event_in_the_window_counts_in_order() -> None:
    rate = window()
    rate.add(failure(at(8)))
    rate.add(failure(at(3)))
    assert [event.occurred_at for event in rate.events] == [at(3), at(8)]
    assert rate.newest == at(8)
    assert rate.span == timedelta(minutes=5)


def test_event_older_than_the_window_has_its_own() -> None:
    rate = window()
    rate.add(failure(at(20)))
    rate.add(failure(at(10)))
    assert (rate.count, rate.newest) == (1, at(10))
    rate.add(failure(at(21)))
    assert (rate.count, rate.newest) == (2, at(21))


def test_an_event_dated_ahead_does_not_end_the_window() -> None:
    rate = window()
    for minute in (0, 1):
        rate.add(failure(at(minute)))
    rate.add(failure(at(days=90)))
    rate.add(failure(at(2)))
    assert [event.occurred_at for event in rate.events] == [at(0), at(1), at(2)]


def test_repeated_events_dated_ahead_do_not_end_counting() -> None:
    rate = window()
    for day in (30, 60, 90):
        rate.add(failure(at(days=day)))
        rate.add(failure(at(day / 30)))
    assert rate.count == 3


def test_usual_rate_survives_an_event_dated_ahead() -> None:
    rate = window()
    for minute in (0, 1, 2, 60, 61, 120):
        rate.add(failure(at(minute)))
    rate.add(failure(at(days=90)))
    rate.add(failure(at(180)))
    assert rate.usual() == (2.0, 3)


def test_usual_is_the_mean_of_finished_active_periods() -> None:
    rate = window()
    for minute in (0, 1, 2, 60, 120):
        rate.add(failure(at(minute)))
    assert rate.usual() == (2.0, 2)


def test_nothing_is_usual_before_the_first_period_is_over() -> None:
    rate = window()
    rate.add(failure(at(0)))
    assert rate.usual() == (0.0, 0)


def test_a_period_cannot_teach_more_than_the_cap() -> None:
    rate = window(usual_cap=7)
    for second in range(120):
        rate.add(failure(at(second / 60)))
    rate.add(failure(at(60)))
    assert rate.usual() == (7.0, 1)


def test_newest_fifty_events_are_kept_and_all_counted() -> None:
    rate = window()
    for second in range(300):
        rate.add(failure(at(second / 60)))
    assert rate.count == 300
    assert len(rate.events) == 50
    assert rate.events[-1].occurred_at == at(299 / 60)
