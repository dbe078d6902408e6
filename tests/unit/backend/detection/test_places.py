"""Distances on the globe."""

from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.state.places import EARTH_RADIUS_KM, great_circle_km

points = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        ((51.4700, -0.4543), (40.6413, -73.7781), 5_540),  # London Heathrow, New York JFK
        ((-33.9461, 151.1772), (-12.0219, -77.1143), 12_820),  # Sydney, Lima: over the date line
        ((0.0, 179.5), (0.0, -179.5), 111.2),
        ((90.0, 0.0), (-90.0, 0.0), pi * EARTH_RADIUS_KM),
        ((12.0, 34.0), (12.0, 34.0), 0.0),
    ],
)
def test_known_distances(a: tuple[float, float], b: tuple[float, float], km: float) -> None:
    assert great_circle_km(*a, *b) == pytest.approx(km, rel=0.005)


@given(points, points)
def test_distance_is_symmetric_and_at_most_half_way_round(a: tuple[float, float], b: tuple[float, float]) -> None:
    there = great_circle_km(*a, *b)
    assert there == pytest.approx(great_circle_km(*b, *a), abs=1e-6)
    assert 0 <= there <= pi * EARTH_RADIUS_KM + 1e-6
