"""The calendar that operators write."""

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from worker.adapters.calendar import BadCalendar, open_calendar
from worker.domain.deadlines import BusinessHours

WRITTEN: dict[str, Any] = {
    "zone": "Europe/Berlin",
    "days": "mon, TUE",
    "opens": time(9),
    "closes": time(17, 30),
    "holidays": "2026-12-25, 2026-12-26,",
    "longest_hours": 72.0,
}


def test_a_calendar_is_read_as_it_was_written() -> None:
    assert open_calendar(**WRITTEN) == BusinessHours(
        frozenset({1, 2}),
        time(9),
        time(17, 30),
        ZoneInfo("Europe/Berlin"),
        frozenset({date(2026, 12, 25), date(2026, 12, 26)}),
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"zone": "Mars/Olympus"}, "BUSINESS_ZONE=Mars/Olympus is no time zone of this machine"),
        ({"zone": "../etc/passwd"}, "BUSINESS_ZONE=../etc/passwd is no time zone of this machine"),
        ({"days": "monday"}, "BUSINESS_DAYS=monday is no list of days"),
        ({"days": ""}, "BUSINESS_DAYS= is no list of days"),
        ({"opens": time(17, 30)}, "BUSINESS_OPENS=17:30:00 is not before BUSINESS_CLOSES=17:30:00"),
        ({"holidays": "Christmas"}, "BUSINESS_HOLIDAYS=Christmas is no list of dates"),
        ({"days": "mon", "closes": time(9, 0, 1)}, "The business hours of the next 3660 days do not add up to 72"),
    ],
)
def test_senseless_calendar_is_refused_in_one_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadCalendar) as refused:
        open_calendar(**(WRITTEN | wrong))

    assert str(refused.value).startswith(sentence)
