"""The detector: advances the states with every event, and shows them to every rule."""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from backend.detection.charge_risk import ChargeScoring
from backend.detection.features import usual_amounts
from backend.detection.parameters import DEFAULT_RULES, RuleBook, RuleVersion
from backend.detection.periods import period_start
from backend.detection.recent import RecentEvents
from backend.detection.rule import Rule, RuleHit
from backend.detection.rules.api_burst import ApiBurstRule
from backend.detection.rules.auth_failures import AuthFailuresRule
from backend.detection.rules.charge_velocity import ChargeVelocityRule
from backend.detection.rules.data_usage_spike import DataUsageSpikeRule
from backend.detection.rules.impossible_travel import ImpossibleTravelRule
from backend.detection.rules.learned_score import LearnedScoreRule
from backend.detection.rules.login_after_failures import LoginAfterFailuresRule
from backend.detection.rules.login_spraying import LoginSprayingRule
from backend.detection.rules.spending_spike import SpendingSpikeRule
from backend.detection.rules.transfer_after_change import TransferAfterChangeRule
from backend.detection.signals import AlertSignal, Fate, Signal, failure_of
from backend.detection.state.addresses import AddressState, public_address
from backend.detection.state.customer import ChargeFacts, CustomerState
from backend.detection.state.pace import ChargePace
from backend.detection.state.packing import Packed, StateInvalid
from contracts.alert import Alert, AlertSource
from contracts.ids import alert_id
from contracts.telemetry import (
    AccountChangeEvent,
    ApiCallEvent,
    AuthFailureEvent,
    DataUsageEvent,
    EventKind,
    LoginEvent,
    TelemetryEvent,
    TransactionEvent,
)

_RULES: Mapping[str, Callable[..., Rule[Any]]] = {
    "impossible_travel": ImpossibleTravelRule,
    "auth_failures": AuthFailuresRule,
    "login_after_failures": LoginAfterFailuresRule,
    "login_spraying": LoginSprayingRule,
    "spending_spike": SpendingSpikeRule,
    "charge_velocity": ChargeVelocityRule,
    "transfer_after_change": TransferAfterChangeRule,
    "data_usage_spike": DataUsageSpikeRule,
    "api_burst": ApiBurstRule,
    "learned_score": LearnedScoreRule,
}

RULE_IDS: tuple[str, ...] = tuple(_RULES)
"""Every rule, by the id that its alerts carry."""

ADDRESS_PREFIX = "address:"
MAX_CUSTOMERS = 100_000
MAX_ADDRESSES = 100_000
_ID_HEAD, _ID_DIGEST = 96, 24

_Advanced = tuple[EventKind | None, object]
"""By rules of which kind of event one is judged, and what they are shown; None: by none."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be saved for another process to go on with."""

    states: Mapping[str, Packed]
    forgotten: tuple[str, ...]
    """Keys of states that are not needed any more."""


