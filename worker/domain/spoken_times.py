"""Times as people say them: "on Monday at 9", "tomorrow", "in two hours". Pure.

A day without a time means 9 o'clock, a time without a day the next such time. Hours are those of a clock with 24 unless
`am` or `pm` says otherwise. What is not understood as a whole is not guessed at.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

MORNING = time(9)
_NUMBERS = {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=1
    )
} | {"a": 1, "an": 1}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_PARTS_OF_DAY = {
    "in the morning": time(9),
    "at noon": time(12),
    "in the afternoon": time(15),
    "in the evening": time(18),
    "tonight": time(20),
    "at midnight": time(0),
}
_HALVES = {"morning": "am", "afternoon": "pm", "evening": "pm"}
_EITHER_DAY = "|".join(_DAYS)
_EITHER_MONTH = "|".join(f"{month}|{month[:3]}" for month in _MONTHS)
_EITHER_NUMBER = "|".join((*_NUMBERS, r"\d{1,4}"))

_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2})(?::\d{2})?)?")
_SPAN = re.compile(rf"in (?:(half an hour)|({_EITHER_NUMBER}) (second|minute|hour|day|week)s?)")
_CLOCK = re.compile(r"(?:at |by )?(\d{1,2})(?:[:.](\d{2}))? ?(am|pm|o'clock|h)?")
_PART = re.compile("|".join(map(re.escape, _PARTS_OF_DAY)))
_DAY = re.compile(
    rf"(?P<rel>today|tonight|tomorrow|(?:the )?day after tomorrow)"
    rf"|(?:(?:on|this|by) )?(?P<next>next )?(?P<weekday>{_EITHER_DAY})"
    rf"|(?:(?:on|by) )?(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{_EITHER_MONTH})"
    r"(?:,? (?P<year>\d{4}))?"
    rf"|(?:(?:on|by) )?(?P<month2>{_EITHER_MONTH}) (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year2>\d{{4}}))?"
)


_EITHER_HALF = "|".join(_HALVES)
_HALVED = re.compile(rf"(?P<clock>.+) in the (?P<half>{_EITHER_HALF})")
_HALVED_FIRST = re.compile(rf"in the (?P<half>{_EITHER_HALF}),? (?P<clock>.+)")
_TONIGHT_AT = re.compile(r"\btonight,? (at .+)")
_THIS_PART = re.compile(rf"\bthis ({_EITHER_HALF})\b")
_PART_OF_DAY = re.compile(rf"\b(tomorrow|{_EITHER_DAY}) ({_EITHER_HALF}|night)\b")


@dataclass(frozen=True)
class Span:
    """So long from now: a duration, whatever the clocks do meanwhile."""

    length: timedelta


def understand(said: str, now: datetime) -> datetime | Span | None:
    """The wall time that is meant, or how long from now; None when that is not understood, or is no time.

    `now`: the wall time of whoever says it, without an offset. The result may lie in the past: "today at 8" at noon.
    """
    words = " ".join(said.casefold().replace("\u2019", "'").split()).strip(" .!,")
    words = _TONIGHT_AT.sub(r"today in the evening \1", words)
    words = _THIS_PART.sub(r"today in the \1", words)
    words = _PART_OF_DAY.sub(r"\1 in the \2", words).replace("in the night", "in the evening")
    try:
        return _iso(words) or _span(words, now) or _day_and_time(words, now)
    except (ValueError, OverflowError):
        return None


def _iso(words: str) -> datetime | None:
    found = _ISO.fullmatch(words)
    if found is None:
        return None
    at = MORNING if found[2] is None else time.fromisoformat(found[2])
    return datetime.combine(date.fromisoformat(found[1]), at)


def _span(words: str, now: datetime) -> datetime | Span | None:
    """Days and weeks keep the wall time."""
    found = _SPAN.match(words)
    if found is None:
        return None
    rest = words[found.end() :].strip(" ,")
    if found[1]:
        return None if rest else Span(timedelta(minutes=30))
    number, unit = _NUMBERS.get(found[2]) or int(found[2]), found[3]
    if unit in ("second", "minute", "hour"):
        return None if rest else Span(timedelta(**{f"{unit}s": number}))
    day = now + timedelta(days=number * (7 if unit == "week" else 1))
    if not rest:
        return day.replace(second=0, microsecond=0)
    at = _time(rest)
    return None if at is None else datetime.combine(day.date(), at)


def _day_and_time(words: str, now: datetime) -> datetime | None:
    """A day, a time, or both in either order."""
    for matched in _DAY.finditer(words):
        before, after = words[: matched.start()].strip(" ,"), words[matched.end() :].strip(" ,")
        if before and after:
            continue
        said_time = before or after
        if matched["rel"] == "tonight":
            at = _time(said_time) if said_time else _PARTS_OF_DAY["tonight"]
        else:
            at = _time(said_time) if said_time else None
        if said_time and at is None:
            continue
        return _on(matched, at, now)
    at = _time(words)
    if at is None:
        return None
    today = datetime.combine(now.date(), at)
    return today if today > now else today + timedelta(days=1)


def _on(matched: re.Match[str], at: time | None, now: datetime) -> datetime:
    relative, weekday = matched["rel"], matched["weekday"]
    if relative is not None:
        ahead = {"today": 0, "tonight": 0, "tomorrow": 1}.get(relative, 2)
        return datetime.combine(now.date() + timedelta(days=ahead), at or MORNING)
    if weekday is not None:
        ahead = (_DAYS.index(weekday) - now.weekday()) % 7
        found = datetime.combine(now.date() + timedelta(days=ahead), at or MORNING)
        # Said on that very day, it is today only if the time is still to come.
        return found if found > now and not (matched["next"] and not ahead) else found + timedelta(days=7 * (not ahead))
    day, month, year = (matched[name] or matched[f"{name}2"] for name in ("day", "month", "year"))
    number = next(number for number, name in enumerate(_MONTHS, start=1) if name.startswith(month[:3]))
    found = datetime.combine(date(int(year or now.year), number, int(day)), at or MORNING)
    return found if year or found > now else found.replace(year=now.year + 1)


def _time(words: str) -> time | None:
    """A time of day; None when it is none."""
    part = _PART.fullmatch(words)
    if part is not None:
        return _PARTS_OF_DAY[part.group()]
    clock = _CLOCK.fullmatch(words)
    if clock is not None:
        return _clock_time(clock, clock[3])
    # "at 9 in the morning": the part of the day only says which half.
    halved = _HALVED.fullmatch(words) or _HALVED_FIRST.fullmatch(words)
    if halved is None:
        return None
    clock, half = _CLOCK.fullmatch(halved["clock"]), _HALVES[halved["half"]]
    return None if clock is None or clock[3] not in (None, half) else _clock_time(clock, half)


def _clock_time(clock: re.Match[str], half: str | None) -> time:
    """Raises ValueError for a time that no clock shows."""
    hour = int(clock[1])
    if half in ("am", "pm"):
        if not 1 <= hour <= 12:
            if half == "am" or hour > 23:
                raise ValueError(clock[1])
            return time(hour, int(clock[2] or 0))
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(clock[2] or 0))
