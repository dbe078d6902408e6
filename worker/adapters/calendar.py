"""Business hours from the settings; the only place that reads time zone files."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.domain.deadlines import BusinessHours, NoBusinessHours, due_after

_DAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}


class BadCalendar(Exception):
    """The calendar makes no sense; the message is one sentence that says which setting to mend and how."""


def open_calendar(
    zone: str, days: str, opens: time, closes: time, holidays: str, longest_hours: float
) -> BusinessHours:
    """The business hours that the settings describe, `days` and `holidays` separated by commas.

    Raises BadCalendar, also when even `longest_hours`, asked for now, would never pass.
    """
    if opens.tzinfo or closes.tzinfo or not opens < closes:
        raise BadCalendar(f"BUSINESS_OPENS={opens} is not before BUSINESS_CLOSES={closes}: set two times like 09:00.")
    business = BusinessHours(_days(days), opens, closes, _zone(zone), _holidays(holidays))
    try:
        due_after(datetime.now(UTC), longest_hours, business)
    except NoBusinessHours as fault:
        raise BadCalendar(str(fault)) from None
    return business


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadCalendar(
            f"BUSINESS_ZONE={name} is no time zone of this machine: set one of the IANA names, such as Europe/Berlin."
        ) from None


def _days(text: str) -> frozenset[int]:
    names = [name.strip().lower() for name in text.split(",")]
    if not all(name in _DAYS for name in names):
        raise BadCalendar(f"BUSINESS_DAYS={text} is no list of days: set it to days like mon,tue,wed,thu,fri.")
    return frozenset(_DAYS[name] for name in names)


def _holidays(text: str) -> frozenset[date]:
    try:
        return frozenset(date.fromisoformat(day.strip()) for day in text.split(",") if day.strip())
    except ValueError:
        raise BadCalendar(
            f"BUSINESS_HOLIDAYS={text} is no list of dates: set it to dates like 2026-12-25,2026-12-26."
        ) from None
