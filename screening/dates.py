"""Dates in records of unknown format, and date arithmetic that never leaves the calendar."""

from datetime import date


def day_of(text: str) -> date | None:
    """The day that a text begins with; None when it begins with none."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def days_before(day: date, days: int) -> date:
    """The time some days earlier, clamped to the calendar."""
    return date.fromordinal(max(date.min.toordinal(), day.toordinal() - days))
