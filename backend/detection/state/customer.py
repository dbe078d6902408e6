"""All that is remembered of one customer: one value, advanced event by event."""

from typing import NamedTuple

from backend.detection.state.addresses import AddressState
from backend.detection.state.history import History, Summary
from backend.detection.state.identifiers import MOST_FAMILIAR, EventIds, Familiar
from backend.detection.state.pace import ChargePace
from backend.detection.state.packing import Packed, StateInvalid, floats, items, listed, number, optional, text
from backend.detection.state.places import LoginPlaces, Visit, location
from backend.detection.state.rates import RateState
from backend.detection.state.spending import Spending, SpendingState
from backend.detection.state.usage_anomaly import UsageAnomaly, UsageJudgement
from contracts.money import minor_factor
from contracts.telemetry import (
    AccountChangeEvent,
    DataUsageEvent,
    LoginEvent,
    TransactionEvent,
)

VERSION = 1
"""Of what `packed` writes."""
FAILURES_S = 600.0
USUAL_FAILURES_CAP = 7
"""Ten minutes count at most this much towards the usual ones, so that an attacker cannot teach us a high bar."""
CALLS_S = 60.0
CHARGES_S = 3_600.0
MAX_CURRENCIES = 4
"""Currencies remembered per customer; amounts of different currencies are never compared."""
_OF_RULES = 13
"""Parts of what `packed` writes that the rules need; behind them is what only the score needs."""
_MAX_CHANGES = 4
_MAX_REPORTED = 8
"""Times of earlier alerts of a rule: late events must not report a known attack again."""


class LoginFacts(NamedTuple):
    """Of a login that succeeded."""

    visit: Visit
    places: LoginPlaces | None
    others: tuple[Visit, ...]
    """Logins near it that it is compared with."""
    address_since: float | None
    """Since when the customer is known with its address; None: not before, or it names none that is public."""
    device_since: float | None
    failures: int
    """Failed logins in the ten minutes before."""
    address: AddressState | None
    """What is known of its address; None when it names none that is public."""


class FailureFacts(NamedTuple):
    """Of a failed login."""

    events: int
    """Those of the ten minutes that end with the newest."""
    failures: RateState
    address: AddressState | None


class ChargeFacts(NamedTuple):
    """Of a charge, not of a refund."""

    spending: Spending
    currency: str
    in_hour: int
    """Charges within an hour, this one included."""
    charges: RateState
    merchants: Familiar | None
    """Merchants and terminals, the charge's own included."""
    merchant_since: float | None
    """Since when its own was known before."""
    changes: list[tuple[float, str]] | None
    """Of means of recovery."""


class CallFacts(NamedTuple):
    """Of an API call."""

    events: int
    """Those of the minute that ends with the newest."""
    calls: RateState


class UsageFacts(NamedTuple):
    """Of a usage reading, and what was known before it."""

    gb: float
    history: Summary
    judgement: UsageJudgement
    """How unusual it is for the time of the week."""


