"""When a task is due: a wall time in a zone, as an instant.

A wall time that daylight saving skips or repeats counts once, with the offset that held before the change: of two it is
the first, and one that is skipped becomes as much later as the clock is put forward. So do the business hours.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from casebook.errors import MalformedDueTime, TaskDueInPast, TaskDueTooLate, UnknownZone
from contracts.tasks import DueTime, ResolvedDue

MAX_YEARS = 10
LONGEST = timedelta(days=3_653)
"""How far ahead a task may be due: ten years."""
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?", re.ASCII)


def known_zone(name: str, field: str = "due.zone") -> ZoneInfo:
    """The zone of this name. Raises UnknownZone, which names the field."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone(name, field) from None


def resolve(due: DueTime) -> ResolvedDue:
    """When that is. Raises MalformedDueTime, UnknownZone, TaskDueTooLate."""
    zone = known_zone(due.zone)
    if not _LOCAL.fullmatch(due.local):
        raise MalformedDueTime(due.local)
    try:
        wall = datetime.fromisoformat(due.local)
    except ValueError:
        raise MalformedDueTime(due.local) from None
    try:
        at = wall.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise TaskDueTooLate(due, MAX_YEARS) from None
    return ResolvedDue(local=due.local, zone=due.zone, at=at)


def resolve_ahead(due: DueTime, now: datetime) -> ResolvedDue:
    """The same for a time that lies ahead. Raises also TaskDueInPast."""
    resolved = resolve(due)
    if resolved.at <= now:
        raise TaskDueInPast(due)
    if resolved.at > now + LONGEST:
        raise TaskDueTooLate(due, MAX_YEARS)
    return resolved


def wall_time(at: datetime, zone: str) -> DueTime:
    """The wall time of an instant: the zone's, or UTC's where the zone's would be taken for another instant."""
    local = at.astimezone(known_zone(zone)).replace(tzinfo=None, microsecond=0)
    due = DueTime(local=local.isoformat(), zone=zone)
    if resolve(due).at == at.replace(microsecond=0):
        return due
    return DueTime(local=at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat(), zone="UTC")


def told(due: ResolvedDue) -> str:
    """The time as people read it: `Monday, 30 November 2026, 09:00 (Europe/Berlin)`, after any change of the clock."""
    local = due.at.astimezone(known_zone(due.zone))
    day = f"{_DAYS[local.weekday()]}, {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M} ({due.zone})"


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
