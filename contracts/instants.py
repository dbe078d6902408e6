"""Arithmetic with times that others send: results outside of the calendar become its first or last time.

The difference of two times always exists; a time plus or minus a duration may not.
"""

from datetime import UTC, datetime, timedelta

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def moved(at: datetime, by: timedelta) -> datetime:
    """`at` moved by `by`, in UTC, within the calendar."""
    try:
        return _in_utc(at) + by
    except OverflowError:
        return _FIRST if by < timedelta() else _LAST


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return _FIRST if at.year == _FIRST.year else _LAST
