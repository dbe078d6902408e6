"""When answers are due: by severity, in business hours, across clock changes, weekends and holidays."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.review import Role
from contracts.severity import Severity
from tests.unit.worker.support.cases import a_policy
from worker.domain.deadlines import (
    BusinessHours,
    NoBusinessHours,
    due_after,
    remind_after,
    working_time,
)

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu"), UTC]
WEEK = frozenset({1, 2, 3, 4, 5})
DESK = BusinessHours(WEEK, time(9), time(17), BERLIN)


def berlin(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


FIRST = datetime(2024, 1, 1, tzinfo=UTC)
instants = st.timedeltas(timedelta(0), timedelta(days=2_000)).map(lambda passed: FIRST + passed)
hours = st.floats(0.01, 200)


@st.composite
def calendars(draw: st.DrawFn) -> BusinessHours:
    # With business hours of a minute a deadline would lie beyond the years that are searched.
    opens = draw(st.integers(0, 22 * 60))
    closes = draw(st.integers(opens + 60, 24 * 60 - 1))
    return BusinessHours(
        days=draw(st.frozensets(st.integers(1, 7), min_size=1)),
        opens=time(opens // 60, opens % 60),
        closes=time(closes // 60, closes % 60),
        zone=draw(st.sampled_from(ZONES)),
        holidays=draw(st.frozensets(st.dates(date(2024, 1, 1), date(2031, 1, 1)), max_size=5)),
    )


def is_open(business: BusinessHours, instant: datetime) -> bool:
    """Whether a time is within business hours or ends them, by local time."""
    wall = instant.astimezone(business.zone)
    return wall.isoweekday() in business.days and wall.date() not in business.holidays


@given(instants, hours)
def test_without_a_calendar_every_hour_counts(start: datetime, asked: float) -> None:
    assert due_after(start, asked) == start + timedelta(hours=asked)


@given(instants, hours, calendars())
def test_exactly_the_given_hours_lie_before_the_deadline(
    start: datetime, asked: float, business: BusinessHours
) -> None:
    due = due_after(start, asked, business)

    assert due.tzinfo is UTC
    assert working_time(start, due, business) == timedelta(hours=asked)


@given(instants, hours, calendars())
def test_deadline_lies_on_a_business_day_and_never_earlier(
    start: datetime, asked: float, business: BusinessHours
) -> None:
    due = due_after(start, asked, business)

    assert is_open(business, due)
    assert due >= due_after(start, asked)


@given(instants, hours, hours, calendars())
def test_more_hours_or_later_starts_never_shorten_a_deadline(
    start: datetime, asked: float, more: float, business: BusinessHours
) -> None:
    due = due_after(start, asked, business)

    assert due_after(start, asked + more, business) > due
    assert due_after(start + timedelta(hours=more), asked, business) >= due


@given(instants, hours, st.floats(0.01, 0.99), calendars())
def test_reminder_comes_when_its_share_of_time_is_left(
    start: datetime, asked: float, share: float, business: BusinessHours
) -> None:
    due, remind = due_after(start, asked, business), remind_after(start, asked, share, business)

    assert remind is not None
    assert remind < due
    left = working_time(remind, due, business) / timedelta(hours=asked)
    assert left == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(
    ("start", "asked", "due"),
    [
        (berlin(6, 16), 4, berlin(9, 12)),  # Friday to Monday
        (berlin(7, 11), 1, berlin(9, 10)),  # asked on a Saturday
        (berlin(5, 9), 8, berlin(5, 17)),  # to the last minute of the day
        (berlin(5, 20), 1, berlin(6, 10)),  # after closing
        (berlin(5, 3), 1, berlin(5, 10)),  # before opening
        (berlin(27, 16), 2, berlin(30, 10)),  # the clocks go forward in between
        (berlin(23, 16, month=10), 2, berlin(26, 10, month=10)),  # and back
    ],
)
def test_a_deadline_in_business_hours(start: datetime, asked: float, due: datetime) -> None:
    assert due_after(start, asked, DESK) == due


def test_a_holiday_is_no_business_day() -> None:
    closed = BusinessHours(WEEK, time(9), time(17), BERLIN, frozenset({date(2026, 3, 9)}))

    assert due_after(berlin(6, 16), 4, closed) == berlin(10, 12)


@pytest.mark.parametrize(("day", "month", "open_hours"), [(29, 3, 2), (25, 10, 4)])
def test_night_of_a_clock_change_keeps_its_length(day: int, month: int, open_hours: int) -> None:
    nights = BusinessHours(frozenset({7}), time(1), time(4), BERLIN)
    start = berlin(day, 0, month=month)

    assert working_time(start, start + timedelta(days=1), nights) == timedelta(hours=open_hours)


def test_business_hours_within_a_skipped_hour_are_closed() -> None:
    skipped = BusinessHours(frozenset({7}), time(2), time(3), BERLIN)

    assert due_after(berlin(28, 12), 0.5, skipped) == berlin(5, 2, 30, month=4)


def test_calendar_without_enough_hours_is_named_as_fault() -> None:
    never = BusinessHours(frozenset({1}), time(9), time(9, 1), BERLIN)

    with pytest.raises(NoBusinessHours, match=r"do not add up to 72: set BUSINESS_DAYS"):
        due_after(berlin(1, 9), 72, never)


def test_no_working_time_lies_before_its_start() -> None:
    assert working_time(berlin(6, 16), berlin(5, 16)) == timedelta(0)
    assert working_time(berlin(6, 16), berlin(5, 16), DESK) == timedelta(0)


def test_without_a_share_nobody_is_reminded() -> None:
    assert remind_after(berlin(6, 16), 4, 0.0) is None


@pytest.mark.parametrize(
    ("severity", "role", "expected"),
    [
        ("critical", "analyst", 4),
        ("high", "analyst", 24),
        ("medium", "analyst", 48),
        ("low", "analyst", 48),
        ("critical", "manager", 4),
        ("high", "manager", 12),
        ("low", "manager", 12),
    ],
)
def test_time_to_decide_follows_severity_within_the_role_timeout(
    severity: Severity, role: Role, expected: float
) -> None:
    policy = a_policy(
        review_hours_critical=4, review_hours_high=24, approval_timeout_hours=48, escalation_timeout_hours=12
    )

    assert policy.review_hours(severity, role) == expected


def test_policy_without_severities_knows_only_the_timeouts() -> None:
    assert a_policy().review_hours("critical", "analyst") == 72
