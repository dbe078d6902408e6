"""A sliding window counts what lies in it, and learns how busy such a window usually is."""

from datetime import timedelta

from backend.detection.rates import RateWindow
from tests.unit.backend.detection.events import at, failure


def window(usual_cap: int = 1_000) -> RateWindow:
    return RateWindow(timedelta(minutes=10), history_days=28, usual_cap=usual_cap)


def test_an_event_leaves_the_window_when_it_is_exactly_as_old_as_the_window_is_long() -> None:
    rate = window()
    rate.add(failure(at(0)))
    rate.add(failure(at(9.99)))
    assert rate.count == 2
    rate.add(failure(at(10)))
    assert rate.count == 2


def test_a_late_event_inside_the_window_counts_and_keeps_the_events_in_order() -> None:
    rate = window()
    rate.add(failure(at(8)))
    assert rate.add(failure(at(3)))
    assert [event.occurred_at for event in rate.events] == [at(3), at(8)]
    assert rate.newest == at(8)
    assert rate.span == timedelta(minutes=5)


def test_an_event_older_than_the_window_is_ignored() -> None:
    rate = window()
    rate.add(failure(at(20)))
    assert not rate.add(failure(at(10)))
    assert rate.count == 1


def test_usual_is_the_mean_of_the_finished_periods_in_which_something_happened() -> None:
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


def test_of_many_events_the_newest_fifty_are_kept_and_all_are_counted() -> None:
    rate = window()
    for second in range(300):
        rate.add(failure(at(second / 60)))
    assert rate.count == 300
    assert len(rate.events) == 50
    assert rate.events[-1].occurred_at == at(299 / 60)
