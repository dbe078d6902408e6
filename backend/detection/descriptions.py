"""Numbers and durations formatted for analysts."""

from datetime import timedelta


def number(value: float) -> str:
    """Thousands separated, two decimals, one for a hundred or more, none for a whole number."""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:,.2f}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 address`, `3 addresses`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def duration(span: timedelta) -> str:
    """In the largest unit that keeps two figures: `45 seconds`, `12 minutes`, `3 hours`."""
    seconds = round(span.total_seconds())
    if seconds < 120:
        return counted(seconds, "second")
    if seconds < 7_200:
        return counted(round(seconds / 60), "minute")
    return counted(round(seconds / 3_600), "hour")
