"""The places of an alert's logins on a map, and the way between those that raised it as arcs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from backend.detection.descriptions import counted, duration
from backend.detection.state.places import great_circle_km
from backend.drawings.canvas import WIDTH, Canvas, LegendEntry
from backend.drawings.globe import Box, MapView, Place, arc_paths, great_circle, land, view_of
from backend.drawings.labels import clock, in_order, place_name, shown, when
from backend.drawings.map_labels import Labels, arc_label, place_label
from backend.drawings.places import place_of
from contracts.alert import Alert
from contracts.drawing import Drawing, MarkRole
from contracts.telemetry import LoginEvent

_HEIGHT = 310.0
_SAME_PLACE_KM = 1.0
_RADIUS: Mapping[MarkRole, float] = {"home": 7.0, "trigger": 4.5}
"""The house shows around the dot of a login at home."""
CREDIT = "Land: Natural Earth."


class _Leg(NamedTuple):
    """The way from one login to the next."""

    start: LoginEvent
    end: LoginEvent
    km: float

    @property
    def gap_s(self) -> float:
        return (self.end.occurred_at - self.start.occurred_at).total_seconds()

    @property
    def km_per_hour(self) -> float | None:
        return self.km / self.gap_s * 3_600.0 if self.gap_s > 0 else None


def travel_map(alert: Alert, *, is_journey: bool) -> Drawing | None:
    """The map of the alert's logins; None without a place, or where it would show no way and one place only."""
    logins = [each for each in in_order(alert.trigger_events, alert.recent_events) if isinstance(each, LoginEvent)]
    placed = [(login, place) for login in logins if (place := place_of(login)) is not None]
    triggers = {event.event_id for event in alert.trigger_events}
    raised = [(login, place) for login, place in placed if login.event_id in triggers]
    if is_journey:
        if len(raised) < min(2, len(triggers)) or not raised:
            return None
    elif not triggers or len({place for _, place in placed}) < 2:
        return None
    legs = list(_legs(raised)) if is_journey else []
    return _drawn(alert, logins, placed, triggers, legs)


def _legs(raised: Sequence[tuple[LoginEvent, Place]]) -> Iterable[_Leg]:
    for (start, a), (end, b) in pairwise(raised):
        km = great_circle_km(*a, *b)
        if km > _SAME_PLACE_KM:
            yield _Leg(start, end, km)


def _drawn(
    alert: Alert,
    logins: Sequence[LoginEvent],
    placed: Sequence[tuple[LoginEvent, Place]],
    triggers: set[str],
    legs: Sequence[_Leg],
) -> Drawing:
    arcs = [great_circle(_known(leg.start), _known(leg.end)) for leg in legs]
    box = Box(0.0, 0.0, WIDTH, _HEIGHT)
    view = view_of([place for _, place in placed] + [place for arc in arcs for place in arc], box)
    canvas = Canvas()
    canvas.rect("sea", 0, 0, WIDTH, _HEIGHT)
    for area in land(view):
        canvas.path("land", area, closed=True)
    for leg, arc in zip(legs, arcs, strict=True):
        for piece in arc_paths(view, arc):
            canvas.path("arc", piece, tip=f"{_names(leg)}: {_way(leg, alert)}")
    devices = _devices(logins, triggers)
    labels = Labels(box, [view.place(place) for arc in arcs for place in arc])
    _places(canvas, view, placed, triggers, devices, labels)
    if legs:
        fastest = max(legs, key=lambda leg: (leg.gap_s <= 0, leg.km_per_hour or leg.km))
        arc_label(canvas, list(map(view.place, arcs[legs.index(fastest)])), _way(fastest, alert), labels)
    entries = [LegendEntry(_role(login, triggers), _meaning(login, triggers, legs)) for login, _ in placed]
    if legs:
        entries.append(LegendEntry("arc", "shortest way between two logins"))
    return Drawing(
        kind="map",
        title="Where the logins came from",
        summary=_summary(alert, placed, triggers, legs),
        width=WIDTH,
        height=_HEIGHT + canvas.legend(entries, _HEIGHT + 4) + 8,
        marks=canvas.marks,
        notes=(*_not_placed(logins, placed), CREDIT),
        columns=("Login", "Place", "Coordinates", "Device", "Way from the login before"),
        rows=tuple(_row(login, triggers, devices, legs, alert) for login in logins),
    )


def _known(login: LoginEvent) -> Place:
    place = place_of(login)
    assert place is not None
    return place


def _role(login: LoginEvent, triggers: set[str]) -> MarkRole:
    if not login.attributes.success:
        return "failed"
    return "trigger" if login.event_id in triggers else "home"


def _meaning(login: LoginEvent, triggers: set[str], legs: Sequence[_Leg]) -> str:
    role = _role(login, triggers)
    if role == "trigger":
        return "login that raised the alert" if not legs else "logins that raised the alert"
    return "failed login" if role == "failed" else "other logins of this customer"


