"""Impossible travel: two logins from places that one person cannot have reached in the time between.

Where both logins carry coordinates, distance and time decide. Where one does not, a different country within two hours
does, if the customer had not used one of the two before. Country centroids are not used: those of two neighbours
may lie 4,000 km apart, and the distance that they would give is no evidence.
"""

from bisect import insort
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import ClassVar

from backend.detection.descriptions import duration, number
from backend.detection.geography import Coordinates, great_circle_km
from backend.detection.rule import Explanation, RuleHit
from backend.detection.thresholds import AlertSpacing, ImpossibleTravelThresholds
from contracts.alert import Baseline
from contracts.telemetry import LoginEvent, TelemetryEvent

_MAX_RECENT_LOGINS = 50
_occurred_at = attrgetter("occurred_at")


@dataclass(slots=True)
class _Place:
    country: str | None
    coordinates: Coordinates | None
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class _Journey:
    """A pair of logins, the earlier one first, and how far and fast one must have travelled, if that is known."""

    earlier: LoginEvent
    later: LoginEvent
    km: float | None
    km_per_hour: float | None

    @property
    def gap(self) -> timedelta:
        return self.later.occurred_at - self.earlier.occurred_at


class ImpossibleTravel:
    """Judges every successful login against the others of the two hours around it."""

    RULE_ID: ClassVar[str] = "impossible_travel"
    RULE_VERSION: ClassVar[int] = 1

    def __init__(self, thresholds: ImpossibleTravelThresholds) -> None:
        self._thresholds = thresholds
        self._recent: deque[LoginEvent] = deque()
        self._places: list[_Place] = []
        self._logins = 0

    @property
    def spacing(self) -> AlertSpacing:
        return self._thresholds.spacing

    def observe(self, event: TelemetryEvent) -> RuleHit | None:
        if not isinstance(event, LoginEvent) or not event.attributes.success:
            return None
        if event.attributes.country is None and _coordinates(event) is None:
            return None
        self._visit(event)
        journeys = [self._journey(other, event) for other in self._recent]
        self._remember(event)
        impossible = [journey for journey in journeys if journey is not None and self._is_impossible(journey)]
        if not impossible:
            return None
        strongest = max(impossible, key=lambda journey: (journey.km_per_hour or 0.0, -journey.gap))
        return RuleHit(max(journey.later.occurred_at for journey in impossible), partial(self._explain, strongest))

    def _journey(self, a: LoginEvent, b: LoginEvent) -> _Journey | None:
        earlier, later = sorted((a, b), key=lambda login: (login.occurred_at, login.event_id))
        gap = later.occurred_at - earlier.occurred_at
        if gap > self._thresholds.pair_within:
            return None
        start, end = _coordinates(earlier), _coordinates(later)
        if start is None or end is None:
            return _Journey(earlier, later, None, None)
        km = great_circle_km(start, end)
        hours = max(gap, self._thresholds.shortest_gap) / timedelta(hours=1)
        return _Journey(earlier, later, km, km / hours)

    def _is_impossible(self, journey: _Journey) -> bool:
        limits = self._thresholds
        if journey.km is not None and journey.km_per_hour is not None:
            elsewhere = journey.km > limits.same_place_km and journey.km_per_hour > limits.max_km_per_hour
        else:
            countries = journey.earlier.attributes.country, journey.later.attributes.country
            elsewhere = None not in countries and countries[0] != countries[1]
        return elsewhere and bool(self._new_places(journey))

    def _new_places(self, journey: _Journey) -> list[LoginEvent]:
        """The logins of the pair whose place the customer has not known for long enough."""
        at, long_enough = journey.later.occurred_at, self._thresholds.familiar_after
        return [
            login
            for login in (journey.earlier, journey.later)
            if not any(at - place.first_seen >= long_enough for place in self._places if self._is_at(login, place))
        ]

    def _is_at(self, login: LoginEvent, place: _Place) -> bool:
        coordinates = _coordinates(login)
        if coordinates is not None and place.coordinates is not None:
            return great_circle_km(coordinates, place.coordinates) <= self._thresholds.same_place_km
        return login.attributes.country is not None and login.attributes.country == place.country

    def _visit(self, login: LoginEvent) -> None:
        self._logins += 1
        for place in self._places:
            if self._is_at(login, place):
                place.first_seen = min(place.first_seen, login.occurred_at)
                place.last_seen = max(place.last_seen, login.occurred_at)
                return
        at = login.occurred_at
        self._places.append(_Place(login.attributes.country, _coordinates(login), at, at))
        if len(self._places) > self._thresholds.max_places:
            self._places.remove(min(self._places, key=lambda place: place.last_seen))

    def _remember(self, login: LoginEvent) -> None:
        """Keeps those of the time around this login, and a few of other times: it may be dated wrongly."""
        insort(self._recent, login, key=_occurred_at)
        if len(self._recent) > _MAX_RECENT_LOGINS:
            at = login.occurred_at
            end = self._recent[-1] if self._recent[-1].occurred_at - at > at - self._recent[0].occurred_at else None
            self._recent.popleft() if end is None else self._recent.pop()

    def _explain(self, journey: _Journey) -> Explanation:
        limits = self._thresholds
        new = " and ".join(dict.fromkeys(_name(login) for login in self._new_places(journey)))
        verb = "are" if " and " in new else "is"
        start, end, gap = _name(journey.earlier), _name(journey.later), duration(journey.gap)
        if journey.km_per_hour is None:
            baseline = Baseline(
                metric="minutes_between_countries",
                observed=journey.gap / timedelta(minutes=1),
                threshold=limits.pair_within / timedelta(minutes=1),
                sample_size=self._logins,
            )
            text = f"Login from {end} {gap} after one from {start}"
            high = False
        else:
            baseline = Baseline(
                metric="km_per_hour",
                observed=journey.km_per_hour,
                threshold=limits.max_km_per_hour,
                sample_size=self._logins,
            )
            text = (
                f"Login from {end} {gap} after one from {start}, {journey.km:,.0f} km away: "
                f"{journey.km_per_hour:,.0f} km/h (alert above {number(limits.max_km_per_hour)} km/h)"
            )
            high = journey.km_per_hour >= limits.high_km_per_hour
        return Explanation(
            severity="high" if high else "medium",
            description=f"{text}; {new} {verb} new for this customer.",
            trigger_events=(journey.earlier, journey.later),
            baseline=baseline,
        )


def _coordinates(login: LoginEvent) -> Coordinates | None:
    latitude, longitude = login.attributes.latitude, login.attributes.longitude
    return None if latitude is None or longitude is None else (latitude, longitude)


def _name(login: LoginEvent) -> str:
    place = ", ".join(part for part in (login.attributes.city, login.attributes.country) if part)
    return place or f"{login.attributes.latitude}, {login.attributes.longitude}"