class CustomerState:
    """What the statistics of all kinds need; parts that a customer never uses take no memory."""

    __slots__ = (
        "calls",
        "changes",
        "charges",
        "failures",
        "habits",
        "ids",
        "known",
        "logins",
        "merchants",
        "pace",
        "reported",
        "spending",
        "usage",
    )

    def __init__(self) -> None:
        self.ids = EventIds.empty()
        self.logins: LoginPlaces | None = None
        self.known: Familiar | None = None
        """Devices and addresses."""
        self.failures: RateState | None = None
        self.spending: tuple[SpendingState, ...] = ()
        """One for each currency, the one used last at the end."""
        self.charges: RateState | None = None
        self.merchants: Familiar | None = None
        self.pace: ChargePace | None = None
        """Only where charges are scored."""
        self.usage: History | None = None
        self.habits: UsageAnomaly | None = None
        self.calls: RateState | None = None
        self.changes: list[tuple[float, str]] | None = None
        """When which means of recovery was changed, the newest last."""
        self.reported: dict[str, list[float]] | None = None
        """Times of alerts, by rule."""

    def login(self, event: LoginEvent, t: float, address: str | None, state: AddressState | None) -> LoginFacts:
        """Remember a login that succeeded."""
        attributes = event.attributes
        device_since = address_since = None
        if attributes.device_id is not None or address is not None:
            known = self.known
            if known is None:
                known = self.known = Familiar.empty()
            if attributes.device_id is not None:
                device_since = known.see(attributes.device_id, t, MOST_FAMILIAR)
            if address is not None:
                address_since = known.see(address, t, MOST_FAMILIAR)
        where = location(attributes.country, attributes.city, attributes.latitude, attributes.longitude)
        visit = Visit(t, where, f"{event.event_id}\n{attributes.ip or ''}")
        others: tuple[Visit, ...] = ()
        if where.is_known:
            if self.logins is None:
                self.logins = LoginPlaces()
            others = self.logins.visit(visit)
        failures = 0 if self.failures is None else self.failures.count_before(t, FAILURES_S)
        return LoginFacts(visit, self.logins, others, address_since, device_since, failures, state)

    def failure(self, t: float, address: AddressState | None) -> FailureFacts:
        """Remember a failed login."""
        if self.failures is None:
            self.failures = RateState()
        events = self.failures.add(t, FAILURES_S, USUAL_FAILURES_CAP)
        return FailureFacts(events, self.failures, address)

    def charge(self, event: TransactionEvent, t: float) -> ChargeFacts:
        """Remember a charge."""
        attributes = event.attributes
        currency = attributes.currency
        ledger = self._ledger(currency)
        spending = ledger.charge(t, float(attributes.amount) * minor_factor(currency))
        if self.charges is None:
            self.charges = RateState()
        in_hour = self.charges.add(t, CHARGES_S)
        merchant_since = None
        name = attributes.terminal_id or attributes.merchant
        if name is not None:
            if self.merchants is None:
                self.merchants = Familiar.empty()
            merchant_since = self.merchants.see(name, t, MOST_FAMILIAR)
        return ChargeFacts(spending, currency, in_hour, self.charges, self.merchants, merchant_since, self.changes)

    def _ledger(self, currency: str) -> SpendingState:
        """Of the currency; the one used longest ago is forgotten when there are too many."""
        ledgers = self.spending
        if ledgers and ledgers[-1].currency == currency:
            return ledgers[-1]
        known = [ledger for ledger in ledgers if ledger.currency == currency]
        others = [ledger for ledger in ledgers if ledger.currency != currency]
        ledger = known[0] if known else SpendingState.of(currency)
        self.spending = (*others[-(MAX_CURRENCIES - 1) :], ledger)
        return ledger

    def use(self, event: DataUsageEvent, t: float) -> UsageFacts:
        """Remember a usage reading."""
        if self.usage is None or self.habits is None:
            self.usage, self.habits = History.empty(), UsageAnomaly.empty()
        gb = event.attributes.gb
        history = self.usage.before(t)
        self.usage.add(t, gb)
        return UsageFacts(gb, history, self.habits.judge(t, gb))

    def call(self, t: float) -> CallFacts:
        """Remember an API call."""
        if self.calls is None:
            self.calls = RateState()
        return CallFacts(self.calls.add(t, CALLS_S), self.calls)

    def change(self, event: AccountChangeEvent, t: float) -> None:
        """Remember that a means of recovery was changed."""
        changes = self.changes = self.changes or []
        changes.append((t, event.attributes.change))
        changes.sort()
        if len(changes) > _MAX_CHANGES:
            del changes[0]

    def report(self, rule: str, t: float, window_s: float, quiet_s: float) -> bool:
        """Whether an alert of a rule is more than the continuation of what was already reported; remembered if so."""
        reported = self.reported = self.reported or {}
        times = reported.setdefault(rule, [])
        window = t // window_s
        for last in times:
            if -quiet_s < t - last < quiet_s or last // window_s == window:
                return False
        times.append(t)
        if len(times) > _MAX_REPORTED:
            del times[0]
        return True

    def packed(self) -> Packed:
        """As plain JSON, for another process to go on with."""
        parts = (
            self.logins,
            self.known,
            self.failures,
            self.charges,
            self.merchants,
            self.usage,
            self.habits,
            self.calls,
        )
        spending: list[Packed] = [[ledger.currency, ledger.packed()] for ledger in self.spending]
        changes: list[Packed] = [[t, what] for t, what in self.changes or ()]
        reported: list[Packed] = [[rule, listed(times)] for rule, times in (self.reported or {}).items()]
        return [
            VERSION,
            self.ids.packed(),
            *(None if part is None else part.packed() for part in parts),
            spending,
            changes,
            reported,
            *(() if self.pace is None else (self.pace.packed(),)),
        ]

    @classmethod
    def unpacked(cls, value: Packed) -> "CustomerState":
        """From `packed`. Raises StateInvalid for anything else."""
        version = items(value)[:1]
        if version != [VERSION]:
            raise StateInvalid(
                f"its version is {version[0] if version else 'missing'}, and this release reads {VERSION}"
            )
        of_rules, of_score = items(value)[:_OF_RULES], items(value)[_OF_RULES:]
        _, ids, logins, known, failures, charges, merchants, usage, habits, calls, spending, changes, reported = items(
            of_rules, _OF_RULES
        )
        state = cls()
        state.ids = EventIds.unpacked(ids)
        state.logins = optional(logins, LoginPlaces.unpacked)
        state.known = optional(known, Familiar.unpacked)
        state.failures, state.charges = optional(failures, RateState.unpacked), optional(charges, RateState.unpacked)
        state.merchants, state.usage = optional(merchants, Familiar.unpacked), optional(usage, History.unpacked)
        state.habits = optional(habits, UsageAnomaly.unpacked)
        state.calls = optional(calls, RateState.unpacked)
        state.spending = tuple(_ledger(each) for each in items(spending))
        state.changes = [(number(t), text(what)) for t, what in map(_pair, items(changes))] or None
        state.reported = {
            text(rule): floats(times, at_most=_MAX_REPORTED) for rule, times in map(_pair, items(reported))
        } or None
        if of_score:
            state.pace = ChargePace.unpacked(items(of_score, 1)[0])
        return state


def _ledger(value: Packed) -> SpendingState:
    currency, history = _pair(value)
    ledger = SpendingState.unpacked(history)
    ledger.currency = text(currency)
    return ledger


def _pair(value: Packed) -> tuple[Packed, Packed]:
    first, second = items(value, 2)
    return first, second
