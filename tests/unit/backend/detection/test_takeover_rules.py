"""Rules about accounts that are taken over: guessed and sprayed passwords, changes before transfers, fast charges."""

from collections.abc import Iterable

import pytest

from backend.detection import DEFAULT_RULES, Detector, RuleBook
from backend.detection.parameters import PARAMETERS, RuleMode, RuleVersion, Scope, Snoozed
from contracts.alert import Alert
from contracts.telemetry import AccountChange, TelemetryEvent, TransactionType
from tests.unit.backend.detection.events import (
    CUSTOMER,
    LISBON,
    NEW_YORK,
    at,
    change,
    charge,
    failure,
    login,
    signals_of,
)

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.9"


def alerts_of(events: Iterable[TelemetryEvent], rules: RuleBook = DEFAULT_RULES) -> list[Alert]:
    detector = Detector(rules)
    return [alert for event in events for alert in detector.alerts(event)]


def rules_of(events: Iterable[TelemetryEvent]) -> list[str]:
    return [alert.rule_id for alert in alerts_of(events)]


def only(rule: str, mode: RuleMode = "live", scope: Scope | None = None, **parameters: object) -> RuleBook:
    """One rule, at these parameters."""
    version = RuleVersion(
        rule_id=rule, mode=mode, parameters=PARAMETERS[rule].model_validate(parameters), scope=scope or Scope()
    )
    return RuleBook(rules=(version,))


# A login after failures


@pytest.mark.parametrize(
    ("failures", "address", "fires"), [(4, ELSEWHERE, False), (5, ELSEWHERE, True), (6, HOME, False)]
)
def test_success_after_failures_counts_from_unknown_addresses(failures: int, address: str, fires: bool) -> None:
    known = [login(at(days=-3), None, ip=HOME)]
    guesses = [failure(at(number), ip=address) for number in range(failures)]
    expected = ["login_after_failures"] if fires else []
    assert rules_of([*known, *guesses, login(at(7), None, ip=address)]) == expected


def test_success_on_a_known_device_is_a_mistyped_password() -> None:
    known = [login(at(days=-3), None, ip=HOME, device="phone")]
    guesses = [failure(at(number), ip=ELSEWHERE) for number in range(6)]
    assert rules_of([*known, *guesses, login(at(7), None, ip=ELSEWHERE, device="phone")]) == []


def test_success_after_failures_names_the_failures() -> None:
    guesses = [failure(at(number), ip=ELSEWHERE) for number in range(5)]
    (alert,) = alerts_of([*guesses, login(at(7), None, ip=ELSEWHERE)])
    assert alert.description == (
        "Login after 5 failed logins in the 10 minutes before, from an address or device that is new for this customer "
        "(alert at 5 failures)."
    )
    assert (alert.severity, len(alert.trigger_events)) == ("high", 6)


# Spraying


def spraying(customers: int, address: str = ELSEWHERE) -> list[TelemetryEvent]:
    return [failure(at(number / 10), ip=address, customer=100 + number) for number in range(customers)]


def test_one_address_at_many_customers_is_one_alert() -> None:
    assert rules_of(spraying(7)) == []
    (alert,) = alerts_of(spraying(31))
    assert (alert.rule_id, alert.customer_id) == ("login_spraying", 107)
    assert alert.description == (
        "Failed logins of 8 customers from the address 198.51.100.9 within 30 minutes, this one the last "
        "(alert at 8 customers)."
    )


def test_private_and_trusted_addresses_spray_nobody() -> None:
    assert rules_of(spraying(20, "10.0.0.7")) == []
    trusted = DEFAULT_RULES.model_copy(update={"trusted_addresses": frozenset({ELSEWHERE})})
    assert alerts_of(spraying(20), trusted) == []


def test_shared_address_where_most_succeed_sprays_nobody() -> None:
    shared = [login(at(0), None, ip=HOME, customer=500 + number) for number in range(20)]
    events = [failure(at(-0.1), ip=HOME, customer=499), *shared, *spraying(9, HOME)]
    assert rules_of(events) == []


def test_login_from_a_spraying_address_is_critical() -> None:
    *_, alert = alerts_of([*spraying(12), login(at(3), None, ip=ELSEWHERE)])
    assert (alert.rule_id, alert.customer_id, alert.severity) == ("login_after_failures", CUSTOMER, "critical")
    assert "failed logins of 12 other customers from the same address" in alert.description


