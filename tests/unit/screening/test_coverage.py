"""Whoever read little does not look benign for it: records must show how far back they reach, and up to when."""

from typing import Any

import pytest

from screening.coverage import REQUIRED, gaps, widest
from screening.tool_answers import ToolAnswer
from tests.unit.screening.files import BEGAN, DATED, LIMITED, LISTS, STATED, answer, before, complete, daily, listing

SHORT = "was not read back to 14 days before the alert"


def missing(*changed: ToolAnswer) -> list[str]:
    return list(gaps(complete(*changed), BEGAN))


def test_records_that_reach_far_enough_have_no_gaps() -> None:
    assert missing() == []


@pytest.mark.parametrize("tool", REQUIRED)
def test_what_was_not_read_or_failed_is_named(tool: str) -> None:
    unread = [each for each in complete().all if each.tool != tool]
    assert list(gaps(type(complete())(tuple(unread)), BEGAN)) == [f"{tool} was not read"]
    assert missing(answer(tool, None, error="It broke.")) == [f"{tool} gave no records"]


@pytest.mark.parametrize("tool", LISTS)
@pytest.mark.parametrize(("oldest", "reaches"), [(14.0, True), (14.00002, True), (13.99999, False)])
def test_the_edge_is_fourteen_days_before_the_alert(tool: str, oldest: float, reaches: bool) -> None:
    days = [oldest, 10, 8, 6, 4, 2] if tool == "get_data_usage" else [2, 4, 6, 8, 10, oldest]
    data = listing(tool, *days, as_of=BEGAN.isoformat())
    assert missing(answer(tool, data, days=30, limit=6)) == ([] if reaches else [f"{tool} {SHORT}"])


@pytest.mark.parametrize("tool", LIMITED)
@pytest.mark.parametrize("count", [5, 6, 50])
def test_a_full_listing_must_reach_the_edge_itself(tool: str, count: int) -> None:
    """It is full by what was asked, or by what the server shows at most without a word."""
    data = listing(tool, *(number / 10 for number in range(count)), as_of=BEGAN.isoformat())
    for limit in (count, count + 1, 2 * count, 500):
        assert missing(answer(tool, data, days=120, limit=limit)) == [f"{tool} {SHORT}"]


@pytest.mark.parametrize("tool", ["get_orders", "get_support_tickets"])
@pytest.mark.parametrize(("count", "limit", "complete_"), [(0, 1, True), (1, 1, False), (1, 2, True), (4, 4, False)])
def test_short_listing_is_whole_unless_limited_by_request(tool: str, count: int, limit: int, complete_: bool) -> None:
    found = missing(answer(tool, listing(tool, *range(1, count + 1)), limit=limit))
    assert found == ([] if complete_ else [f"{tool} {SHORT}"])


@pytest.mark.parametrize("tool", ["get_orders", "get_support_tickets"])
@pytest.mark.parametrize("asked", [{}, {"limit": "30"}, {"limit": 0}, {"limit": -5}, {"limit": True}, {"limit": None}])
def test_a_limit_that_says_nothing_proves_nothing(tool: str, asked: dict[str, Any]) -> None:
    """Each server has a limit of its own where none was named, such as 10 or 20."""
    assert missing(answer(tool, listing(tool, 1, 2, 3), **asked)) == [f"{tool} {SHORT}"]
    assert missing(answer(tool, listing(tool, 1, 2, 15), **asked)) == []


@pytest.mark.parametrize("tool", ["get_orders", "get_support_tickets"])
@pytest.mark.parametrize("limit", [10**400, 500, 5])
def test_a_limit_beyond_all_bounds_is_one(tool: str, limit: int) -> None:
    assert missing(answer(tool, listing(tool, 1, 2, 3), limit=limit)) == []


@pytest.mark.parametrize("tool", DATED)
@pytest.mark.parametrize("days", [7, 30, 120, 10**400])
def test_days_that_were_asked_for_prove_nothing(tool: str, days: int) -> None:
    """A server that shows a week, whatever it is asked."""
    assert missing(answer(tool, daily(tool, 7), days=days, limit=500)) == [f"{tool} {SHORT}"]


