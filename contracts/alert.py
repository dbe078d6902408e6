"""An alert: what looked like fraud, with its evidence at that time."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from contracts.autonomy import Bands, Decider, deciders, people_among
from contracts.base import Contract, NonEmptyText, UtcDateTime, added_later
from contracts.ids import AlertId
from contracts.severity import Severity, worst_of
from contracts.telemetry import CustomerId, TelemetryEvent

AlertSource = Literal["live", "replay", "manual"]
AlertType = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{1,63}$")]

MAX_RECENT_EVENTS = 50
MAX_TRIGGER_EVENTS = 50
MAX_JOINED = 50
"""Further alerts of a case that one round investigates. With more of them a person looks."""


class Baseline(Contract):
    """What was normal for this customer when the rule fired, and by how much it was passed."""

    metric: str
    """What is measured, with its unit: `gb_per_reading`, `km_per_hour`, `failures_in_10_minutes`."""
    observed: float
    expected: float | None = None
    threshold: float | None = None
    """The value that `observed` had to pass."""
    lower: float | None = added_later()
    """With `upper`: where most of the earlier observations lay."""
    upper: float | None = added_later()
    sample_size: int = 0
    """How many earlier observations `expected` is computed from."""


class Alert(Contract):
    """Something that looked like fraud. The same evidence always gives the same `alert_id`."""

    alert_id: AlertId
    customer_id: CustomerId
    alert_type: AlertType
    rule_id: AlertType
    rule_version: Annotated[int, Field(ge=1)]
    severity: Severity
    description: NonEmptyText
    raised_at: UtcDateTime
    trigger_events: Annotated[tuple[TelemetryEvent, ...], Field(max_length=MAX_TRIGGER_EVENTS)] = ()
    recent_events: Annotated[tuple[TelemetryEvent, ...], Field(max_length=MAX_RECENT_EVENTS)] = ()
    """The customer's window as it was, oldest first."""
    baseline: Baseline | None = None
    source: AlertSource
    autonomy: Bands | None = added_later()
    """Who decides about it, by the version of the rule that raised it; left out where that says nothing."""
    trimmed: NonEmptyText | None = None
    """What was left out because the alert was too large, in one sentence: `contracts.sizes`."""


def worst_severity(alerts: Iterable[Alert]) -> Severity:
    """The worst severity of one or more alerts."""
    return worst_of(alert.severity for alert in alerts)


def name_of(alert: Alert) -> str:
    """How a sentence names one of several alerts: by its type and id."""
    return f"{alert.alert_type} ({alert.alert_id})"


def asks_for(alerts: Iterable[Alert], score: float | None) -> tuple[Decider, ...] | None:
    """The people whom the rules of a case's alerts ask for at that score; None where they ask for nobody."""
    found: set[Decider] = {
        decider for alert in alerts for decider in deciders(alert.autonomy or (), alert.severity, score)
    }
    return people_among(found) or None