def test_address_in_ipv6_clothes_is_the_same_address() -> None:
    mixed = [failure(at(n / 10), ip=("", "::ffff:")[n % 2] + ELSEWHERE, customer=100 + n) for n in range(8)]
    assert rules_of(mixed) == ["login_spraying"]


# Charges in an hour


def fast(count: int, minutes: float = 5, terminals: int = 3) -> list[TelemetryEvent]:
    return [charge(at(minutes * n), "20", terminal=f"t{n % terminals}") for n in range(count)]


@pytest.mark.parametrize(("count", "minutes", "fires"), [(7, 5, False), (8, 5, True), (8, 9, False)])
def test_many_charges_in_an_hour_raise_an_alert(count: int, minutes: float, fires: bool) -> None:
    assert rules_of(fast(count, minutes)) == (["charge_velocity"] if fires else [])


def test_many_charges_at_known_merchants_raise_nothing() -> None:
    known = [charge(at(days=-2, minutes=n * 90), "20", terminal=f"t{n}") for n in range(3)]
    assert rules_of([*known, *fast(8)]) == []


def test_busy_hours_of_a_customer_raise_nothing() -> None:
    usual = [charge(at(60 * 24 * day + n), "20", terminal="home") for day in range(9) for n in range(7)]
    assert rules_of([*usual, *[charge(at(days=10, minutes=n), "20", terminal=f"x{n}") for n in range(20)]]) == []


# A transfer after a change


@pytest.mark.parametrize(
    ("what", "hours", "amount", "type_", "severity"),
    [
        ("sim", 0.5, "400", "transfer", "critical"),
        ("email", 5, "400", "withdrawal", "high"),
        ("address", 0.5, "400", "transfer", "high"),
        ("sim", 25, "400", "transfer", None),
        ("sim", 1, "99", "transfer", None),
        ("sim", 1, "400", "purchase", None),
        ("sim", 1, "400", None, None),
    ],
)
def test_transfer_soon_after_a_change(
    what: AccountChange, hours: float, amount: str, type_: TransactionType | None, severity: str | None
) -> None:
    alerts = alerts_of([change(at(0), what), charge(at(60 * hours), amount, type=type_)])
    assert [alert.severity for alert in alerts] == ([severity] if severity else [])


def test_transfer_after_a_change_names_both() -> None:
    events = [change(at(0), "sim"), charge(at(30), "400", type="transfer")]
    (alert,) = alerts_of(events)
    assert alert.description == "Transfer of 400.00 USD 30 minutes after a change of SIM (alert within 24 hours)."
    assert alert.trigger_events == tuple(events)


def test_refund_is_no_charge() -> None:
    usual = [charge(at(days=day), "30") for day in range(9)]
    assert rules_of([*usual, charge(at(days=10), "9000", type="refund")]) == []
    assert rules_of([*usual, charge(at(days=10), "9000")]) == ["spending_spike"]


# Travel


def test_familiar_device_lowers_the_severity_of_travel() -> None:
    usual = [login(at(days=day), LISBON, device="phone") for day in range(-4, 0)]
    pair = [login(at(0), LISBON, device="phone")]
    (own,) = alerts_of([*usual, *pair, login(at(30), NEW_YORK, device="phone")])
    (other,) = alerts_of([*usual, *pair, login(at(30), NEW_YORK, device="unknown")])
    assert (own.severity, other.severity) == ("low", "high")


def test_address_of_a_proxy_is_no_place() -> None:
    rules = only("impossible_travel", proxy_networks=["198.51.100.0/24"])
    events = [login(at(0), LISBON, ip=HOME), login(at(30), NEW_YORK, ip=ELSEWHERE)]
    assert alerts_of(events, rules) == []
    assert [alert.rule_id for alert in alerts_of(events)] == ["impossible_travel"]


@pytest.mark.parametrize("network", ["198.51.100.0/24", "::ffff:198.51.100.0/120"])
@pytest.mark.parametrize("ip", [f"::ffff:{ELSEWHERE}", f"[{ELSEWHERE}]", f" {ELSEWHERE}", f"{ELSEWHERE}:443"])
def test_proxy_is_known_in_any_form_of_its_address(network: str, ip: str) -> None:
    rules = only("impossible_travel", proxy_networks=[network])
    assert alerts_of([login(at(0), LISBON, ip=HOME), login(at(30), NEW_YORK, ip=ip)], rules) == []


