"""Moments are moved within the calendar, whatever they are and however far."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from contracts.instants import moved

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


@pytest.mark.parametrize(
    ("at", "by", "expected"),
    [
        (NOON, timedelta(hours=-1), datetime(2026, 3, 2, 11, 0, tzinfo=UTC)),
        (NOON, timedelta.min, FIRST),
        (NOON, timedelta.max, LAST),
        (FIRST, timedelta(microseconds=-1), FIRST),
        (FIRST, timedelta.max, LAST),
        (LAST, timedelta(microseconds=1), LAST),
        (LAST, timedelta.min, FIRST),
        (datetime.min.replace(tzinfo=EAST), timedelta(0), FIRST),
        (datetime.min.replace(tzinfo=EAST), timedelta(days=1), FIRST + timedelta(days=1)),
        (datetime.max.replace(tzinfo=WEST), timedelta(0), LAST),
        (datetime.max.replace(tzinfo=WEST), timedelta(days=-1), LAST - timedelta(days=1)),
    ],
)
def test_a_moment_is_moved_within_the_calendar(at: datetime, by: timedelta, expected: datetime) -> None:
    assert moved(at, by) == expected
