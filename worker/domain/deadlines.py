"""Deadlines of reviews: by the severity of the alert, the role, and business hours. Pure.

The time zone is passed as an object by an activity, so that nothing here reads zone files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MAX_DAYS = 3_660
"""How many days ahead a deadline is searched: ten years without enough business hours is a wrong calendar."""

_NONE = timedelta(0)


class NoBusinessHours(Exception):
    """The calendar never has as many business hours as the deadline needs."""

    def __init__(self, hours: float) -> None:
        super().__init__(
            f"The business hours of the next {MAX_DAYS} days do not add up to {hours:g}: "
            "set BUSINESS_DAYS, BUSINESS_OPENS, BUSINESS_CLOSES and BUSINESS_HOLIDAYS so that people are at work."
        )


@dataclass(frozen=True)
class BusinessHours:
    """Business hours, in the local time of one zone. `opens` is before `closes`, both on the same day."""

    days: frozenset[int]
    """ISO weekdays: 1 is Monday, 7 is Sunday."""
    opens: time
    closes: time
    zone: tzinfo
    holidays: frozenset[date] = field(default_factory=frozenset[date])

    def windows(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The working times from `start` on, in UTC and in order, for MAX_DAYS days.

        A wall time that daylight saving skips or repeats counts once, with the offset that held before the change.
        """
        first = start.astimezone(self.zone).date()
        for ahead in range(MAX_DAYS):
            day = first + timedelta(days=ahead)
            if day.isoweekday() not in self.days or day in self.holidays:
                continue
            opens = max(self._instant(day, self.opens), start.astimezone(UTC))
            closes = self._instant(day, self.closes)
            if opens < closes:
                yield opens, closes

    def _instant(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, tzinfo=self.zone).astimezone(UTC)


def due_after(start: datetime, hours: float, business: BusinessHours | None = None) -> datetime:
    """The instant, in UTC, at which `hours` of working time have passed since `start`.

    Without `business` every hour counts. Raises NoBusinessHours, and OverflowError beyond the calendar.
    """
    left = timedelta(hours=hours)
    if business is None:
        return start.astimezone(UTC) + left
    for opens, closes in business.windows(start):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    raise NoBusinessHours(hours)


def working_time(start: datetime, end: datetime, business: BusinessHours | None = None) -> timedelta:
    """How much working time lies between two instants; none when `end` is not after `start`."""
    if business is None:
        return max(end - start, _NONE)
    passed = _NONE
    for opens, closes in business.windows(start):
        if opens >= end:
            break
        passed += min(closes, end) - opens
    return passed


def remind_after(
    start: datetime, hours: float, before_share: float, business: BusinessHours | None = None
) -> datetime | None:
    """When `before_share` of the time is left; None when nobody is to be reminded."""
    return due_after(start, hours * (1 - before_share), business) if before_share > 0 else None
