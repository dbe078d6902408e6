"""When a schedule is due. Pure."""

from datetime import UTC, date, datetime, time, timedelta

CLOCKS_DIFFER = timedelta(minutes=10)
"""So far the clock of whoever runs a schedule may be ahead of the record's. A day that comes later is not believed."""


def day_of_run(asked: date | None, now: datetime) -> date:
    """Of which day a run is, in UTC: of today, or of `asked` where that has begun by another clock.

    A run that comes late is of the day on which it comes: so an outage over two midnights ends with one.
    """
    today = now.astimezone(UTC).date()
    if asked is None:
        return today
    return min(max(asked, today), _furthest(now))


def done_on_resuming(done_through: date, now: datetime) -> date:
    """Up to which day nothing is made up for: today, or the next where that is done by another clock.

    A day further ahead was written by a process whose clock was wrong: it counts no longer.
    """
    today = now.astimezone(UTC).date()
    return done_through if today <= done_through <= _furthest(now) else today


def next_run(done_through: date) -> datetime:
    """When the next run is due: at 00:00 UTC after the last day that was done."""
    return datetime.combine(done_through + timedelta(days=1), time(), UTC)


def _furthest(now: datetime) -> date:
    return (now.astimezone(UTC) + CLOCKS_DIFFER).date()
