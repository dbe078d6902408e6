"""Compares what two versions of a rule raise. Pure: no clock, no file."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from backend.lab.episodes import Episodes
from backend.lab.intervals import proportion
from contracts.alert import Alert, Severity
from contracts.back_tests import (
    MAX_LISTED,
    MAX_LISTED_CUSTOMERS,
    MAX_LISTED_DAYS,
    ComparedAlert,
    ComparedAlerts,
    CustomerCounts,
    DayCounts,
    Quality,
    Side,
    SideCounts,
    VersionQuality,
)

Key = TypeVar("Key")

MAX_COMPARED = 200_000
"""Alerts of one version that are held in memory."""
_DESCRIBED = 500
"""Characters of an alert's sentence that are kept."""


class TooManyAlerts(Exception):
    """A version raises more than anybody could read; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept of an alert."""

    alert_id: str
    customer_id: int
    raised_at: datetime
    severity: Severity
    description: str
    triggers: tuple[str, ...]
    """The ids of the events that triggered it."""


class Findings:
    """The alerts of one version, each once."""

    def __init__(self, version: int, counted_from: datetime | None = None) -> None:
        self._version = version
        self._counted_from = counted_from
        self._by_id: dict[str, Found] = {}

    def add(self, alert: Alert) -> None:
        """Keep an alert, unless it is from before what is counted. Raises TooManyAlerts."""
        if self._counted_from is not None and alert.raised_at < self._counted_from:
            return
        if len(self._by_id) >= MAX_COMPARED:
            raise TooManyAlerts(
                f"Version {self._version} raised more than {MAX_COMPARED:,} alerts by "
                f"{alert.raised_at:%Y-%m-%d %H:%M} UTC: nobody could work on so many."
            )
        triggers = tuple(event.event_id for event in alert.trigger_events)
        sentence = alert.description[:_DESCRIBED]
        found = Found(alert.alert_id, alert.customer_id, alert.raised_at, alert.severity, sentence, triggers)
        self._by_id.setdefault(alert.alert_id, found)

    @property
    def ids(self) -> list[str]:
        """Of all alerts, sorted."""
        return sorted(self._by_id)

    @property
    def digest(self) -> str:
        """SHA-256 of the ids, sorted, one a line."""
        return hashlib.sha256("".join(f"{each}\n" for each in self.ids).encode()).hexdigest()

    def all(self) -> list[Found]:
        """In the order in which they were raised."""
        return sorted(self._by_id.values(), key=lambda each: (each.raised_at, each.alert_id))


@dataclass(frozen=True)
class Comparison:
    """The alerts of two versions, each in one of three lists."""

    before: tuple[Found, ...]
    after: tuple[Found, ...]
    sides: Mapping[Side, tuple[Found, ...]]
    """Kept ones as the version that is tried raises them."""
    moved: int
    """Kept ones that have another id."""


def compare(before: Findings, after: Findings) -> Comparison:
    """Alerts of one id are the same. Then those of one customer with a trigger in common, which two versions with other
    windows give other ids: each of one version is the same as one of the other at most."""
    old, new = before.all(), after.all()
    old_ids, new_ids = {each.alert_id for each in old}, {each.alert_id for each in new}
    kept = {each.alert_id for each in new if each.alert_id in old_ids}
    by_trigger: dict[tuple[int, str], list[Found]] = defaultdict(list)
    for each in old:
        if each.alert_id not in new_ids:
            for trigger in each.triggers:
                by_trigger[each.customer_id, trigger].append(each)
    met: set[str] = set()
    for each in new:
        if each.alert_id in kept:
            continue
        others = (other for trigger in each.triggers for other in by_trigger.get((each.customer_id, trigger), ()))
        other = next((other for other in others if other.alert_id not in met), None)
        if other is not None:
            met.add(other.alert_id)
            kept.add(each.alert_id)
    sides: dict[Side, tuple[Found, ...]] = {
        "gained": tuple(each for each in new if each.alert_id not in kept),
        "lost": tuple(each for each in old if each.alert_id not in new_ids and each.alert_id not in met),
        "kept": tuple(each for each in new if each.alert_id in kept),
    }
    return Comparison(tuple(old), tuple(new), sides, len(met))


