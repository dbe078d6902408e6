"""Great circles, the view of a map, and its land."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backend.drawings
from backend.detection.state.places import great_circle_km
from backend.drawings.globe import Box, Place, great_circle, land, view_of
from contracts.drawing import Point

BOX = Box(0.0, 0.0, 720.0, 310.0)
HALF_AROUND_KM = 20_038.0
COASTLINE = Path(backend.drawings.__file__).with_name("coastline.json")
places = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))


@given(places, places)
def test_arc_is_the_shortest_way(a: Place, b: Place) -> None:
    arc = great_circle(a, b)
    assert (arc[0], arc[-1]) == (a, b)
    length = sum(great_circle_km(*start, *end) for start, end in pairwise(arc))
    shortest = great_circle_km(*a, *b)
    assert length == pytest.approx(shortest, abs=0.5)
    assert length <= HALF_AROUND_KM


@given(st.lists(places, min_size=1, max_size=20))
def test_view_shows_all_places(shown: list[Place]) -> None:
    view = view_of(shown, BOX)
    for place in shown:
        x, y = view.project(place.latitude, view.longitude(place.longitude))
        assert BOX.left - 0.5 <= x <= BOX.right + 0.5
        assert BOX.top - 0.5 <= y <= BOX.bottom + 0.5


def holds(areas: Sequence[Sequence[Point]], x: float, y: float) -> bool:
    """Whether the point is in an area, by the even-odd rule."""
    is_in = False
    for area in areas:
        for (ax, ay), (bx, by) in zip(area, [*area[1:], area[0]], strict=True):
            if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                is_in = not is_in
    return is_in


@pytest.mark.parametrize("centre", [0.0, 179.0, -120.0])
@pytest.mark.parametrize(
    ("place", "is_land"),
    [
        (Place(40.4, -3.7), True),
        (Place(55.0, 100.0), True),
        (Place(66.0, 178.0), True),
        (Place(-25.0, 134.0), True),
        (Place(-85.0, 40.0), True),
        (Place(40.0, -40.0), False),
        (Place(0.0, -150.0), False),
        (Place(85.0, 0.0), False),
    ],
)
def test_land_is_where_land_is(place: Place, is_land: bool, centre: float) -> None:
    around = [Place(80.0, centre - 160.0), Place(-80.0, centre), Place(0.0, centre + 160.0)]
    view = view_of(around, BOX)
    assert holds(list(land(view)), *view.place(place)) is is_land


def test_coastline_is_small_and_names_its_source() -> None:
    data = json.loads(COASTLINE.read_text())
    assert COASTLINE.stat().st_size < 60_000
    assert "Natural Earth" in data["source"]
    assert "public domain" in data["licence"]