def test_spraying_is_seen_from_any_form_of_an_address() -> None:
    ports = [failure(at(number), ip=f"203.0.113.5:{5000 + number}", customer=100 + number) for number in range(8)]
    assert rules_of(ports) == ["login_spraying"]


def test_strangers_behind_one_translator_are_not_one() -> None:
    strangers = [failure(at(number), ip=f"64:ff9b::8.8.4.{number}", customer=100 + number) for number in range(8)]
    assert rules_of(strangers) == []


# Rules are data


BURST = [failure(at(number / 60)) for number in range(7)]


def test_a_rule_in_shadow_signals_and_alerts_nobody() -> None:
    detector = Detector(only("auth_failures", mode="shadow"))
    signals = [signal for event in BURST for signal in signals_of(detector, event)]
    assert [(signal.fate, signal.alert.rule_id) for signal in signals] == [("shadow", "auth_failures")]


def test_draft_and_live_rule_report_apart() -> None:
    live, strict = only("auth_failures").rules[0], only("auth_failures", mode="shadow", min_failures=3).rules[0]
    detector = Detector(RuleBook(rules=(live, strict.model_copy(update={"version": 2}))))
    signals = [signal for event in BURST for signal in signals_of(detector, event)]
    assert [(signal.fate, signal.alert.rule_version) for signal in signals] == [("shadow", 2), ("raised", 1)]


def test_a_rule_that_is_off_judges_nothing() -> None:
    assert alerts_of(BURST, only("auth_failures", mode="off")) == []


def test_rules_change_between_two_events() -> None:
    detector = Detector(only("auth_failures", min_failures=100))
    assert [alert for event in BURST[:6] for alert in detector.alerts(event)] == []
    detector.use(only("auth_failures"))
    assert len(detector.alerts(BURST[6])) == 1


@pytest.mark.parametrize(
    ("scope", "fires"),
    [
        (Scope(), True),
        (Scope(only_customers=frozenset({CUSTOMER})), True),
        (Scope(only_customers=frozenset({CUSTOMER + 1})), False),
        (Scope(except_customers=frozenset({CUSTOMER})), False),
    ],
)
def test_scope_says_whom_a_rule_watches(scope: Scope, fires: bool) -> None:
    assert bool(alerts_of(BURST, only("auth_failures", scope=scope))) is fires


@pytest.mark.parametrize(("days", "fate"), [(1, "snoozed"), (-1, "raised")])
def test_snoozed_rule_alerts_again_when_it_is_over(days: float, fate: str) -> None:
    rules = only("auth_failures").model_copy(
        update={"snoozes": {(CUSTOMER, "auth_failures"): Snoozed(at(days=-2), at(days=days))}}
    )
    detector = Detector(rules)
    assert [signal.fate for event in BURST for signal in signals_of(detector, event)] == [fate]


def test_a_snooze_covers_nothing_from_before_it_was_made() -> None:
    snoozed = {(CUSTOMER, "auth_failures"): Snoozed(at(days=200), at(days=230))}
    detector = Detector(only("auth_failures").model_copy(update={"snoozes": snoozed}))
    later = [failure(at(number / 60, days=200)) for number in range(7)]
    fates = [signal.fate for event in [*BURST, *later] for signal in signals_of(detector, event)]
    assert fates == ["raised", "snoozed"]


def test_an_attack_that_outlasts_its_snooze_is_raised() -> None:
    rules = only("auth_failures").model_copy(
        update={"snoozes": {(CUSTOMER, "auth_failures"): Snoozed(at(-60), at(60))}}
    )
    detector = Detector(rules)
    later = [failure(at(61 + number / 60)) for number in range(7)]
    fates = [signal.fate for event in [*BURST, *later] for signal in signals_of(detector, event)]
    assert fates == ["snoozed", "raised"]


def test_an_alert_names_the_version_that_raised_it() -> None:
    rule = only("auth_failures").rules[0].model_copy(update={"version": 12, "severity": "low"})
    (alert,) = alerts_of(BURST, RuleBook(rules=(rule,)))
    assert (alert.rule_version, alert.severity) == (12, "low")
