"""From places on the earth to positions on a map: great circles, and the part of the world that shows them."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from json import loads
from math import asin, atan2, cos, degrees, hypot, pi, radians, sin, sqrt
from typing import Any, NamedTuple

from contracts.drawing import Point

STEPS = 64
"""Into which an arc is divided."""
_LEAST_LATITUDES = 14.0
"""Degrees from the lower edge of a map to the upper one: nearer, the coast says nothing."""
_MARGIN = 1.35
"""How many times the places' extent a map shows."""
_APART = 0.7
"""Points of the coast that are nearer to the one before are left out."""


class Place(NamedTuple):
    """A point in degrees, WGS 84."""

    latitude: float
    longitude: float


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


class MapView(NamedTuple):
    """An equirectangular map, true to scale at its middle: `unit` per degree of latitude."""

    centre: Place
    unit: float
    stretch: float
    """How long a degree of longitude is against one of latitude."""
    box: Box

    def longitude(self, longitude: float) -> float:
        """The same meridian, within 180 degrees of the middle."""
        return (longitude - self.centre.longitude + 180.0) % 360.0 - 180.0 + self.centre.longitude

    def project(self, latitude: float, longitude: float) -> Point:
        """Where a point is drawn; `longitude` is not turned to the view's half of the world."""
        x = (self.box.left + self.box.right) / 2 + (longitude - self.centre.longitude) * self.unit * self.stretch
        return x, (self.box.top + self.box.bottom) / 2 - (latitude - self.centre.latitude) * self.unit

    def place(self, place: Place) -> Point:
        """Where a place is drawn, within the map."""
        x, y = self.project(place.latitude, self.longitude(place.longitude))
        return min(max(x, self.box.left), self.box.right), min(max(y, self.box.top), self.box.bottom)


def great_circle(a: Place, b: Place) -> list[Place]:
    """The shortest way from one place to the other. Between antipodes, of which every way is one, that over a pole."""
    start, end = _vector(a), _vector(b)
    angle = _angle(start, end)
    if pi - angle < 1e-6:
        middle = Place(90.0 if a.latitude + b.latitude >= 0 else -90.0, a.longitude)
        if abs(a.latitude) > 89.999:
            middle = Place(0.0, 0.0)
        return [*great_circle(a, middle)[:-1], *great_circle(middle, b)]
    if angle < 1e-9:
        return [a, b]
    found = [a]
    for step in range(1, STEPS):
        share = step / STEPS
        before, after = sin((1 - share) * angle) / sin(angle), sin(share * angle) / sin(angle)
        x, y, z = (before * one + after * other for one, other in zip(start, end, strict=True))
        found.append(Place(degrees(atan2(z, hypot(x, y))), degrees(atan2(y, x))))
    return [*found, b]


def _vector(place: Place) -> tuple[float, float, float]:
    latitude, longitude = radians(place.latitude), radians(place.longitude)
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)


def _angle(a: Iterable[float], b: Iterable[float]) -> float:
    return 2 * asin(min(1.0, sqrt(sum((one - other) ** 2 for one, other in zip(a, b, strict=True))) / 2))


def view_of(places: Sequence[Place], box: Box) -> MapView:
    """The map that shows all of these, with a margin; the world where they need it."""
    west, width = _shortest_stretch([place.longitude for place in places])
    latitudes = [place.latitude for place in places]
    middle = Place((min(latitudes) + max(latitudes)) / 2, (west + width / 2 + 180.0) % 360.0 - 180.0)
    stretch = max(cos(radians(middle.latitude)), 0.25)
    across, down = box.right - box.left, box.bottom - box.top
    height = max((max(latitudes) - min(latitudes)) * _MARGIN, width * stretch * _MARGIN * down / across)
    height = max(height, _LEAST_LATITUDES)
    if height > 180.0 or height * across / down / stretch > 360.0:
        return MapView(Place(0.0, middle.longitude), down / 180.0, across / 360.0 / (down / 180.0), box)
    highest = 90.0 - height / 2
    centre = Place(min(max(middle.latitude, -highest), highest), middle.longitude)
    return MapView(centre, down / height, stretch, box)


def _shortest_stretch(longitudes: Iterable[float]) -> tuple[float, float]:
    """The western end and the width of the narrowest band of meridians with all of these, across 180 if need be."""
    around = sorted({longitude % 360.0 for longitude in longitudes})
    gaps = [(after - before, after) for before, after in pairwise([*around, around[0] + 360.0])]
    widest, west = max(gaps)
    return west, 360.0 - widest


def arc_paths(view: MapView, arc: Sequence[Place]) -> Iterator[list[Point]]:
    """An arc on the map: in two pieces where it crosses the meridian at which the map ends."""
    piece: list[Point] = []
    last: float | None = None
    for place in arc:
        longitude = view.longitude(place.longitude)
        if last is not None and abs(longitude - last) > 180.0 + 1e-6:
            yield piece
            piece = []
        piece.append(view.place(place))
        last = longitude
    yield piece


def land(view: MapView) -> Iterator[list[Point]]:
    """The land within the map, as areas."""
    box = view.box
    half = (box.right - box.left) / 2 / (view.unit * view.stretch)
    for west, east, ring in _coastline():
        for turn in (-720.0, -360.0, 0.0, 360.0, 720.0):
            if west + turn > view.centre.longitude + half or east + turn < view.centre.longitude - half:
                continue
            area = _clipped([view.project(latitude, longitude + turn) for longitude, latitude in ring], box)
            if len(area := _thinned(area)) >= 3:
                yield area


def _thinned(area: Sequence[Point]) -> list[Point]:
    found: list[Point] = []
    for point in area:
        if not found or abs(point[0] - found[-1][0]) + abs(point[1] - found[-1][1]) >= _APART:
            found.append(point)
    return found


def _clipped(area: list[Point], box: Box) -> list[Point]:
    """What of the area is within the box, by the algorithm of Sutherland and Hodgman."""
    for axis, edge, sign in ((0, box.left, 1.0), (0, box.right, -1.0), (1, box.top, 1.0), (1, box.bottom, -1.0)):
        found: list[Point] = []
        for before, point in zip((area[-1], *area[:-1]), area, strict=True):
            was_in, is_in = sign * (before[axis] - edge) >= 0, sign * (point[axis] - edge) >= 0
            if was_in != is_in:
                found.append(_crossing(before, point, axis, edge))
            if is_in:
                found.append(point)
        if not found:
            return []
        area = found
    return area


def _crossing(a: Point, b: Point, axis: int, edge: float) -> Point:
    share = (edge - a[axis]) / (b[axis] - a[axis])
    other = a[1 - axis] + share * (b[1 - axis] - a[1 - axis])
    return (edge, other) if axis == 0 else (other, edge)


@cache
def _coastline() -> tuple[tuple[float, float, tuple[Point, ...]], ...]:
    """Ring by ring: its western and eastern end, and its points; longitude and latitude in degrees."""
    data: Any = loads(files("backend.drawings").joinpath("coastline.json").read_text(encoding="utf-8"))
    rings = [tuple(_unpacked(ring, data["units_per_degree"])) for ring in data["rings"]]
    return tuple((min(x for x, _ in ring), max(x for x, _ in ring), ring) for ring in rings)


def _unpacked(ring: Sequence[int], units_per_degree: int) -> Iterator[Point]:
    x = y = 0
    for dx, dy in zip(ring[::2], ring[1::2], strict=True):
        x, y = x + dx, y + dy
        yield x / units_per_degree, y / units_per_degree