class Detector:
    """Finds what looks like fraud in the events of a partition: those of some customers, in order.

    Deterministic: the same events in the same order, and the same rules, give the same signals, whatever the time of
    day and machine. A rule that raises takes nothing with it: that is a signal, too. A repeated event is ignored; one
    that bears the id of another is judged under an id of its own.
    One that is dated ahead of those around it, or comes later than they were held, is judged among the events of its
    own time, and does not end what is known of the time that the others speak of. States can be taken out and put back
    at any event, by another process too. Not thread-safe.
    """

    def __init__(
        self,
        rules: RuleBook = DEFAULT_RULES,
        source: AlertSource = "live",
        *,
        max_customers: int = MAX_CUSTOMERS,
        max_addresses: int = MAX_ADDRESSES,
        recent: RecentEvents | None = None,
        mended: Counter[str] | None = None,
        is_saved: bool = False,
        scoring: ChargeScoring | None = None,
    ) -> None:
        """`is_saved`: whether somebody takes the changes of the states to save them. Without `scoring` the rule of the
        learned score finds nothing, and what only it needs is not remembered."""
        self._source: AlertSource = source
        self._customers: dict[int, CustomerState] = {}
        self._idle: dict[int, CustomerState] = {}
        """Those that were not active since half of what is remembered were."""
        self._addresses: OrderedDict[str, AddressState] = OrderedDict()
        self._max_customers = max_customers
        self._max_addresses = max_addresses
        self._recent = recent or RecentEvents()
        self._is_saved = is_saved
        self._scoring = scoring
        self._changed: set[str | int] = set()
        """Whose states changed since they were taken: customers by number, addresses by name."""
        self.mended = Counter[str]() if mended is None else mended
        """Repairs in evaluated events, by kind."""
        # Of each kind of event: advances the states, and says by which kind of rule it is judged.
        self._advance: Mapping[EventKind, Callable[[CustomerState, Any, float], _Advanced]] = {
            "login": self._login,
            "auth_failure": self._failure,
            "transaction": self._transaction,
            "data_usage": self._usage,
            "api_call": self._call,
            "account_change": self._change,
        }
        self.use(rules)

    def use(self, rules: RuleBook) -> None:
        """Judge by these rules from the next event on. What is known of customers stays."""
        self._rules = rules
        self._of_kind: dict[EventKind | None, tuple[Rule[Any], ...]] = {}
        judging = [_rule(version) for version in rules.rules if version.mode != "off"]
        for kind in self._advance:
            self._of_kind[kind] = tuple(rule for rule in judging if kind in rule.KINDS)
        self._of_score = tuple(rule for rule in judging if isinstance(rule, LearnedScoreRule))

    @property
    def customers(self) -> int:
        """Customers remembered, at most `max_customers`."""
        return len(self._customers) + len(self._idle)

    def observe(self, event: TelemetryEvent) -> tuple[Signal, ...]:
        """Judges one event by the events before it; usually returns an empty tuple."""
        customer_id = event.customer_id
        customer = self._customers.get(customer_id) or self._customer(customer_id)
        t = event.occurred_at.timestamp()
        new = customer.ids.take(event.event_id, _said(event, t), t)
        if new is None:
            event = _renamed(event)
            new = customer.ids.take(event.event_id, _said(event, t), t)
            self.mended["event_id_reused"] += bool(new)
        if not new:
            return ()
        self._note_change(customer_id)
        self._recent.add(event)
        kind, facts = self._advance[event.kind](customer, event, t)
        signals: list[Signal] = []
        for rule in self._of_kind.get(kind, ()):
            # A rule that fails takes neither the others nor the events to come with it.
            try:
                hit = rule.judge(event, t, facts)
                if hit is not None and (signal := self._signal(rule, hit, customer, event)) is not None:
                    signals.append(signal)
            except Exception as error:
                signals.append(failure_of(rule.version, event.event_id, error))
        if self._scoring is not None and kind == "transaction":
            signals += self._by_score(self._scoring, customer, event, t, facts, signals)
        return tuple(signals) if signals else ()

    def alerts(self, event: TelemetryEvent) -> tuple[Alert, ...]:
        """The alerts that `observe` raises."""
        return tuple(signal.alert for signal in self.observe(event) if signal.fate == "raised")

    def _by_score(
        self,
        scoring: ChargeScoring,
        customer: CustomerState,
        event: Any,
        t: float,
        facts: Any,
        signals: Sequence[Signal],
    ) -> list[Signal]:
        """What the learned score finds. A model in shadow alerts nobody, though the rule be live."""
        charge: ChargeFacts = facts
        if customer.pace is None:
            customer.pace = ChargePace()
        risk = scoring.score(event, t, charge, customer.pace.charge(t, usual_amounts(charge)))
        scoring.keep(event, t, risk, any(signal.fate == "raised" for signal in signals))
        found: list[Signal] = []
        for rule in self._of_score:
            try:
                hit = rule.judge(event, t, risk)
                signal = None if hit is None else self._signal(rule, hit, customer, event, is_held=not risk.may_alert)
                found += [] if signal is None else [signal]
            except Exception as error:
                found.append(failure_of(rule.version, event.event_id, error))
        return found

    def _signal(
        self, rule: Rule[Any], hit: RuleHit, customer: CustomerState, event: TelemetryEvent, *, is_held: bool = False
    ) -> AlertSignal | None:
        if not rule.version.scope.covers(event.customer_id):
            return None
        fate: Fate = "shadow" if is_held or rule.version.mode == "shadow" else "raised"
        snooze = self._rules.snoozes.get((event.customer_id, rule.version.rule_id))
        if fate == "raised" and snooze is not None and snooze.since <= event.occurred_at < snooze.until:
            fate = "snoozed"
        # What was snoozed, or held in shadow, does not keep a rule quiet when that is over.
        key = f"{rule.key}/snoozed" if fate == "snoozed" else f"{rule.key}/held" if is_held else rule.key
        if not customer.report(key, hit.t, rule.window_s, rule.quiet_s):
            return None
        return AlertSignal(self._alert(rule, hit, event), fate)

    def _alert(self, rule: Rule[Any], hit: RuleHit, event: TelemetryEvent) -> Alert:
        recent = self._recent.of(event.customer_id)
        explanation = hit.explain(recent)
        at = max((each.occurred_at for each in explanation.trigger_events), default=event.occurred_at)
        version = rule.version
        return Alert(
            alert_id=alert_id(version.rule_id, event.customer_id, period_start(at, timedelta(seconds=rule.window_s))),
            customer_id=event.customer_id,
            alert_type=version.rule_id,
            rule_id=version.rule_id,
            rule_version=version.version,
            severity=version.severity or explanation.severity,
            description=explanation.description,
            raised_at=at,
            trigger_events=explanation.trigger_events,
            recent_events=tuple(recent),
            baseline=explanation.baseline,
            source=self._source,
            autonomy=version.autonomy or None,
        )

    def _customer(self, customer_id: int) -> CustomerState:
        """One that was not active of late: it is from now on, and when there are many the others are forgotten."""
        customer = self._idle.pop(customer_id, None) or CustomerState()
        if len(self._customers) >= max(1, self._max_customers // 2):
            self._idle = self._customers
            self._customers = {}
        self._customers[customer_id] = customer
        return customer

    def _address_of(self, name: str | None, t: float) -> AddressState | None:
        """Of an address from which a login failed: of all others nothing is remembered."""
        if name is None or name in self._rules.trusted_addresses:
            return None
        address = self._addresses.get(name)
        if address is None:
            address = self._addresses[name] = AddressState(t)
            while len(self._addresses) > self._max_addresses or self._is_over(t):
                self._note_change(self._addresses.popitem(last=False)[0])
        else:
            self._addresses.move_to_end(name)
        self._note_change(name)
        return address

    def _note_change(self, key: str | int) -> None:
        if self._is_saved:
            self._changed.add(key)

    def _is_over(self, t: float) -> bool:
        """Whether the address that failed longest ago cannot count any more."""
        oldest = next(iter(self._addresses.values()))
        return oldest.is_over(t)

    def _login(self, customer: CustomerState, event: LoginEvent, t: float) -> _Advanced:
        if not event.attributes.success:
            return self._failure(customer, event, t)
        name = public_address(event.attributes.ip)
        address = None if name is None else self._addresses.get(name)
        facts = customer.login(event, t, name, address)
        if address is not None and name is not None:
            address.succeed(event.customer_id, t)
            self._note_change(name)
        return "login", facts

    def _failure(self, customer: CustomerState, event: LoginEvent | AuthFailureEvent, t: float) -> _Advanced:
        address = self._address_of(public_address(event.attributes.ip), t)
        if address is not None:
            address.fail(event.customer_id, t)
        return "auth_failure", customer.failure(t, address)

    def _transaction(self, customer: CustomerState, event: TransactionEvent, t: float) -> _Advanced:
        if event.attributes.type == "refund":
            return None, None  # money that comes back tells nothing about what is spent
        return "transaction", customer.charge(event, t)

    def _usage(self, customer: CustomerState, event: DataUsageEvent, t: float) -> _Advanced:
        return "data_usage", customer.use(event, t)

    def _call(self, customer: CustomerState, _: ApiCallEvent, t: float) -> _Advanced:
        return "api_call", customer.call(t)

    def _change(self, customer: CustomerState, event: AccountChangeEvent, t: float) -> _Advanced:
        customer.change(event, t)
        return "account_change", None

    def packed(self) -> dict[str, Packed]:
        """Every state as plain JSON, by key."""
        self._changed |= self._idle.keys() | self._customers.keys() | self._addresses.keys()
        return dict(self.take_changes().states)

    def knows(self, customer_id: int) -> bool:
        """Whether it remembers the customer: if not, and a state of theirs was saved, `restore` it first."""
        return customer_id in self._customers or customer_id in self._idle

    def take_changes(self) -> Changes:
        """What changed since it was taken last, to be saved, as plain JSON. Customers are remembered until half of
        `max_customers` others were active: take the changes more often."""
        states: dict[str, Packed] = {}
        forgotten: list[str] = []
        for key in self._changed:
            if isinstance(key, int):
                customer = self._customers.get(key) or self._idle.get(key)
                if customer is not None:
                    states[customer_key(key)] = customer.packed()
            elif key in self._addresses:
                states[f"{ADDRESS_PREFIX}{key}"] = self._addresses[key].packed()
            else:
                forgotten.append(f"{ADDRESS_PREFIX}{key}")
        self._changed.clear()
        return Changes(states, tuple(forgotten))

    def restore(self, states: Mapping[str, Packed]) -> list[StateInvalid]:
        """Put states back that `take_changes` gave. One that is not of this release is left out: whom it is of is
        judged by what comes from now on."""
        problems: list[StateInvalid] = []
        for key, packed in states.items():
            what, _, name = key.partition(":")
            try:
                if what == "customer":
                    self._customers[int(name)] = CustomerState.unpacked(packed)
                else:
                    self._addresses[name] = AddressState.unpacked(packed)
            except StateInvalid as problem:
                problems.append(StateInvalid(f"What was known of {key} is not used: {problem}"))
        # The address that failed longest ago is forgotten first.
        self._addresses = OrderedDict(sorted(self._addresses.items(), key=lambda item: item[1].newest))
        return problems


def customer_key(customer_id: int) -> str:
    """Under which the state of a customer is saved."""
    return f"customer:{customer_id}"


def _rule(version: RuleVersion) -> Rule[Any]:
    key = version.rule_id if version.mode == "live" else f"{version.rule_id}/{version.version}"
    return _RULES[version.rule_id](version, version.parameters, key)


def _said(event: TelemetryEvent, t: float) -> str:
    """What tells an event from another with its id: not what the delivery adds, which differs when it comes again."""
    a: Any = event.attributes
    match event.kind:
        case "transaction":
            return f"{t}{float(a.amount)}{a.currency}{a.terminal_id}{a.charge_id}"
        case "login":
            return f"{t}{a.ip}{a.success}{a.country}{a.device_id}"
        case "data_usage":
            return f"{t}{a.gb}"
        case "api_call":
            return f"{t}{a.endpoint}{a.ip}{a.status_code}"
        case "auth_failure":
            return f"{t}{a.ip}{a.user}"
        case "account_change":
            return f"{t}{a.change}"


def _renamed(event: TelemetryEvent) -> TelemetryEvent:
    """Under an id that any process gives to the event again."""
    digest = hashlib.sha256(_said(event, event.occurred_at.timestamp()).encode(errors="surrogatepass")).hexdigest()
    return event.model_copy(update={"event_id": f"{event.event_id[:_ID_HEAD]}~{digest[:_ID_DIGEST]}"})