def totals(comparison: Comparison) -> SideCounts:
    """How many alerts are gained, lost and kept."""
    sides = comparison.sides
    return SideCounts(gained=len(sides["gained"]), lost=len(sides["lost"]), kept=len(sides["kept"]))


def by_day(comparison: Comparison) -> tuple[DayCounts, ...]:
    """The same of each day with alerts, UTC, the earliest first; at most the last MAX_LISTED_DAYS."""
    counts = _counted(comparison, lambda each: each.raised_at.astimezone(UTC).date().isoformat())
    return tuple(DayCounts(day=day, **_of(counts[day])) for day in sorted(counts)[-MAX_LISTED_DAYS:])


def by_customer(comparison: Comparison) -> tuple[tuple[CustomerCounts, ...], int]:
    """The same of the customers for whom most changes, and how many others have alerts."""
    counts = _counted(comparison, lambda each: each.customer_id)

    def change(customer_id: int) -> tuple[int, int, int]:
        own = counts[customer_id]
        return (-own["gained"] - own["lost"], -own["kept"], customer_id)

    shown = sorted(counts, key=change)[:MAX_LISTED_CUSTOMERS]
    listed = tuple(CustomerCounts(customer_id=each, **_of(counts[each])) for each in shown)
    return listed, len(counts) - len(listed)


def listed(alerts: Sequence[Found], label_of: Callable[[Found], bool | None]) -> ComparedAlerts:
    """Alerts of one side, as far as a result lists them."""
    items = tuple(
        ComparedAlert(
            alert_id=each.alert_id,
            customer_id=each.customer_id,
            raised_at=each.raised_at,
            severity=each.severity,
            description=each.description,
            label=label_of(each),
        )
        for each in alerts[:MAX_LISTED]
    )
    return ComparedAlerts(items=items, more=len(alerts) - len(items))


def quality_by_file(comparison: Comparison, episodes: Episodes) -> Quality:
    """An alert is right when a labelled event triggers it; an episode is found by one that one of its events triggers.

    Episodes are runs of labelled events of one customer and kind, without one between them that is not labelled. Labels
    of which none is in the recording say nothing of it: then all samples are empty.
    """

    def of(alerts: Iterable[Found]) -> VersionQuality:
        right, total, found, customers = 0, 0, set[int](), set[int]()
        for each in alerts:
            total += 1
            hits = episodes.hit_by(each.triggers)
            right += bool(hits)
            found |= hits
            customers |= {each.customer_id} if hits else set[int]()
        return VersionQuality(
            precision=proportion(right, total if episodes.events else 0),
            recall=proportion(len(found), episodes.count),
            customers=proportion(len(customers), len(episodes.customers)),
        )

    return Quality(labels="file", labelled=episodes.events, before=of(comparison.before), after=of(comparison.after))


def quality_by_decisions(comparison: Comparison, opinions: Mapping[str, bool]) -> Quality:
    """An alert is right when its case was closed as confirmed fraud, and wrong when as a false positive; of others
    nothing is known. What can be found are the confirmed alerts that either version raises."""
    everything = {each.alert_id: each.customer_id for each in (*comparison.before, *comparison.after)}
    confirmed = {alert_id for alert_id in everything if opinions.get(alert_id)}
    customers = {everything[alert_id] for alert_id in confirmed}

    def of(alerts: Iterable[Found]) -> VersionQuality:
        judged = [each for each in alerts if each.alert_id in opinions]
        right = [each for each in judged if opinions[each.alert_id]]
        return VersionQuality(
            precision=proportion(len(right), len(judged)),
            recall=proportion(len(right), len(confirmed)),
            customers=proportion(len({each.customer_id for each in right}), len(customers)),
        )

    labelled = sum(alert_id in opinions for alert_id in everything)
    return Quality(labels="decisions", labelled=labelled, before=of(comparison.before), after=of(comparison.after))


def _counted(comparison: Comparison, key_of: Callable[[Found], Key]) -> dict[Key, Counter[Side]]:
    counts: dict[Key, Counter[Side]] = defaultdict(Counter)
    for side, alerts in comparison.sides.items():
        for each in alerts:
            counts[key_of(each)][side] += 1
    return counts


def _of(counts: Counter[Side]) -> dict[str, int]:
    return {"gained": counts["gained"], "lost": counts["lost"], "kept": counts["kept"]}
