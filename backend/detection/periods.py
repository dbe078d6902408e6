"""Clock periods: intervals of one length, counted from 1970 in both directions."""

from datetime import UTC, datetime, timedelta

from contracts.instants import moved

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def period_start(at: datetime, length: timedelta) -> datetime:
    """The begin of the period that contains `at`; the calendar's first time where it would begin before that."""
    return moved(at, -((at - _EPOCH) % length))
