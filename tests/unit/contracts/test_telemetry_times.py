"""The time of an event: read in every form that has one meaning, and plausible."""

import pytest

from contracts.telemetry_dead_letters import DeadLetter
from tests.unit.contracts.telemetry_lines import judged, line, read


@pytest.mark.parametrize(
    ("given", "at", "mended"),
    [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999+00:00", {"leap_second": 1}),
        ("2017-01-01T00:59:60.5+01:00", "2016-12-31T23:59:59.999999+00:00", {"leap_second": 1}),
        ("2026-05-04t08:00:00z", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04 08:00:00Z", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04 08:00:00 UTC", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T08:00:00,25Z", "2026-05-04T08:00:00.250000+00:00", {}),
        ("2026-05-04T08:00:00.123456789Z", "2026-05-04T08:00:00.123456+00:00", {}),
        ("2026-05-04T10:00:00+0200", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T03:00:00-05", "2026-05-04T08:00:00+00:00", {}),
        ("20260504T080000Z", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T08:00Z", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-03T24:00:00Z", "2026-05-04T00:00:00+00:00", {}),
        ("2026-05-04T10:00:00+02:00[Europe/Berlin]", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T08:00:00Z[UTC]", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T03:00:00\u221205:00", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T08:00:00.1234567+00:00", "2026-05-04T08:00:00.123456+00:00", {}),
        ("Mon, 04 May 2026 08:00:00 GMT", "2026-05-04T08:00:00+00:00", {"time_spelt": 1}),
        ("4 May 2026 10:00 +0200", "2026-05-04T08:00:00+00:00", {"time_spelt": 1}),
        ("04/May/2026:08:00:00 +0000", "2026-05-04T08:00:00+00:00", {"time_spelt": 1}),
        ("Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59.999999+00:00", {"leap_second": 1}),
        ("/Date(1777881600000)/", "2026-05-04T08:00:00+00:00", {"epoch_time": 1}),
        ("\\/Date(1777881600250+0200)\\/", "2026-05-04T08:00:00.250000+00:00", {"epoch_time": 1}),
        ({"$date": "2026-05-04T08:00:00Z"}, "2026-05-04T08:00:00+00:00", {"extended_json": 1}),
        (
            {"$date": {"$numberLong": "1777881600000"}},
            "2026-05-04T08:00:00+00:00",
            {"extended_json": 2, "epoch_time": 1},
        ),
        (1777881600, "2026-05-04T08:00:00+00:00", {"epoch_time": 1}),
        (1777881600.25, "2026-05-04T08:00:00.250000+00:00", {"epoch_time": 1}),
        ("1777881600250", "2026-05-04T08:00:00.250000+00:00", {"epoch_time": 1}),
        (1777881600250123, "2026-05-04T08:00:00.250123+00:00", {"epoch_time": 1}),
        (1777881600250123999, "2026-05-04T08:00:00.250123+00:00", {"epoch_time": 1}),
    ],
)
def test_times_are_read_in_every_form_of_iso_8601(given: object, at: str, mended: dict[str, int]) -> None:
    event, found = read(line(occurred_at=given))

    assert not isinstance(event, DeadLetter), event.reason
    assert (event.occurred_at.isoformat(), found) == (at, mended)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("2026-05-04T08:00:61Z", "auth_failure.occurred_at: 2026-05-04T08:00:61Z is no time"),
        ("2026-13-04T08:00:00Z", "auth_failure.occurred_at: 2026-13-04T08:00:00Z is no time"),
        ("2026-05-04T24:00:01Z", "auth_failure.occurred_at: 2026-05-04T24:00:01Z is no time"),
        ("2026-05-04T08:00:00", "auth_failure.occurred_at: 2026-05-04T08:00:00 names no zone; write UTC with a Z, or"),
        ("2026-05-04 08:00", "auth_failure.occurred_at: 2026-05-04 08:00 names no zone; write UTC with a Z, or"),
        (20260504, "auth_failure.occurred_at: 20260504 is no time"),
        ("04/05/2026 08:00:00 +0000", "auth_failure.occurred_at: Input should be a valid datetime"),
        ("Mon, 04 Mai 2026 08:00:00 GMT", "auth_failure.occurred_at: Mon, 04 Mai 2026 08:00:00 GMT is no time"),
        ("Mon, 31 Feb 2026 08:00:00 GMT", "auth_failure.occurred_at: 2026-02-31T08:00:00GMT is no time"),
        ("Mon, 04 May 2026 08:00:00 EST", "auth_failure.occurred_at: Input should be a valid datetime"),
        ("/Date(12)/", "auth_failure.occurred_at: 12 is no time"),
        ("2026-05-04T08:00:00[Europe/Berlin]", "auth_failure.occurred_at: Input should"),
        ("04/05/2026", "auth_failure.occurred_at: Input should be a valid datetime"),
        (True, "auth_failure.occurred_at: "),
        (None, "auth_failure.occurred_at: "),
    ],
)
def test_a_time_that_has_no_one_meaning_is_named(given: object, why: str) -> None:
    reading, _ = read(line(occurred_at=given))

    assert isinstance(reading, DeadLetter)
    assert reading.reason.startswith(why)


@pytest.mark.parametrize(
    ("given", "kind", "why"),
    [
        ("2026-05-04T12:05:00.000001Z", "from_the_future", "lies more than 5 minutes in the future"),
        ("2031-01-01T00:00:00Z", "from_the_future", "lies more than 5 minutes in the future"),
        ("9999-12-31T23:59:59Z", "from_the_future", "lies more than 5 minutes in the future"),
        ("1989-12-31T23:59:59Z", "from_the_far_past", "lies before 1990"),
        ("0001-01-01T00:00:00Z", "from_the_far_past", "lies before 1990"),
    ],
)
def test_event_of_an_impossible_time_is_a_dead_letter(given: str, kind: str, why: str) -> None:
    reading, _ = read(line(occurred_at=given))

    assert isinstance(reading, DeadLetter)
    assert reading.kind == kind
    assert reading.reason.startswith("auth_failure.occurred_at: ")
    assert reading.reason.endswith(why)


def test_a_clock_may_be_ahead_by_the_tolerance() -> None:
    assert judged(line(occurred_at="2026-05-04T12:05:00Z"))[1] == {}
