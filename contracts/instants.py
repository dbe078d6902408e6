"""Reckoning with moments that others name: the calendar ends, and what lies beyond is its first or last moment.

The difference of two moments always exists; a moment so long before or after another does not.
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
