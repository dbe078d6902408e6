"""The detector: every rule over every event, one bounded memory per customer."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from backend.detection.rules.api_burst import ApiBurst
from backend.detection.rules.auth_failures import AuthFailures
from backend.detection.rules.data_usage_spike import DataUsageSpike
from backend.detection.rules.impossible_travel import ImpossibleTravel
from backend.detection.rules.spending_spike import SpendingSpike
from backend.detection.suspicion import Rule, Suspicion
from backend.detection.thresholds import DEFAULT_THRESHOLDS, AlertSpacing, Thresholds
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

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Detector:
    """Finds what looks like fraud in a stream of events, customer by customer.

    Deterministic: the same events in the same order give the same alerts, whatever the time of day and machine.
    Recorded and live events of one customer never mix. A repeated event is ignored, a late one is tolerated: rates
    ignore it when it is older than their window. Not thread-safe.
    """

    def __init__(self, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> None:
        self._thresholds = thresholds
        self._customers: OrderedDict[tuple[AlertSource, int], _Customer] = OrderedDict()

    @property
    def customers(self) -> int:
        """Customers remembered, at most `thresholds.max_customers`."""
        return len(self._customers)

    def observe(self, event: TelemetryEvent, source: AlertSource = "live") -> tuple[Alert, ...]:
        """Judges one event by the customer's events before it; usually returns an empty tuple."""
        key = (source, event.customer_id)
        customer = self._customers.get(key)
        if customer is None:
            customer = self._customers[key] = _Customer(self._thresholds)
            if len(self._customers) > self._thresholds.max_customers:
                self._customers.popitem(last=False)
        else:
            self._customers.move_to_end(key)
        return customer.observe(event, source)


class _Customer:
    """All that is remembered of one customer."""

    __slots__ = ("_ids", "_last_alert", "_recent", "_rules", "_thresholds")

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._recent: deque[TelemetryEvent] = deque(maxlen=MAX_RECENT_EVENTS)
        self._rules: dict[str, Rule] = {}
        self._last_alert: dict[str, datetime] = {}

    def observe(self, event: TelemetryEvent, source: AlertSource) -> tuple[Alert, ...]:
        if event.event_id in self._ids:
            return ()
        self._ids[event.event_id] = None
        if len(self._ids) > self._thresholds.remembered_ids:
            self._ids.popitem(last=False)
        self._recent.append(event)
        return tuple(
            self._alert(rule, suspicion, event.customer_id, source)
            for rule in self._rules_of(event.kind)
            if (suspicion := rule.observe(event)) is not None and self._is_news(rule, suspicion)
        )

    def _rules_of(self, kind: EventKind) -> Iterable[Rule]:
        for rule_id in _RULES_OF[kind]:
            rule = self._rules.get(rule_id)
            if rule is None:
                rule = self._rules[rule_id] = _RULES[rule_id](self._thresholds)
            yield rule

    def _is_news(self, rule: Rule, suspicion: Suspicion) -> bool:
        """Whether this is more than the continuation of what was already reported; remembers it if so."""
        last, spacing = self._last_alert.get(rule.RULE_ID), rule.spacing
        if last is not None and (
            abs(suspicion.at - last) < spacing.quiet
            or _window_start(suspicion.at, spacing) == _window_start(last, spacing)
        ):
            return False
        self._last_alert[rule.RULE_ID] = suspicion.at if last is None else max(last, suspicion.at)
        return True

    def _alert(self, rule: Rule, suspicion: Suspicion, customer_id: int, source: AlertSource) -> Alert:
        explanation = suspicion.explain()
        return Alert(
            alert_id=alert_id(rule.RULE_ID, customer_id, _window_start(suspicion.at, rule.spacing)),
            customer_id=customer_id,
            alert_type=rule.RULE_ID,
            rule_id=rule.RULE_ID,
            rule_version=rule.RULE_VERSION,
            severity=explanation.severity,
            description=explanation.description,
            raised_at=suspicion.at,
            trigger_events=explanation.trigger_events,
            recent_events=tuple(sorted(self._recent, key=lambda event: (event.occurred_at, event.event_id))),
            baseline=explanation.baseline,
            source=source,
        )


def _window_start(at: datetime, spacing: AlertSpacing) -> datetime:
    return at - (at - _EPOCH) % spacing.window
