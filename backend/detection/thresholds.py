"""Every number that detection judges by, with the reason for it.

Chosen on the recordings that `tests/replay` plays, in time order and without look-ahead, and preferred where odd and
even customers agreed; other customers will differ.
A change here is a new `RULE_VERSION` of the rules that it touches: an alert says which version raised it.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from contracts.alert import Severity


@dataclass(frozen=True, slots=True)
class AlertSpacing:
    """How often one rule may raise an alert for one customer."""

    window: timedelta
    """Alert ids carry the trigger's time floored to this, so that re-reading the evidence gives the same id."""
    quiet: timedelta
    """No further alert for this long after one: an attack across the boundary of a window is one case."""


@dataclass(frozen=True, slots=True)
class ImpossibleTravelThresholds:
    """Two logins from places that one person cannot have reached in the time between."""

    pair_within: timedelta = timedelta(hours=2)
    """Longer apart, a flight between neighbouring countries explains it."""
    max_km_per_hour: float = 900.0
    """Cruising speed of an airliner: faster than this, gate to gate, nobody travels."""
    same_place_km: float = 300.0
    """Addresses of one mobile operator are located up to a few hundred km off: nearer than this is the same place."""
    shortest_gap: timedelta = timedelta(minutes=1)
    """Two logins in the same second are not infinitely fast: clocks of two log sources differ by seconds."""
    familiar_after: timedelta = timedelta(hours=24)
    """A place that the customer first used longer ago than this is not new any more (a VPN exit, a second home)."""
    high_km_per_hour: float = 1_800.0
    """Twice an airliner cannot be explained by a wrong location nearby: severity high."""
    max_places: int = 32
    """Places remembered per customer; the one used longest ago is forgotten first."""
    spacing: AlertSpacing = AlertSpacing(window=timedelta(days=1), quiet=timedelta(days=1))
    """Not shorter than `familiar_after`: a new place is reported once and is familiar afterwards."""


@dataclass(frozen=True, slots=True)
class SpendingSpikeThresholds:
    """One charge far above what the customer spends."""

    history_days: int = 28
    """Four weeks hold every weekday and every monthly bill once."""
    min_history: int = 8
    """Charges in the same currency before the first alert: with five, half of the alerts were ordinary charges."""
    deviations: Decimal = Decimal(3)
    """Standard deviations above the mean."""
    least_deviation: Decimal = Decimal("0.25")
    """Least deviation as a share of the mean: equal monthly fees must not make every coffee an alert."""
    times_mean: Decimal = Decimal(3)
    """And at least this many times the mean: card fraud of the five-fold kind passes it, a large purchase seldom.

    On 497 other customers of the handbook (132,000 charges), not used to choose it: 189 alerts, 181 of them frauds.
    """
    least_amount: Decimal = Decimal(50)
    """In major units of the charge's currency: below this a case costs more than it can save."""
    max_currencies: int = 4
    """Currencies remembered per customer; amounts of different currencies are never compared."""
    spacing: AlertSpacing = AlertSpacing(window=timedelta(days=1), quiet=timedelta(days=1))
    """One case for a day's spree, not one for each charge of it."""


@dataclass(frozen=True, slots=True)
class DataUsageSpikeThresholds:
    """One usage reading far above all that the customer had in four weeks."""

    history_days: int = 28
    """Longer memory, fewer false positives: 14 days gave 10 alerts outside labelled windows, 28 days 5, same hits."""
    min_history: int = 12
    """Readings before the first alert: twelve show the customer's order of magnitude, no more."""
    times_largest: float = 1.1
    """Usage is bursty: multiples of a deviation alert daily. A new record by a tenth is what labelled spikes share."""
    times_largest_over_history: float = 100.0
    """Plus this over the number of readings: 12 readings ask for 9 times the record, 1,000 for 1.2 times."""
    times_mean: float = 5.0
    """And at least this many times the mean: a steady climb sets records too, but small ones."""
    least_gb: float = 1.0
    """Below a gigabyte nothing is being resold."""
    spacing: AlertSpacing = AlertSpacing(window=timedelta(days=1), quiet=timedelta(days=1))
    """A surge lasts hours: one case for it."""


@dataclass(frozen=True, slots=True)
class AuthFailureThresholds:
    """Repeated failed logins."""

    window: timedelta = timedelta(minutes=10)
    min_failures: int = 7
    """One more than a single session allows (sshd and most sign-in pages end it after 6): somebody came back."""
    times_usual: float = 2.0
    """Against background noise: with a history, at least this many times the failures of the usual ten minutes."""
    min_history: int = 3
    """Failing ten-minute periods before `usual` counts."""
    history_days: int = 28
    many_addresses: int = 3
    """From this many addresses it is no forgotten password: severity high."""
    spacing: AlertSpacing = AlertSpacing(window=timedelta(hours=6), quiet=timedelta(hours=6))
    """A guessing run pauses and continues: one case a shift."""

    @property
    def usual_cap(self) -> int:
        """A period counts at most this much towards `usual`, so that an attacker cannot teach us a high bar."""
        return self.min_failures


@dataclass(frozen=True, slots=True)
class ApiBurstThresholds:
    """A burst of API calls."""

    window: timedelta = timedelta(minutes=1)
    min_calls: int = 25
    """A person at a console makes a handful of calls a minute; an enumeration tool made 29 in its first."""
    times_usual: float = 3.0
    """With a history, at least this many times the usual active minute: scheduled jobs are busy every day."""
    min_history: int = 60
    """Active minutes before `usual` counts: an hour of use."""
    history_days: int = 28
    refused_share: float = 0.3
    """A third of the calls refused is probing for rights, not work: severity high."""
    fast: timedelta = timedelta(seconds=10)
    """All of them in so little time is a tool, not a person: severity high."""
    spacing: AlertSpacing = AlertSpacing(window=timedelta(hours=6), quiet=timedelta(hours=6))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The numbers of all rules."""

    impossible_travel: ImpossibleTravelThresholds = field(default_factory=ImpossibleTravelThresholds)
    spending_spike: SpendingSpikeThresholds = field(default_factory=SpendingSpikeThresholds)
    data_usage_spike: DataUsageSpikeThresholds = field(default_factory=DataUsageSpikeThresholds)
    auth_failures: AuthFailureThresholds = field(default_factory=AuthFailureThresholds)
    api_burst: ApiBurstThresholds = field(default_factory=ApiBurstThresholds)
    max_customers: int = 5_000
    """Customers remembered; the one idle longest is forgotten first. With 50 events and more one takes 200 kB."""
    remembered_ids: int = 256
    """Event ids remembered per customer: a delivery repeated within this many events is recognised."""


DEFAULT_THRESHOLDS = Thresholds()

_SEVERITY_STEPS: tuple[tuple[float, Severity], ...] = ((5.0, "critical"), (2.5, "high"), (1.25, "medium"))


def spike_severity(observed: float, threshold: float) -> Severity:
    """How strong a spike is, by how many times it passed what it had to pass: 1.25 medium, 2.5 high, 5 critical."""
    strength = observed / threshold
    for least, severity in _SEVERITY_STEPS:
        if strength >= least:
            return severity
    return "low"
