"""Distances on the globe."""

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the earth (IUGG)."""

Coordinates = tuple[float, float]
"""Latitude and longitude in degrees, WGS 84."""


def great_circle_km(a: Coordinates, b: Coordinates) -> float:
    """Shortest distance over the surface, in kilometres, by the haversine formula (within 0.5 %)."""
    latitude_a, latitude_b = radians(a[0]), radians(b[0])
    half_chord = (
        sin((latitude_b - latitude_a) / 2) ** 2 + cos(latitude_a) * cos(latitude_b) * sin(radians(b[1] - a[1]) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half_chord)))
