"""Times as people say them mean what people mean, and what is not understood is nobody's guess."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.spoken_times import Span, understand

NOW = datetime(2026, 12, 2, 14, 30, 12)  # noqa: DTZ001 - a wall time, on a Wednesday


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("on Monday at 9", "2026-12-07T09:00"),
        ("Monday at 9:30", "2026-12-07T09:30"),
        ("at 9 on Monday", "2026-12-07T09:00"),
        ("on Wednesday at 9", "2026-12-09T09:00"),
        ("on Wednesday at 16", "2026-12-02T16:00"),
        ("next Wednesday at 16", "2026-12-09T16:00"),
        ("next Friday", "2026-12-04T09:00"),
        ("by Friday", "2026-12-04T09:00"),
        ("tomorrow", "2026-12-03T09:00"),
        ("tomorrow at noon", "2026-12-03T12:00"),
        ("Tomorrow at 5 pm.", "2026-12-03T17:00"),
        ("tomorrow at 8 in the evening", "2026-12-03T20:00"),
        ("tomorrow in the afternoon", "2026-12-03T15:00"),
        ("the day after tomorrow at 12am", "2026-12-04T00:00"),
        ("today at 18:15", "2026-12-02T18:15"),
        ("today at 8", "2026-12-02T08:00"),
        ("tonight", "2026-12-02T20:00"),
        ("tonight at 9", "2026-12-02T21:00"),
        ("this evening", "2026-12-02T18:00"),
        ("this afternoon at 4", "2026-12-02T16:00"),
        ("tomorrow morning", "2026-12-03T09:00"),
        ("tomorrow morning at 8:15", "2026-12-03T08:15"),
        ("on Friday evening at 7", "2026-12-04T19:00"),
        ("tomorrow night at 10 pm", "2026-12-03T22:00"),
        ("at 9", "2026-12-03T09:00"),
        ("at 15", "2026-12-02T15:00"),
        ("9 o'clock", "2026-12-03T09:00"),
        ("in three days", "2026-12-05T14:30"),
        ("in a week at 9", "2026-12-09T09:00"),
        ("on 24 December", "2026-12-24T09:00"),
        ("on the 1st of March at 10", "2027-03-01T10:00"),
        ("March 1st, 2028 at 10am", "2028-03-01T10:00"),
        ("2027-03-28T09:00", "2027-03-28T09:00"),
        ("2027-03-28 17:05", "2027-03-28T17:05"),
        ("2027-03-28", "2027-03-28T09:00"),
    ],
)
def test_said_time_is_understood(said: str, meant: str) -> None:
    assert understand(said, NOW) == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    ("said", "minutes"),
    [("in two hours", 120), ("in 90 seconds", 1.5), ("in 45 minutes", 45), ("in an hour", 60), ("in half an hour", 30)],
)
def test_span_is_a_duration(said: str, minutes: float) -> None:
    assert understand(said, NOW) == Span(timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "said",
    [
        "",
        "soon",
        "on Monday at 25",
        "on Monday at 9 or 10",
        "tomorrow or on Friday",
        "on 31 February",
        "at 13 am",
        "2027-02-30T09:00",
        "on Monday at nine-ish",
        "in 9999 weeks and a day",
    ],
)
def test_what_is_no_time_is_not_guessed_at(said: str) -> None:
    assert understand(said, NOW) is None


@given(said=st.text(alphabet="abcdeimnorst0123456789 :.'-", max_size=40), now=st.datetimes())
def test_any_words_are_understood_or_not(said: str, now: datetime) -> None:
    assert isinstance(understand(said, now), datetime | Span | None)


@given(day=st.sampled_from(["monday", "thursday", "sunday"]), hour=st.integers(0, 23), now=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))  # fmt: skip  # noqa: DTZ001, E501
def test_weekday_is_the_next_one_ahead(day: str, hour: int, now: datetime) -> None:
    meant = understand(f"on {day} at {hour}", now)
    assert isinstance(meant, datetime)
    assert now < meant <= now + timedelta(days=7)
    assert (meant.strftime("%A").lower(), meant.hour) == (day, hour)
