"""Parses the time of a telemetry event: all ISO 8601 forms, epoch numbers, and impossible times."""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Literal

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Clocks that were never set say 1601, 1900, 1970 or 1980; no telemetry is that old."""
FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far ahead of our clock a sender's may be. Further ahead, one event would close the window of the rules."""

Implausible = Literal["from_the_future", "from_the_far_past"]
TimeUnit = Literal["auto", "seconds", "milliseconds", "microseconds", "nanoseconds"]
"""What a number that is a time counts. `auto`: its magnitude says so, which is a guess, and counted as one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MICROSECOND = 999_999
_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)? ?"
    r"(?:([Zz]|UTC|GMT)|([+\u2212-])(\d\d):?(\d\d)?)(?:\[[\w/+-]+\])?",
    re.ASCII,
)
# RFC 2822 and HTTP ("Mon, 04 May 2026 08:00:00 GMT"), and web servers' logs ("04/May/2026:08:00:00 +0000").
_ENGLISH = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2})[ /-]([A-Z][a-z]{2})[ /-](\d{4})[ :](\d\d:\d\d(?::\d\d)?) (GMT|UTC|[+-]\d{4})",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# As .NET wrote JSON: milliseconds of UTC, whatever zone follows.
_DOTNET = re.compile(r"\\?/Date\((\d{1,16})(?:[+-]\d{4})?\)\\?/", re.ASCII)
# From 1973 to 2286; the ranges do not touch, so that a number has one meaning or none.
_EPOCH_UNITS = ((10**8, 10**10, 1), (10**11, 10**13, 10**3), (10**14, 10**16, 10**6), (10**17, 10**19, 10**9))
_OF_UNIT = dict(zip(("seconds", "milliseconds", "microseconds", "nanoseconds"), _EPOCH_UNITS, strict=True))


class NoTime(ValueError):
    """The value is no point in time; the message is one phrase that says why."""


class WrongTimeUnit(NoTime):
    """The number is no plausible time in the unit in which its source counts."""


def instant(value: object, unit: TimeUnit = "auto") -> tuple[datetime, str | None] | None:
    """The time in UTC, and the repair that it needed. None for text of another form. Raises NoTime, WrongTimeUnit.

    A number is a time in `unit`, and never in another. A leap second (23:59:60) is the last microsecond of its minute;
    of a fraction, microseconds count.
    """
    if isinstance(value, str):
        text = value.strip()
        if match := _ISO.fullmatch(text):
            return _from_iso(match)
        if match := _ENGLISH.fullmatch(text):
            return _from_english(match)
        if match := _DOTNET.fullmatch(text):
            return _from_number(int(match[1]), "milliseconds"), "epoch_time"
        if _ISO.fullmatch(f"{text}Z"):
            raise NoTime(f"{text} names no zone; write UTC with a Z, or an offset such as +01:00")
        if not re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
            return None
        value = text
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _from_number(value, unit), "epoch_time" if unit == "auto" else None


def implausible(at: datetime, now: datetime, tolerance: timedelta) -> tuple[Implausible, str] | None:
    """Why the time cannot be true; None when it can."""
    if at - now > tolerance:
        minutes = f"{tolerance.total_seconds() / 60:g} minutes"
        return "from_the_future", f"{at.isoformat()} lies more than {minutes} in the future"
    if at < EARLIEST:
        return "from_the_far_past", f"{at.isoformat()} lies before {EARLIEST.year}"
    return None


def _from_iso(match: re.Match[str]) -> tuple[datetime, str | None]:
    year, month, day, hour, minute, second, fraction, _, sign, offset_hours, offset_minutes = match.groups()
    microsecond, whole_second = int((fraction or "0")[:6].ljust(6, "0")), int(second or 0)
    leap = whole_second == 60
    if leap:
        whole_second, microsecond = 59, _LAST_MICROSECOND
    midnight = int(hour) == 24 and (int(minute), whole_second, microsecond) == (0, 0, 0)
    try:
        zone = UTC
        if sign:
            ahead = timedelta(hours=int(offset_hours), minutes=int(offset_minutes or 0))
            zone = timezone(ahead if sign == "+" else -ahead)
        at = datetime(
            int(year), int(month), int(day), 0 if midnight else int(hour), int(minute), whole_second, microsecond, zone
        )
        at = (at + timedelta(days=1) if midnight else at).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NoTime(f"{match[0]} is no time ({error})") from None
    return at, "leap_second" if leap else None


def _from_english(match: re.Match[str]) -> tuple[datetime, str]:
    day, month, year, clock, zone = match.groups()
    if month not in _MONTHS:
        raise NoTime(f"{match[0]} is no time")
    iso = _ISO.fullmatch(f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{clock}{zone}")
    assert iso is not None, "made of what was matched"
    at, mended = _from_iso(iso)
    return at, mended or "time_spelt"


def _from_number(value: str | float, unit: TimeUnit) -> datetime:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise NoTime(f"{value} is no time") from None
    for least, beyond, units in _EPOCH_UNITS if unit == "auto" else (_OF_UNIT[unit],):
        if least <= number < beyond:
            return _EPOCH + timedelta(microseconds=int(number * 1_000_000 / units))
    if unit != "auto":
        raise WrongTimeUnit(f"{str(value)[:40]} is no time from 1973 on in {unit}, in which this source counts")
    raise NoTime(f"{str(value)[:40]} is no time: read are seconds, milli-, micro- and nanoseconds from 1973 on")
