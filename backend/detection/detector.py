"""The detector: applies every rule to every event, with bounded state per customer."""

import hashlib
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from datetime import datetime

from backend.detection.periods import period_start
from backend.detection.rule import Rule, RuleHit
from backend.detection.rules.api_burst import ApiBurst
from backend.detection.rules.auth_failures import AuthFailures
from backend.detection.rules.data_usage_spike import DataUsageSpike
from backend.detection.rules.impossible_travel import ImpossibleTravel
from backend.detection.rules.spending_spike import SpendingSpike
from backend.detection.thresholds import DEFAULT_THRESHOLDS, Thresholds
from contracts.alert import MAX_RECENT_EVENTS, Alert, AlertSource
from contracts.ids import alert_id
from contracts.telemetry import EventKind, TelemetryEvent

_MakeRule = Callable[[Thresholds], Rule]

_RULES: dict[str, _MakeRule] = {
    ImpossibleTravel.RULE_ID: lambda thresholds: ImpossibleTravel(thresholds.impossible_travel),
    AuthFailures.RULE_ID: lambda thresholds: AuthFailures(thresholds.auth_failures),
    SpendingSpike.RULE_ID: lambda thresholds: SpendingSpike(thresholds.spending_spike),
    DataUsageSpike.RULE_ID: lambda thresholds: DataUsageSpike(thresholds.data_usage_spike),
    ApiBurst.RULE_ID: lambda thresholds: ApiBurst(thresholds.api_burst),
}

_RULES_OF: dict[EventKind, tuple[str, ...]] = {
    "login": (ImpossibleTravel.RULE_ID, AuthFailures.RULE_ID),
    "auth_failure": (AuthFailures.RULE_ID,),
    "transaction": (SpendingSpike.RULE_ID,),
    "data_usage": (DataUsageSpike.RULE_ID,),
    "api_call": (ApiBurst.RULE_ID,),
}

RULE_IDS: tuple[str, ...] = tuple(_RULES)
"""Every rule, by the id that its alerts carry."""

_MAX_ALERTS_KNOWN = 8
"""Times of earlier alerts of a rule: late events must not report a known attack again."""
_ID_HEAD, _ID_DIGEST = 96, 24


class Detector:
    """Finds what looks like fraud in a stream of events, customer by customer.

    Deterministic: the same events in the same order give the same alerts, whatever the time of day and machine.
    Recorded and live events of one customer never mix. A repeated event is ignored; one that bears the id of another
    is judged under an id of its own. One that comes late, or is dated ahead of those around it, is judged among the
    events of its own time, and does not end what is known of the time that the others speak of. Not thread-safe.
    """

    def __init__(self, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> None:
        self._thresholds = thresholds
        self._customers: OrderedDict[tuple[AlertSource, int], _Customer] = OrderedDict()
        self.mended: Counter[str] = Counter()
        """Repairs in evaluated events, by kind."""

    @property
    def customers(self) -> int:
        """Customers remembered, at most `thresholds.max_customers`."""
        return len(self._customers)

    def observe(self, event: TelemetryEvent, source: AlertSource = "live") -> tuple[Alert, ...]:
        """Judges one event by the customer's events before it; usually returns an empty tuple."""
        key = (source, event.customer_id)
        customer = self._customers.get(key)
        if customer is None:
            customer = self._customers[key] = _Customer(self._thresholds, self.mended)
            if len(self._customers) > self._thresholds.max_customers:
                self._customers.popitem(last=False)
        else:
            self._customers.move_to_end(key)
        return customer.observe(event, source)


class _Customer:
    """All that is remembered of one customer."""

    __slots__ = ("_alerts_at", "_ids", "_mended", "_recent", "_rules", "_thresholds")

    def __init__(self, thresholds: Thresholds, mended: Counter[str]) -> None:
        self._thresholds = thresholds
        self._mended = mended
        self._ids: OrderedDict[str, int] = OrderedDict()
        """Each id, and a hash of what the event said."""
        self._recent: deque[TelemetryEvent] = deque(maxlen=MAX_RECENT_EVENTS)
        self._rules: dict[str, Rule] = {}
        self._alerts_at: dict[str, deque[datetime]] = {}

    def observe(self, event: TelemetryEvent, source: AlertSource) -> tuple[Alert, ...]:
        said = _said(event)
        known = self._ids.get(event.event_id)
        if known is not None and known != hash(said):
            # Some systems give every event the same id: what they say then tells them apart.
            event = event.model_copy(update={"event_id": _other_id(event.event_id, said)})
            known = self._ids.get(event.event_id)
            self._mended["event_id_reused"] += known is None
        if known is not None:
            return ()
        self._ids[event.event_id] = hash(said)
        if len(self._ids) > self._thresholds.remembered_ids:
            self._ids.popitem(last=False)
        self._recent.append(event)
        return tuple(
            self._alert(rule, hit, event.customer_id, source)
            for rule in self._rules_of(event.kind)
            if (hit := rule.observe(event)) is not None and self._is_new_alert(rule, hit)
        )

    def _rules_of(self, kind: EventKind) -> Iterable[Rule]:
        for rule_id in _RULES_OF[kind]:
            rule = self._rules.get(rule_id)
            if rule is None:
                rule = self._rules[rule_id] = _RULES[rule_id](self._thresholds)
            yield rule

    def _is_new_alert(self, rule: Rule, hit: RuleHit) -> bool:
        """Whether this is more than the continuation of what was already reported; remembers it if so."""
        spacing, at = rule.spacing, hit.at
        reported = self._alerts_at.setdefault(rule.RULE_ID, deque(maxlen=_MAX_ALERTS_KNOWN))
        if any(
            abs(at - last) < spacing.quiet or period_start(at, spacing.window) == period_start(last, spacing.window)
            for last in reported
        ):
            return False
        reported.append(at)
        return True

    def _alert(self, rule: Rule, hit: RuleHit, customer_id: int, source: AlertSource) -> Alert:
        explanation = hit.explain()
        return Alert(
            alert_id=alert_id(rule.RULE_ID, customer_id, period_start(hit.at, rule.spacing.window)),
            customer_id=customer_id,
            alert_type=rule.RULE_ID,
            rule_id=rule.RULE_ID,
            rule_version=rule.RULE_VERSION,
            severity=explanation.severity,
            description=explanation.description,
            raised_at=hit.at,
            trigger_events=explanation.trigger_events,
            recent_events=tuple(sorted(self._recent, key=lambda event: (event.occurred_at, event.event_id))),
            baseline=explanation.baseline,
            source=source,
        )


def _said(event: TelemetryEvent) -> tuple[object, ...]:
    """The fields that rules may use: not those of the delivery, which differ when an event is delivered again."""
    fields = type(event.attributes).model_fields
    return event.kind, event.occurred_at, *(getattr(event.attributes, name) for name in fields)


def _other_id(event_id: str, said: tuple[object, ...]) -> str:
    """An id that any process gives to the event again."""
    digest = hashlib.sha256(repr(said).encode(errors="surrogatepass")).hexdigest()
    return f"{event_id[:_ID_HEAD]}~{digest[:_ID_DIGEST]}"
