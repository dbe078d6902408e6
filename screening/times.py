"""Reckoning with moments that strangers name: the calendar ends, and what lies beyond is its first or last moment."""

from datetime import UTC, date, datetime, timedelta

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def moved(at: datetime, by: timedelta) -> datetime:
    """`at` moved by `by`, in UTC, within the calendar."""
    try:
        return at.astimezone(UTC) + by
    except OverflowError:
        return _FIRST if at.year == _FIRST.year else _LAST


def day_of(text: str) -> date | None:
    """The day that a text begins with; None when it begins with none."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def days_before(day: date, days: int) -> date:
    """So many days earlier, within the calendar."""
    return date.fromordinal(max(date.min.toordinal(), day.toordinal() - days))
