"""Clock periods: intervals of one length, counted from 1970 in both directions."""

from datetime import UTC, datetime, timedelta

from contracts.instants import moved

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def period_start(at: datetime, length: timedelta) -> datetime:
    """Where the period that holds `at` begins; the calendar's first moment where it begins before that."""
    return moved(at, -((at - _EPOCH) % length))
