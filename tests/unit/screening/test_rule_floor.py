"""The rule floor on several alerts of one customer: each by its own triggers and baseline, and all before the first."""

from collections.abc import Sequence
from datetime import timedelta

from contracts.alert import Alert, Baseline
from contracts.telemetry import AuthFailureAttributes, AuthFailureEvent, DataUsageAttributes, DataUsageEvent
from screening.rule_floor import MAX_OBJECTIONS, objections
from screening.tool_answers import Answers, ToolAnswer
from tests.unit.screening.files import BEGAN, PHONE, JsonObject, an_alert, answer, before, complete, login

THRESHOLD = 0.6
CUSTOMER: JsonObject = {
    "customer_id": 7,
    "home_country": "NO",
    "usual_countries": ["NO"],
    "usual_devices": [{"device_id": PHONE}],
    "daily_gb_typical": 1.0,
    "profile": "contoso",
}


def benign(*changed: ToolAnswer, until: float = 0) -> Answers:
    """Complete records about which nothing is remarkable, up to so many days before the begin of the alert."""
    log = [
        {"at": before(until + day), "event": "login", "country": "NO", "device_id": PHONE, "known_device": True}
        | {"success": True}
        for day in range(20)
    ]
    charges = [
        {"charge_id": f"ch-{day}", "at": before(until + day), "merchant": "Shop", "country": "NO"}
        | {"amount_minor": 2000, "currency": "USD", "status": "posted", "card_present": True, "category": "groceries"}
        for day in range(20)
    ]
    days = [{"day": before(until + day)[:10], "gb": 1.0} for day in range(20, -1, -1)]
    said = [
        answer("get_customer", CUSTOMER),
        answer("get_billing_summary", {"overdue_invoices": 0, "autopay": True}),
        answer("get_security_logs", {"entries": log, "as_of": before(until)}),
        answer("get_recent_charges", {"charges": charges, "as_of": before(until)}),
        answer("get_data_usage", {"days": days, "average_gb": 1.0, "cap_gb": 50}),
        answer("get_orders", {"orders": []}),
        answer("get_support_tickets", {"tickets": []}),
    ]
    names = {each.tool for each in changed}
    return complete(*(each for each in said if each.tool not in names), *changed)


def at_home(number: int = 1, minutes: float = 0, severity: str = "high") -> Alert:
    """A login that is the customer's own."""
    return an_alert(login(minutes=minutes), alert_id=f"a-{number}", severity=severity)


def abroad(number: int = 2, minutes: float = 30, device_id: str | None = "dev-stranger") -> Alert:
    return an_alert(login("BR", device_id, minutes), alert_id=f"a-{number}", severity="medium")


def of(*alerts: Alert, answers: Answers | None = None) -> Sequence[str]:
    return objections(alerts, answers or benign(), THRESHOLD)


def test_two_innocent_alerts_are_benign() -> None:
    assert of(at_home(1)) == ()
    assert of(at_home(1), at_home(2, minutes=40)) == ()
    assert of(*(at_home(number, minutes=number) for number in range(51))) == ()


def test_one_alert_that_is_not_benign_is_named() -> None:
    for alerts in ((at_home(), abroad()), (abroad(), at_home())):
        (reason, *_) = of(*alerts)

        assert "Alert impossible_travel (a-" in reason
        assert "The location rules give " in reason


def test_reason_about_a_single_alert_names_none() -> None:
    (reason, *_) = of(abroad())

    assert reason.startswith("The location rules give ")


