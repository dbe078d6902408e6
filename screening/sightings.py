"""Where the customer, or somebody with their credentials, was: one timeline of alert events and security log."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from contracts.instants import moved
from contracts.telemetry import AuthFailureEvent, LoginEvent, TelemetryEvent
from screening import thresholds
from screening.dossier import Dossier

EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True)
class Sighting:
    """One attempt to get in. `known_device` is None when nothing says whose device it was."""

    at: datetime
    success: bool
    country: str | None
    ip: str | None
    device_id: str | None
    known_device: bool | None
    evidence_ids: tuple[str, ...]
    position: tuple[float, float] | None = None
    """Latitude and longitude in degrees."""


@dataclass(frozen=True)
class Leap:
    """Two successful logins that one person cannot have made."""

    before: Sighting
    after: Sighting

    @property
    def evidence_ids(self) -> tuple[str, ...]:
        """Both logins."""
        return tuple(dict.fromkeys((*self.before.evidence_ids, *self.after.evidence_ids)))


def alert_sightings(dossier: Dossier) -> tuple[Sighting, ...]:
    """Logins and failures among the alert's events, oldest first."""
    sightings = (_from_event(event, dossier) for event in dossier.events)
    return tuple(sighting for sighting in sightings if sighting is not None)


def logged_sightings(dossier: Dossier) -> tuple[Sighting, ...]:
    """Logins and failures in the security log, oldest first."""
    cited = dossier.cite("get_security_logs")
    return tuple(
        Sighting(
            at=entry.at,
            success=entry.success and entry.event == "login",
            country=entry.country,
            ip=entry.ip,
            device_id=entry.device_id,
            known_device=entry.known_device,
            evidence_ids=cited,
        )
        for entry in dossier.security
        if entry.event in ("login", "login_failed")
    )


def _from_event(event: TelemetryEvent, dossier: Dossier) -> Sighting | None:
    if isinstance(event, LoginEvent):
        place = event.attributes
        device, success = place.device_id, place.success
        position = None if place.latitude is None or place.longitude is None else (place.latitude, place.longitude)
    elif isinstance(event, AuthFailureEvent):
        place = event.attributes
        named = (place.model_extra or {}).get("device_id")
        device, success, position = named if isinstance(named, str) else None, False, None
    else:
        return None
    known = device in dossier.customer.device_ids if device is not None and dossier.customer else None
    return Sighting(event.occurred_at, success, place.country, place.ip, device, known, (event.event_id,), position)


def leaps(sightings: Sequence[Sighting]) -> tuple[Leap, ...]:
    """Neighbouring successful logins in different countries, too far apart for the time between them."""
    logins = [sighting for sighting in sightings if sighting.success and sighting.country]
    pairs = (Leap(before, after) for before, after in pairwise(logins))
    return tuple(pair for pair in pairs if pair.before.country != pair.after.country and _impossible(pair))


def _impossible(leap: Leap) -> bool:
    hours = (leap.after.at - leap.before.at) / timedelta(hours=1)
    if leap.before.position is None or leap.after.position is None:
        return hours < thresholds.IMPOSSIBLE_BORDER_HOURS
    distance = distance_km(leap.before.position, leap.after.position)
    return distance > thresholds.MIN_TRAVEL_KM and distance > thresholds.IMPOSSIBLE_SPEED_KMH * hours


def distance_km(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Great-circle distance in kilometres between (latitude, longitude) pairs in degrees, by the haversine formula."""
    (lat1, lon1), (lat2, lon2) = ((math.radians(a), math.radians(b)) for a, b in (start, end))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


@dataclass(frozen=True)
class Burst:
    """Many failures close together, and the first success after them, if there was one."""

    failures: tuple[Sighting, ...]
    success: Sighting | None

    @property
    def evidence_ids(self) -> tuple[str, ...]:
        """Every failure, since they are counted, and the success."""
        cited = [evidence for failure in self.failures for evidence in failure.evidence_ids]
        return tuple(dict.fromkeys([*cited, *(self.success.evidence_ids if self.success else ())]))


def bursts(sightings: Sequence[Sighting]) -> tuple[Burst, ...]:
    """Every run of FAILURES_IN_A_BURST failures or more without a pause of BURST_GAP_HOURS."""
    runs: list[list[Sighting]] = []
    for failure in (sighting for sighting in sightings if not sighting.success):
        if runs and failure.at - runs[-1][-1].at <= timedelta(hours=thresholds.BURST_GAP_HOURS):
            runs[-1].append(failure)
        else:
            runs.append([failure])
    return tuple(
        Burst(tuple(run), _success_after(run[-1], sightings))
        for run in runs
        if len(run) >= thresholds.FAILURES_IN_A_BURST
    )


def _success_after(failure: Sighting, sightings: Sequence[Sighting]) -> Sighting | None:
    until = moved(failure.at, timedelta(hours=thresholds.AFTER_BURST_HOURS))
    return next((seen for seen in sightings if seen.success and failure.at <= seen.at <= until), None)
