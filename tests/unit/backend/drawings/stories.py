"""One alert of each rule, raised by the detector from a short life of a customer."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from backend.detection import Detector
from backend.detection.charge_risk import ChargeRisk
from backend.detection.parameters import DEFAULT_RULES, RuleBook
from backend.detection.state.customer import ChargeFacts
from backend.detection.state.pace import Pace
from contracts.alert import Alert
from contracts.telemetry import TelemetryEvent, TransactionEvent
from tests.unit.backend.detection.events import (
    LISBON,
    NEW_YORK,
    PORTO,
    at,
    call,
    change,
    charge,
    failure,
    login,
    usage,
)

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.9"
Coordinates = tuple[str, str, float, float]


def alerts_of(events: Iterable[TelemetryEvent]) -> list[Alert]:
    """What the release's rules raise, in the order of the events."""
    detector = Detector()
    return [alert for event in events for alert in detector.alerts(event)]


def alert_of(rule: str, events: Iterable[TelemetryEvent]) -> Alert:
    """The newest alert of the rule."""
    return [alert for alert in alerts_of(events) if alert.rule_id == rule][-1]


def journey(start: Coordinates | str, end: Coordinates | str, minutes: float = 30) -> Alert:
    """A login at home for four days, then two on one day."""
    usual = [login(at(days=day), start, device="phone") for day in (-4, -3, -2, -1)]
    pair = [login(at(0), start, device="phone"), login(at(minutes), end, device="tablet", ip=ELSEWHERE)]
    return alert_of("impossible_travel", [*usual, *pair])


def lisbon_to_new_york() -> Alert:
    beside = [login(at(days=-2.5), PORTO, device="phone"), login(at(10), NEW_YORK, success=False, device="tablet")]
    usual = [login(at(days=day), LISBON, device="phone") for day in (-4, -3, -2, -1)]
    pair = [login(at(0), LISBON, device="phone"), login(at(30), NEW_YORK, device="tablet", ip=ELSEWHERE)]
    events = sorted([*usual, *beside, *pair], key=lambda event: event.occurred_at)
    return alert_of("impossible_travel", events)


def many_failures() -> Alert:
    before = [login(at(-3), LISBON, ip=HOME), failure(at(-1), ip=HOME)]
    guesses = [failure(at(number / 3), ip=(HOME, ELSEWHERE, "203.0.113.5")[number % 3]) for number in range(12)]
    return alert_of("auth_failures", [*before, *guesses])


def guessed_password() -> Alert:
    known = [login(at(days=-3), LISBON, ip=HOME), login(at(days=-2), PORTO, ip=HOME)]
    guesses = [failure(at(number), ip=ELSEWHERE) for number in range(6)]
    return alert_of("login_after_failures", [*known, *guesses, login(at(8), NEW_YORK, ip=ELSEWHERE)])


def sprayed() -> Alert:
    return alert_of("login_spraying", [failure(at(n / 10), ip=ELSEWHERE, customer=100 + n) for n in range(8)])


def spent(amount: str = "420", usual: Iterable[str] = ("28", "31", "25"), currency: str = "USD") -> Alert:
    amounts = list(usual)
    history = [charge(at(days=day, minutes=37 * day), amounts[day % len(amounts)], currency) for day in range(12)]
    other = [charge(at(days=5, minutes=3), "900", "JPY" if currency != "JPY" else "USD")]
    refund = [charge(at(days=9, minutes=3), amounts[0], currency, type="refund")]
    events = sorted([*history, *other, *refund], key=lambda event: event.occurred_at)
    return alert_of("spending_spike", [*events, charge(at(days=13), amount, currency)])


def fast_charges() -> Alert:
    usual = [charge(at(days=-2, minutes=60 * hour), "18.50", terminal="home") for hour in range(4)]
    burst = [charge(at(4 * n), "20", terminal=f"t{n % 3}") for n in range(10)]
    return alert_of("charge_velocity", [*usual, *burst])


def swapped_sim() -> Alert:
    moved = charge(at(130), "4200", "EUR", type="transfer")
    return alert_of(
        "transfer_after_change", [change(at(0), "sim"), change(at(20), "email"), charge(at(60), "12", "EUR"), moved]
    )


def used(gb: float = 40.0) -> Alert:
    readings = [usage(_hour(hour), 0.4 + 0.5 * (hour % 24 in range(8, 20))) for hour in range(24 * 21)]
    return alert_of("data_usage_spike", [*readings, usage(_hour(24 * 21), gb)])


def _hour(hour: int) -> datetime:
    return at(60 * hour)


def many_calls() -> Alert:
    usual = [call(at(-60 * hour)) for hour in range(12, 0, -1)]
    burst = [call(at(number / 60), status=403 if number % 3 == 0 else 200) for number in range(40)]
    return alert_of("api_burst", [*usual, *burst])


class _Certain:
    """A model to which every charge is fraud."""

    def score(self, event: TransactionEvent, t: float, facts: ChargeFacts, pace: Pace) -> ChargeRisk:
        return ChargeRisk(0.93, b"", 3, may_alert=True, reasons=lambda: "most of it by the amount: 420.00 EUR")

    def keep(self, event: TransactionEvent, t: float, risk: ChargeRisk, alerted: bool) -> None:
        """It learns nothing."""


def scored() -> Alert:
    live = tuple(each.model_copy(update={"mode": "live"}) for each in DEFAULT_RULES.rules)
    detector = Detector(RuleBook(rules=live), scoring=_Certain())
    charges = [charge(at(days=day), "28") for day in range(4)]
    found = [alert for event in charges for alert in detector.alerts(event)]
    return [alert for alert in found if alert.rule_id == "learned_score"][-1]


STORIES: Mapping[str, Alert] = {
    "impossible_travel": lisbon_to_new_york(),
    "auth_failures": many_failures(),
    "login_after_failures": guessed_password(),
    "login_spraying": sprayed(),
    "spending_spike": spent(),
    "charge_velocity": fast_charges(),
    "transfer_after_change": swapped_sim(),
    "data_usage_spike": used(),
    "api_burst": many_calls(),
    "learned_score": scored(),
}
"""By rule."""
