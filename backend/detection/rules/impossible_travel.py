"""Impossible travel: two logins from places that one person cannot have reached in the time between.

Where both logins carry coordinates, distance and time decide. Where one does not, a different country within two hours
does, if the customer had not used one of the two before. Country centroids are not used: those of two neighbours
may lie 4,000 km apart, and the distance that they would give is no evidence.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from backend.detection.descriptions import duration, number
from backend.detection.parameters import ImpossibleTravel, RuleVersion
from backend.detection.rule import Explanation, Rule, RuleHit
from backend.detection.state.customer import LoginFacts
from backend.detection.state.places import Visit, great_circle_km
from contracts.alert import Baseline
from contracts.ip_addresses import address_in, network_in
from contracts.severity import Severity
from contracts.telemetry import LoginAttributes, LoginEvent, TelemetryEvent

_HOUR_S = 3_600.0


class _Journey(NamedTuple):
    """A pair of logins, the earlier one first, and how far and fast one must have travelled, if that is known."""

    earlier: Visit
    later: Visit
    km: float | None
    km_per_hour: float | None

    @property
    def gap_s(self) -> float:
        return self.later.t - self.earlier.t


class ImpossibleTravelRule(Rule[ImpossibleTravel]):
    """Judges every successful login against the others of the hours around it."""

    KINDS = ("login",)

    def __init__(self, version: RuleVersion, parameters: ImpossibleTravel, key: str) -> None:
        super().__init__(version, parameters, key)
        self._proxies = tuple(map(network_in, parameters.proxy_networks))
        self._pair_within_s = parameters.pair_within_hours * _HOUR_S

    def judge(self, event: LoginEvent, t: float, facts: LoginFacts) -> RuleHit | None:
        if not facts.others:
            return None
        impossible = [
            journey
            for other in facts.others
            if other.location is not facts.visit.location
            and self._is_elsewhere(journey := self._journey(other, facts.visit))
            and self._new(facts, journey)
        ]
        if not impossible or self._is_proxy(facts.visit.ip):
            return None
        impossible = [each for each in impossible if not self._is_proxy(_other(each, facts.visit).ip)]
        if not impossible:
            return None
        strongest = max(impossible, key=lambda journey: (journey.km_per_hour or 0.0, -journey.gap_s))
        at = max(journey.later.t for journey in impossible)
        return RuleHit(at, partial(self._explain, event, facts, strongest, self._new(facts, strongest)))

    def _journey(self, a: Visit, b: Visit) -> _Journey:
        earlier, later = (a, b) if (a.t, a.event_id) <= (b.t, b.event_id) else (b, a)
        start, end = earlier.location, later.location
        if start.latitude is None or end.latitude is None:
            return _Journey(earlier, later, None, None)
        km = great_circle_km(start.latitude, start.longitude or 0.0, end.latitude, end.longitude or 0.0)
        hours = max(later.t - earlier.t, self.parameters.shortest_gap_seconds) / _HOUR_S
        return _Journey(earlier, later, km, km / hours)

    def _is_elsewhere(self, journey: _Journey) -> bool:
        if journey.gap_s > self._pair_within_s:
            return False
        if journey.km is not None and journey.km_per_hour is not None:
            return journey.km_per_hour > self.parameters.max_km_per_hour and journey.km > self.parameters.same_place_km
        countries = journey.earlier.location.country, journey.later.location.country
        return None not in countries and countries[0] != countries[1]

    def _new(self, facts: LoginFacts, journey: _Journey) -> list[Visit]:
        """The logins of the pair whose place the customer has not known for long enough."""
        places = facts.places
        if places is None:
            return []
        before = journey.later.t - self.parameters.familiar_after_hours * _HOUR_S
        return [
            visit
            for visit in (journey.earlier, journey.later)
            if (since := places.known_since(visit)) is None or since > before
        ]

    def _is_proxy(self, ip: str | None) -> bool:
        if not self._proxies or ip is None:
            return False
        address = address_in(ip)
        return address is not None and any(address in network for network in self._proxies)

    def _severity(self, journey: _Journey, facts: LoginFacts) -> Severity:
        limits = self.parameters
        since = facts.device_since
        if since is not None and facts.visit.t - since >= limits.familiar_after_hours * _HOUR_S:
            return limits.known_device_severity
        return "high" if (journey.km_per_hour or 0.0) >= limits.high_km_per_hour else "medium"

    def _explain(
        self,
        event: LoginEvent,
        facts: LoginFacts,
        journey: _Journey,
        new: list[Visit],
        recent: Sequence[TelemetryEvent],
    ) -> Explanation:
        limits = self.parameters
        logins = 0 if facts.places is None else facts.places.count
        names = " and ".join(dict.fromkeys(visit.location.name for visit in new))
        verb = "are" if " and " in names else "is"
        gap = timedelta(seconds=journey.gap_s)
        text = (
            f"Login from {journey.later.location.name} {duration(gap)} after one from {journey.earlier.location.name}"
        )
        if journey.km is None or journey.km_per_hour is None:
            baseline = Baseline(
                metric="minutes_between_countries",
                observed=journey.gap_s / 60.0,
                threshold=limits.pair_within_hours * 60.0,
                sample_size=logins,
            )
        else:
            baseline = Baseline(
                metric="km_per_hour",
                observed=journey.km_per_hour,
                threshold=limits.max_km_per_hour,
                sample_size=logins,
            )
            text += (
                f", {journey.km:,.0f} km away: "
                f"{journey.km_per_hour:,.0f} km/h (alert above {number(limits.max_km_per_hour)} km/h)"
            )
        by_id: dict[str, TelemetryEvent] = {each.event_id: each for each in (*recent, event)}
        pair = (journey.earlier, journey.later)
        return Explanation(
            severity=self._severity(journey, facts),
            description=f"{text}; {names} {verb} new for this customer.",
            trigger_events=tuple(by_id.get(visit.event_id) or _login(visit, event.customer_id) for visit in pair),
            baseline=baseline,
        )


def _other(journey: _Journey, visit: Visit) -> Visit:
    return journey.earlier if journey.later is visit else journey.later


def _login(visit: Visit, customer_id: int) -> LoginEvent:
    """The login as far as it is remembered, when the event itself is not any more."""
    return LoginEvent(
        event_id=visit.event_id,
        customer_id=customer_id,
        occurred_at=datetime.fromtimestamp(visit.t, UTC),
        attributes=LoginAttributes(
            ip=visit.ip,
            country=visit.location.country,
            city=visit.location.city,
            latitude=visit.location.latitude,
            longitude=visit.location.longitude,
        ),
    )
