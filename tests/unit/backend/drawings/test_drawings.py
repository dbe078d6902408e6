"""What is drawn of an alert of each rule, as the detector raises it."""

import re
from collections.abc import Iterable

import pytest

from backend.detection.parameters import PARAMETERS
from backend.drawings import drawings_of
from backend.drawings.alerts import DRAWN_TYPES
from contracts.alert import Alert
from contracts.drawing import CircleMark, Drawing, MarkRole, PathMark, TextMark
from tests.unit.backend.detection.events import LISBON, NEW_YORK, at, change, charge, login
from tests.unit.backend.drawings.stories import (
    STORIES,
    alert_of,
    journey,
    lisbon_to_new_york,
    many_calls,
    many_failures,
    spent,
    swapped_sim,
    used,
)
from tests.unit.backend.drawings.test_properties import outside

FIJI, CHILE = ("FJ", "Suva", -18.1, 178.4), ("CL", "Santiago", -33.45, -70.67)
NOWHERE = ("GH", "", 0.0, 0.0)


def only(alert: Alert) -> Drawing:
    (drawing,) = drawings_of(alert)
    return drawing


def texts(drawing: Drawing) -> list[str]:
    return [mark.text for mark in drawing.marks if isinstance(mark, TextMark)]


def symbols(drawing: Drawing, role: MarkRole) -> int:
    """How many events are marked so, the sample of the legend left out."""
    marks = [
        mark
        for mark in drawing.marks
        if mark.role == role and (isinstance(mark, CircleMark) or (isinstance(mark, PathMark) and mark.closed))
    ]
    return len(marks) - 1 if marks else 0


def lines(drawing: Drawing, role: MarkRole) -> list[PathMark]:
    """Lines across the plot or the map, those of the legend left out."""
    found = [mark for mark in drawing.marks if isinstance(mark, PathMark) and mark.role == role and not mark.closed]
    return [mark for mark in found if abs(mark.points[-1][0] - mark.points[0][0]) > 20 or len(mark.points) > 4]


def test_every_rule_is_drawn() -> None:
    assert set(PARAMETERS) == DRAWN_TYPES == STORIES.keys()


@pytest.mark.parametrize("rule", STORIES)
def test_story_of_each_rule_is_drawn_whole(rule: str) -> None:
    drawings = drawings_of(STORIES[rule])
    assert len(drawings[0].rows) >= len(STORIES[rule].trigger_events)
    for drawing in drawings:
        assert outside(drawing) == []
        assert symbols(drawing, "trigger") >= 1
        assert re.match(r"(Map|Plot|Sequence)\b.*\.$", drawing.summary)


# Travel


def test_travel_is_an_arc_with_distance_time_and_speed() -> None:
    drawing = only(lisbon_to_new_york())
    assert drawing.kind == "map"
    assert "5,423 km in 30 minutes, 10,845 km/h" in texts(drawing)
    (arc,) = lines(drawing, "arc")
    assert len(arc.points) > 60
    assert {"Lisbon, PT", "New York, US", "Porto, PT", "device seen before", "new device here"} <= set(texts(drawing))
    assert (symbols(drawing, "home"), symbols(drawing, "failed")) == (5, 1)
    assert drawing.summary.startswith("Map: from Lisbon, PT to New York, US 5,423 km in 30 minutes, 10,845 km/h;")


def test_map_and_sentence_name_one_speed() -> None:
    """Two logins at one time: the rule assumes a shortest gap, and the map says the same."""
    alert = journey(LISBON, NEW_YORK, minutes=0)
    assert alert.baseline is not None
    speed = f"{alert.baseline.observed:,.0f} km/h"
    assert speed in alert.description
    assert any(speed in text for text in texts(only(alert)))


