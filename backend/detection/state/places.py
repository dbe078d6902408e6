"""Where a customer logs in: the places they are known at, and the logins of the last hours."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from math import asin, cos, radians, sin, sqrt
from operator import itemgetter
from typing import NamedTuple, cast

from backend.detection.state.packing import Packed, StateInvalid, items, number, optional, text, whole
from backend.detection.state.rates import DATED_AHEAD_S

SAME_PLACE_KM = 300.0
"""Addresses of one mobile operator are located up to a few hundred km off: nearer than this is the same place."""
MAX_PLACES = 16
"""Places remembered per customer; the one used longest ago is forgotten first."""
MAX_PAIR_S = 3 * 3_600.0
"""Logins further apart than this are never compared."""
_MAX_LOGINS, _MAX_EARLIER = 8, 1
_LOCATIONS = 65_536
_SAME_PLACE_DEGREES = SAME_PLACE_KM / 111.0
"""Of latitude: a degree is 111 km and a little."""

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the earth (IUGG)."""


class Location(NamedTuple):
    """Where an address is: one value for all customers who are seen there."""

    country: str | None
    city: str | None
    latitude: float | None
    longitude: float | None

    @property
    def name(self) -> str:
        """How a sentence names it."""
        place = ", ".join(part for part in (self.city, self.country) if part)
        return place or f"{self.latitude}, {self.longitude}"

    @property
    def is_known(self) -> bool:
        """Whether it says anything."""
        return self.country is not None or self.latitude is not None

    def is_near(self, other: "Location") -> bool:
        """Whether the two are one place; by their countries when one has no coordinates."""
        if self is other:
            return True
        mine, its = self.latitude, other.latitude
        if mine is None or its is None:
            return self.country is not None and self.country == other.country
        if abs(mine - its) > _SAME_PLACE_DEGREES:
            return False
        return great_circle_km(mine, self.longitude or 0.0, its, other.longitude or 0.0) <= SAME_PLACE_KM


@lru_cache(_LOCATIONS)
def location(country: str | None, city: str | None, latitude: float | None, longitude: float | None) -> Location:
    """The same object for the same place, while there are not too many: customers share what they have in common."""
    if latitude is None or longitude is None:
        latitude = longitude = None
    return Location(country, city, latitude, longitude)


class Visit(NamedTuple):
    """A successful login, as far as it says where it came from."""

    t: float
    """Seconds since 1970."""
    location: Location
    event: str
    """The event's id and its address, on a line each: one text takes less memory than two."""

    @property
    def event_id(self) -> str:
        """Of the login."""
        return self.event.partition("\n")[0]

    @property
    def ip(self) -> str | None:
        """The address that it came from."""
        return self.event.partition("\n")[2] or None


_Place = tuple[Location, float, float]
"""Where it is, and when it was seen first and last."""
_WIDTH = 3


class LoginPlaces:
    """Memory: 16 places, eight logins of one stretch of time and one of another: one login that is dated wrongly must
    not hide a journey that really happens."""

    __slots__ = ("_earlier", "_logins", "_places", "count")

    def __init__(self) -> None:
        self._places: tuple[Location | float, ...] = ()
        """Those of `_known` in one row, which takes less memory."""
        self._logins: tuple[Visit, ...] = ()
        """Those near the newest one that came, by time."""
        self._earlier: tuple[Visit, ...] = ()
        """Those before, of another stretch of time."""
        self.count = 0
        """Logins so far."""

    def visit(self, visit: Visit) -> tuple[Visit, ...]:
        """Remember a login, and return those that it may be compared with."""
        self.count += 1
        self._settle(visit)
        logins, t = self._logins, visit.t
        if logins and not -MAX_PAIR_S <= t - logins[-1].t <= MAX_PAIR_S:
            earlier = self._earlier
            is_over = not earlier and 0.0 < t - logins[-1].t < DATED_AHEAD_S
            self._earlier = () if is_over else logins[-_MAX_EARLIER:]
            logins = earlier if earlier and -MAX_PAIR_S <= t - earlier[-1].t <= MAX_PAIR_S else ()
        all_of_them = (*logins, visit)
        if logins:
            all_of_them = tuple(sorted(all_of_them, key=_by_time))
            newest = all_of_them[-1].t
            while newest - all_of_them[0].t > MAX_PAIR_S or len(all_of_them) > _MAX_LOGINS:
                all_of_them = all_of_them[1:]
        self._logins = all_of_them
        return logins

    def known_since(self, visit: Visit) -> float | None:
        """Since when the customer is known at the place of a login; None when they are not."""
        near = (first for where, first, _ in self._known() if where.is_near(visit.location))
        return min(near, default=None)

    def _known(self) -> list[_Place]:
        row = self._places
        return [cast("_Place", row[at : at + _WIDTH]) for at in range(0, len(row), _WIDTH)]

    def _know(self, places: Iterable[_Place]) -> None:
        self._places = tuple(chain.from_iterable(places))

    def _settle(self, visit: Visit) -> None:
        t, places = visit.t, self._known()
        for at, (where, first, last) in enumerate(places):
            if where.is_near(visit.location):
                if not first <= t <= last:
                    places[at] = (where, min(t, first), max(t, last))
                    self._know(places)
                return
        if len(places) >= MAX_PLACES:
            places.remove(min(places, key=itemgetter(2)))
        self._know([*places, (visit.location, t, t)])

    def packed(self) -> Packed:
        """As plain JSON."""
        places: list[Packed] = [[list(where), first, last] for where, first, last in self._known()]
        return [self.count, places, [_packed(each) for each in self._logins], [_packed(each) for each in self._earlier]]

    @classmethod
    def unpacked(cls, value: Packed) -> "LoginPlaces":
        """From `packed`. Raises StateInvalid for anything else."""
        count, places, logins, earlier = items(value, 4)
        state = cls()
        state.count = whole(count)
        state._know(known := [_place(each) for each in items(places)])
        state._logins = tuple(_visit(each) for each in items(logins))
        state._earlier = tuple(_visit(each) for each in items(earlier))
        if len(known) > MAX_PLACES or max(len(state._logins), len(state._earlier)) > _MAX_LOGINS:
            raise StateInvalid("more places or logins than are remembered")
        return state


def _by_time(visit: Visit) -> tuple[float, str]:
    return visit.t, visit.event


def _place(value: Packed) -> _Place:
    where, first, last = items(value, 3)
    return _location(where), number(first), number(last)


def _location(value: Packed) -> Location:
    country, city, latitude, longitude = items(value, 4)
    return location(
        optional(country, text), optional(city, text), optional(latitude, number), optional(longitude, number)
    )


def _packed(visit: Visit) -> Packed:
    return [visit.t, list(visit.location), visit.event]


def _visit(value: Packed) -> Visit:
    t, where, event = items(value, 3)
    return Visit(number(t), _location(where), text(event))


def great_circle_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Shortest distance over the surface between two points (degrees, WGS 84), in kilometres, by the haversine formula
    (within 0.5 %)."""
    a, b = radians(latitude_a), radians(latitude_b)
    half_chord = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(longitude_b - longitude_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half_chord)))