def test_each_alert_is_judged_by_its_own_baseline() -> None:
    def reading(number: int, observed: float) -> Alert:
        event = DataUsageEvent(
            event_id=f"u-{number}", customer_id=7, occurred_at=BEGAN, attributes=DataUsageAttributes(gb=observed)
        )
        baseline = Baseline(metric="gb_per_reading", observed=observed, expected=1.0)
        return an_alert(event, alert_id=f"a-{number}", severity="low", baseline=baseline)

    days = [{"day": before(day)[:10], "gb": 5.0 if day < 2 else 1.0} for day in range(20, -1, -1)]
    heavy = answer("get_data_usage", {"days": days, "average_gb": 1.0, "cap_gb": 500})
    roams = answer("get_subscriptions", {"subscriptions": []})

    assert of(reading(1, 1.0), reading(2, 1.0), answers=benign(roams)) == ()
    mixed = of(reading(1, 1.0), reading(2, 9.0), answers=benign(heavy, roams))
    alone = of(reading(2, 9.0), answers=benign(heavy, roams))
    assert [reason.removeprefix("Alert impossible_travel (a-2): ") for reason in mixed] == list(alone)


def test_explanation_must_be_older_than_the_first_alert() -> None:
    """Whoever raised the first alert may have made what explains the second."""
    late = at_home(2, minutes=3 * 24 * 60)
    travelling = an_alert(
        login("BR", PHONE, 3 * 24 * 60), alert_id="a-3", severity="high", raised_at=BEGAN + timedelta(days=3)
    )
    ticket = {
        "opened_at": (BEGAN + timedelta(days=1)).isoformat(),
        "topics": ["travel"],
        "body": "To BR.",
        "subject": "",
    }
    answers = benign(answer("get_support_tickets", {"tickets": [ticket]}, limit=50), until=-3)

    assert of(at_home(), late, answers=answers) == ()
    assert of(travelling, answers=answers) == ()
    assert [reason for reason in of(at_home(), travelling, answers=answers) if "(a-3)" in reason]


def test_records_must_reach_up_to_every_alert() -> None:
    late = an_alert(login(minutes=3 * 24 * 60), alert_id="a-2", severity="low", raised_at=BEGAN + timedelta(days=3))

    assert of(at_home(), answers=benign()) == ()
    assert of(at_home(), late, answers=benign()) == (
        "Alert impossible_travel (a-2): The rules cannot judge the case: get_security_logs ends before the alert, "
        "get_recent_charges ends before the alert.",
    )


def test_alerts_are_seen_together() -> None:
    """What no alert shows alone: two logins that one person cannot have made."""
    there = an_alert(login("SE", None, 0), alert_id="a-1", severity="low")
    here = an_alert(login("NO", PHONE, 5), alert_id="a-2", severity="low")

    together = of(there, here)

    assert any("too far apart" in reason for reason in together)
    assert not any("too far apart" in reason for reason in (*of(there), *of(here)))


def test_events_of_another_alert_excuse_nothing() -> None:
    """Strangers fail to get in, and the customer's own login of an hour later lies in another alert."""
    failures = [
        AuthFailureEvent(
            event_id=f"f-{number}",
            customer_id=7,
            occurred_at=BEGAN + timedelta(minutes=number),
            attributes=AuthFailureAttributes(country="BR", ip=f"203.0.113.{number}"),
        )
        for number in range(30)
    ]
    burst = an_alert(*failures, alert_id="a-1", severity="low")
    own = at_home(2, minutes=90)

    alone, together = of(burst), of(burst, own)

    assert alone
    assert {reason.partition(": ")[2] for reason in together} >= set(alone)


def test_what_is_said_of_many_alerts_is_said_once() -> None:
    (reason, *_) = of(*(abroad(number) for number in range(1, 51)))

    assert reason.startswith("Alert impossible_travel (a-1) and 49 more: The location rules give ")


def test_only_so_many_objections_are_listed() -> None:
    alerts = [
        an_alert(login("NO", f"dev-{number}", number), alert_id=f"a-{number}", severity="high") for number in range(30)
    ]

    reasons = of(*alerts)

    assert len(reasons) == MAX_OBJECTIONS + 1
    assert reasons[-1] == f"The rules object {30 - MAX_OBJECTIONS} times more."