def test_arc_across_the_antimeridian_is_one_line() -> None:
    drawing = only(journey(FIJI, CHILE))
    (arc,) = lines(drawing, "arc")
    steps = [abs(after[0] - before[0]) for before, after in zip(arc.points, arc.points[1:], strict=False)]
    assert max(steps) < 20


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (("NO", "North", 89.9, 10.0), LISBON),
        (("AQ", "Pole", -90.0, 0.0), LISBON),
        (("ES", "Madrid", 40.0, -3.7), ("NZ", "Antipode", -40.0, 176.3)),
        (("XX", "East", 10.0, 180.0), ("XX", "West", -60.0, -180.0)),
        (("XX", "Zero", 0.0, 0.1), ("XX", "Half", 0.0, -179.9)),
    ],
)
def test_poles_and_antipodes_stay_on_the_map(
    start: tuple[str, str, float, float], end: tuple[str, str, float, float]
) -> None:
    drawing = only(journey(start, end))
    assert outside(drawing) == []
    assert lines(drawing, "arc")


def test_near_places_are_drawn_apart() -> None:
    drawing = only(journey(LISBON, ("ES", "Madrid", 40.42, -3.70), minutes=10))
    (arc,) = lines(drawing, "arc")
    assert arc.points[-1][0] - arc.points[0][0] > 80


@pytest.mark.parametrize(("start", "end"), [("PT", "US"), (LISBON, "US"), (LISBON, NOWHERE)])
def test_travel_without_coordinates_is_a_sequence(
    start: tuple[str, str, float, float] | str, end: tuple[str, str, float, float] | str
) -> None:
    drawing = only(journey(start, end, minutes=20))
    assert (drawing.kind, symbols(drawing, "trigger")) == ("sequence", 2)
    assert "20 minutes" in texts(drawing)
    assert ("0,0" in " ".join(drawing.notes)) is (end == NOWHERE)


def test_same_place_twice_has_no_arc() -> None:
    alert = lisbon_to_new_york()
    pair = (login(at(0), LISBON), login(at(5), LISBON))
    drawing = only(alert.model_copy(update={"trigger_events": pair, "recent_events": ()}))
    assert (drawing.kind, lines(drawing, "arc")) == ("map", [])


# Amounts and usage


@pytest.mark.parametrize(
    ("amount", "usual", "currency", "shown"),
    [
        ("420", ("28", "31"), "USD", ["420.00 USD", "usual 29.50", "Amount, USD"]),
        ("30000", ("2000", "1500"), "JPY", ["30,000 JPY", "usual 1,750", "Amount, JPY"]),
        ("900.125", ("2.250", "1.500"), "KWD", ["900.125 KWD", "usual 1.875", "Amount, KWD, logarithmic axis"]),
    ],
)
def test_amounts_are_written_as_their_currency_is(
    amount: str, usual: tuple[str, ...], currency: str, shown: list[str]
) -> None:
    drawing = only(spent(amount, usual, currency))
    assert [text for text in shown if text not in texts(drawing)] == []


def test_amounts_of_other_currencies_are_on_no_axis() -> None:
    drawing = only(spent())
    assert "1 transaction in other currencies is not drawn." in drawing.notes
    assert not any("JPY" in cell for row in drawing.rows for cell in row)


def test_baseline_and_threshold_are_drawn_across() -> None:
    drawing = only(spent())
    assert (len(lines(drawing, "expected")), len(lines(drawing, "threshold"))) == (1, 1)
    assert sum(mark.role == "band" for mark in drawing.marks) == 2  # and in the legend
    assert symbols(drawing, "refund") == 1


@pytest.mark.parametrize(("gb", "is_log"), [(8.0, False), (4_000.0, True)])
def test_axis_says_when_it_is_logarithmic(gb: float, is_log: bool) -> None:
    assert any("logarithmic" in text for text in texts(only(used(gb)))) is is_log


def test_usage_names_the_band_of_its_hour() -> None:
    drawing = only(used())
    assert "usual at this time of the week" in texts(drawing)
    assert symbols(drawing, "event") == 49


# Failures, calls, charges


def test_failures_are_counted_up_to_the_threshold() -> None:
    drawing = only(many_failures())
    (curve,) = lines(drawing, "series")
    assert [y for _, y in curve.points] == sorted((y for _, y in curve.points), reverse=True)
    assert {"192.0.2.1", "198.51.100.9", "203.0.113.5", "alert at 7"} <= set(texts(drawing))
    assert (symbols(drawing, "failed"), symbols(drawing, "success")) == (8 - 1, 1)