def _devices(logins: Sequence[LoginEvent], triggers: set[str]) -> dict[str, str]:
    """By event id, whether a login's device occurs in earlier logins of the alert's window that did not raise it."""
    seen: set[str] = set()
    said: dict[str, str] = {}
    for login in logins:
        device = login.attributes.device_id
        if device is None:
            said[login.event_id] = "not named"
        else:
            said[login.event_id] = f"{shown(device, 24)}, {'seen' if device in seen else 'not seen'} before"
        if device is not None and login.event_id not in triggers and login.attributes.success:
            seen.add(device)
    return said


def _places(
    canvas: Canvas,
    view: MapView,
    placed: Sequence[tuple[LoginEvent, Place]],
    triggers: set[str],
    devices: dict[str, str],
    labels: Labels,
) -> None:
    """Marks and names of the places, those that raised the alert on top."""
    ordered = sorted(placed, key=lambda each: each[0].event_id in triggers)
    for login, place in ordered:
        x, y = view.place(place)
        said = f"{place_name(login)}, {when(login.occurred_at)}; device {devices[login.event_id]}"
        role = _role(login, triggers)
        canvas.symbol(role, x, y, _RADIUS.get(role, 4.0), said)
    named: set[tuple[str, bool]] = set()
    for login, place in reversed(ordered):
        is_trigger = login.event_id in triggers
        name = place_name(login)
        # Of many places the first few are named: the table has all.
        if (name, is_trigger) in named or (name, True) in named or len(named) >= 12:
            continue
        named.add((name, is_trigger))
        place_label(canvas, view.place(place), _lines(login, name, is_trigger=is_trigger, devices=devices), labels)


def _lines(login: LoginEvent, name: str, *, is_trigger: bool, devices: dict[str, str]) -> list[str]:
    if not is_trigger:
        return [name]
    lines = [name, clock(login.occurred_at)]
    if login.attributes.device_id is not None:
        lines.append("device seen before" if devices[login.event_id].endswith(", seen before") else "new device here")
    return lines


def _names(leg: _Leg) -> str:
    return f"{place_name(leg.start)} to {place_name(leg.end)}"


def _way(leg: _Leg, alert: Alert) -> str:
    """Distance, time and speed. The alert's own speed where it has one: it says what the rule judged."""
    gap = duration(timedelta(seconds=leg.gap_s))
    speed = leg.km_per_hour
    baseline, last = alert.baseline, alert.trigger_events[-1]
    is_pair = len(alert.trigger_events) == 2 and last.event_id in (leg.start.event_id, leg.end.event_id)
    if baseline is not None and baseline.metric == "km_per_hour" and is_pair:
        speed = baseline.observed
    fast = "" if speed is None else f", {speed:,.0f} km/h"
    return shown(f"{leg.km:,.0f} km in {gap}{fast}", 60)


def _summary(alert: Alert, placed: Sequence[tuple[LoginEvent, Place]], triggers: set[str], legs: Sequence[_Leg]) -> str:
    others = [login for login, _ in placed if login.event_id not in triggers]
    about = [f"from {_names(leg)} {_way(leg, alert)}" for leg in legs[:3]]
    if len(legs) > 3:
        about.append(f"and {counted(len(legs) - 3, 'way')} more")
    if not legs:
        raised = dict.fromkeys(place_name(login) for login, _ in placed if login.event_id in triggers)
        about.append(f"the alert was raised by logins from {' and '.join(list(raised)[:3]) or 'no known place'}")
    if others:
        names = list(dict.fromkeys(map(place_name, others)))
        more = f" and {len(names) - 3} other places" if len(names) > 3 else ""
        about.append(f"{counted(len(others), 'other login')} from {' and '.join(names[:3])}{more}")
    return f"Map: {'; '.join(about)}."


def _not_placed(logins: Sequence[LoginEvent], placed: Sequence[tuple[LoginEvent, Place]]) -> list[str]:
    missing = len(logins) - len(placed)
    if missing == 0:
        return []
    return [
        f"{counted(missing, 'login')} without coordinates, or with 0,0, {'is' if missing == 1 else 'are'} not drawn."
    ]


def _row(
    login: LoginEvent, triggers: set[str], devices: dict[str, str], legs: Sequence[_Leg], alert: Alert
) -> tuple[str, ...]:
    place = place_of(login)
    mark = " (raised the alert)" if login.event_id in triggers else ""
    failed = "" if login.attributes.success else " (failed)"
    return (
        f"{when(login.occurred_at)}{mark}{failed}",
        place_name(login),
        "not known" if place is None else f"{place.latitude:.2f}, {place.longitude:.2f}",
        devices[login.event_id],
        next((_way(leg, alert) for leg in legs if leg.end.event_id == login.event_id), ""),
    )