@pytest.mark.parametrize("tool", STATED)
@pytest.mark.parametrize(
    ("days", "complete_"),
    [(14, True), (10**400, True), (13, False), (0, False), (-30, False), ("30", False), (True, False), (None, False)],
)
def test_an_empty_listing_reaches_as_far_as_was_asked(tool: str, days: Any, complete_: bool) -> None:
    found = missing(answer(tool, listing(tool, as_of=BEGAN.isoformat()), days=days))
    assert found == ([] if complete_ else [f"{tool} {SHORT}"])


@pytest.mark.parametrize("tool", DATED)
def test_an_empty_listing_that_ends_nowhere_reaches_nothing(tool: str) -> None:
    assert missing(answer(tool, listing(tool), days=120)) == [f"{tool} {SHORT}"]


@pytest.mark.parametrize("tool", STATED)
@pytest.mark.parametrize(
    "as_of",
    [before(days=20), before(days=1), before(minutes=5.1), "0001-01-01T00:00:00+14:00", "yesterday", 20260504, {}],
)
def test_records_that_end_before_the_alert_clear_nothing(tool: str, as_of: Any) -> None:
    assert missing(answer(tool, daily(tool) | {"as_of": as_of}, days=30)) == [f"{tool} ends before the alert"]


@pytest.mark.parametrize("tool", STATED)
@pytest.mark.parametrize(
    "as_of", [before(minutes=5), before(), before(days=-1), before(days=-400), "9999-12-31T23:59:59-12:00", None]
)
def test_records_that_end_at_alert_or_later_are_current(tool: str, as_of: str | None) -> None:
    """Five minutes are for clocks that differ."""
    assert missing(answer(tool, daily(tool) | {"as_of": as_of}, days=30)) == []


@pytest.mark.parametrize("tool", [tool for tool in LISTS if tool != "get_data_usage"])
def test_listing_with_its_oldest_first_may_lack_the_newest(tool: str) -> None:
    ascending = listing(tool, *range(20, 0, -1), as_of=BEGAN.isoformat())
    assert missing(answer(tool, ascending, days=30, limit=20)) == [f"{tool} {SHORT}"]


@pytest.mark.parametrize("tool", LISTS)
def test_one_old_entry_among_new_ones_proves_nothing(tool: str) -> None:
    entries, at = LISTS[tool]
    data = listing(tool, 1, 2, 3, 4, 5, 6, as_of=BEGAN.isoformat())
    data[entries].insert(3, {at: "1990-01-01T00:00:00+00:00"})
    assert missing(answer(tool, data, days=30, limit=500)) == [f"{tool} {SHORT}"]


@pytest.mark.parametrize("tool", LISTS)
@pytest.mark.parametrize("moment", [None, "", "long ago", 0, [], "2026-02-30"])
def test_an_entry_without_a_time_proves_nothing(tool: str, moment: Any) -> None:
    entries, at = LISTS[tool]
    data = listing(tool, 1, 2, 3, 4, 5, 6, as_of=BEGAN.isoformat())
    data[entries].insert(0 if tool == "get_data_usage" else 6, {at: moment})
    assert missing(answer(tool, data, days=30, limit=500)) == [f"{tool} {SHORT}"]


@pytest.mark.parametrize("tool", DATED)
@pytest.mark.parametrize("data", [None, [], "none", {}, {"entries": None, "charges": "x", "days": {}}])
def test_an_answer_in_another_shape_shows_nothing(tool: str, data: Any) -> None:
    assert missing(answer(tool, data, days=30)) == [f"{tool} {SHORT}"]


@pytest.mark.parametrize("tool", LISTS)
def test_the_widest_of_several_answers_counts(tool: str) -> None:
    narrow, wide = answer(tool, daily(tool, 3), days=3, limit=3), answer(tool, daily(tool), days=30, limit=100)
    failed = answer(tool, None, error="It broke.")
    for order in ((narrow, wide, failed), (wide, failed, narrow), (failed, narrow, wide)):
        assert list(gaps(widest(complete(*order)), BEGAN)) == []
    assert list(gaps(widest(complete(failed, narrow)), BEGAN)) == [f"{tool} {SHORT}"]