def test_calls_say_their_share_of_errors() -> None:
    drawing = only(many_calls())
    assert drawing.notes == ("9 of 25 refused (36%).",)
    assert "9 of 25 refused (36%)" in drawing.summary
    assert (symbols(drawing, "failed"), symbols(drawing, "event")) == (9, 16)


def test_more_events_than_an_alert_holds_are_said() -> None:
    alert = many_calls()
    assert alert.baseline is not None
    many = alert.model_copy(update={"baseline": alert.baseline.model_copy(update={"observed": 9_000.0})})
    drawing = only(many)
    assert "The alert has the newest 25 of 9,000." in drawing.notes
    assert "9,000" in texts(drawing)


def test_sprayed_customers_are_no_events_of_this_one() -> None:
    drawing = only(STORIES["login_spraying"])
    assert "Customers with failed logins from the address" in texts(drawing)
    assert (symbols(drawing, "failed"), len(drawing.rows)) == (1, 1)


def test_guessed_password_shows_where_the_login_came_from() -> None:
    history, places = drawings_of(STORIES["login_after_failures"])
    assert (history.kind, places.kind) == ("history", "map")
    assert (symbols(history, "failed"), symbols(history, "success")) == (6, 1)
    assert lines(places, "arc") == []


def test_transfer_is_drawn_after_the_change() -> None:
    drawing = only(swapped_sim())
    assert {"SIM", "e-mail address", "4,200.00 EUR", "110 minutes", "within 24 hours of it"} <= set(texts(drawing))
    assert (symbols(drawing, "change"), symbols(drawing, "event")) == (2, 1)


def test_change_and_transfer_at_one_time_are_drawn() -> None:
    alert = alert_of("transfer_after_change", [change(at(0), "sim"), charge(at(0), "400", type="transfer")])
    assert "0 seconds" in texts(only(alert))


def test_transfer_before_its_change_has_no_time_after_it() -> None:
    opened_by_hand = (charge(at(0), "400", type="transfer"), change(at(29), "sim"))
    drawing = only(swapped_sim().model_copy(update={"trigger_events": opened_by_hand, "recent_events": ()}))
    assert not [text for text in [*texts(drawing), drawing.summary] if "later" in text or text.startswith("-")]
    assert (symbols(drawing, "change"), symbols(drawing, "trigger")) == (1, 1)


# What an alert may lack


def without(alert: Alert, *fields: str) -> Alert:
    emptied: dict[str, object] = {"trigger_events": (), "recent_events": (), "baseline": None}
    return alert.model_copy(update={field: emptied[field] for field in fields})


@pytest.mark.parametrize("rule", STORIES)
def test_alert_without_events_is_not_drawn(rule: str) -> None:
    assert drawings_of(without(STORIES[rule], "trigger_events", "recent_events", "baseline")) == ()
    assert drawings_of(without(STORIES[rule], "trigger_events")) == ()


@pytest.mark.parametrize("rule", STORIES)
def test_alert_without_a_baseline_is_drawn_without_lines(rule: str) -> None:
    for drawing in drawings_of(without(STORIES[rule], "baseline", "recent_events")):
        assert lines(drawing, "threshold") == lines(drawing, "expected") == []
        assert outside(drawing) == []


def test_alert_of_an_unknown_rule_is_not_drawn() -> None:
    assert drawings_of(lisbon_to_new_york().model_copy(update={"alert_type": "new_device"})) == ()


def written(drawings: Iterable[Drawing]) -> str:
    return " ".join(drawing.model_dump_json() for drawing in drawings)


def test_texts_of_others_are_cut_and_lose_their_controls() -> None:
    alert = journey(("PT", "Lis\u202ebon\n" + "x" * 500, 38.72, -9.14), NEW_YORK)
    text = written(drawings_of(alert))
    assert "x" * 40 not in text
    assert "\u202e" not in text
    assert "\\n" not in text
