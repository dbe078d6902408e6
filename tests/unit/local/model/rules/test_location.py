"""The location rules: the same alert is judged by what the records show."""

from screening.thresholds import HIGH_RISK
from tests.unit.local.model.casefile import (
    CUSTOMER,
    HOME_PHONE,
    NEUTRAL,
    CaseFile,
    JsonObject,
    an_alert,
    at,
    cited,
    entry,
    event,
    far_login,
    home_login,
    ordinary_records,
    statements,
    subscription,
    ticket,
)


def foreign_login(device_id: str) -> CaseFile:
    triggers = (home_login(-30), far_login(0, device_id))
    return CaseFile("location", an_alert(triggers=triggers, recent=triggers))


def test_foreign_login_on_strange_device_before_resets_scores_high():
    case = foreign_login("dev-x")
    case.records["get_security_logs"] = {
        "entries": [
            entry(-30),
            entry(0, country="BR", device_id="dev-x"),
            entry(2, "password_reset", "BR", "dev-x"),
            entry(4, "email_changed", "BR", "dev-x"),
        ]
    }
    verdict = case.verdict()
    assert verdict["evaluable"] is True
    assert verdict["risk_score"] >= 0.9
    assert "password was reset from BR" in statements(verdict)


def test_same_foreign_login_of_an_announced_traveller_scores_low():
    case = foreign_login(HOME_PHONE)
    case.records["get_support_tickets"] = {"tickets": [ticket("travel")]}
    case.records["get_subscriptions"] = {
        "subscriptions": [subscription("Roaming", roaming_countries=["BR"], roaming_until="2026-05-20")]
    }
    case.records["get_security_logs"] = {"entries": [entry(-30), entry(0, country="BR")]}
    verdict = case.verdict()
    assert verdict["evaluable"] is True
    assert verdict["risk_score"] < 0.2
    assert "roaming package covers BR" in statements(verdict)


def test_unexplained_impossible_travel_on_own_device_goes_to_person():
    verdict = foreign_login(HOME_PHONE).verdict()
    assert verdict["risk_score"] >= HIGH_RISK
    assert "no journey explains it" in statements(verdict)


def test_a_travel_ticket_does_not_excuse_a_strangers_device():
    case = foreign_login("dev-x")
    case.records["get_support_tickets"] = {"tickets": [ticket("travel")]}
    assert case.verdict()["risk_score"] >= HIGH_RISK


def test_an_adapter_that_a_stranger_ordered_announces_no_journey():
    adapter: JsonObject = {"order_id": "o", "item": "Travel adapter", "amount_minor": 1, "ordered_at": at(-9000)}
    own, stranger, nobody = (foreign_login(HOME_PHONE) for _ in range(3))
    for case, device in ((own, HOME_PHONE), (stranger, "dev-x"), (nobody, None)):
        case.records["get_orders"] = {"orders": [adapter | {"device_id": device}]}
    assert "ordered for a journey" in statements(own.verdict())
    for case in (stranger, nobody):
        assert "ordered for a journey" not in statements(case.verdict())
        assert case.verdict()["risk_score"] >= HIGH_RISK


def test_a_roaming_package_that_has_run_out_covers_nothing():
    case = foreign_login(HOME_PHONE)
    case.records["get_subscriptions"] = {
        "subscriptions": [subscription("Roaming", roaming_countries=["BR"], roaming_until="2026-04-20")]
    }
    assert "roaming package" not in statements(case.verdict())


def failures(country: str, device_id: str, count: int = 8) -> CaseFile:
    events = [
        event(f"f{n}", n * 0.5, "auth_failure", country=country, ip="203.0.113.9", device_id=device_id)
        for n in range(count)
    ]
    return CaseFile("location", an_alert("auth_failures", events, events))


def test_a_forgotten_password_at_home_scores_low():
    case = failures("NO", HOME_PHONE)
    tries = [entry(n, "login_failed") for n in range(6)]
    case.records["get_security_logs"] = {"entries": [*tries, entry(8, "password_reset"), entry(9)]}
    verdict = case.verdict()
    assert verdict["risk_score"] < 0.3
    assert "forgotten password" in statements(verdict)


def test_failures_and_then_a_strangers_success_score_high():
    case = failures("BR", "dev-x")
    tries = [entry(n, "login_failed", "BR", "dev-x") for n in range(6)]
    case.records["get_security_logs"] = {"entries": [*tries, entry(9, "login", "BR", "dev-x")]}
    verdict = case.verdict()
    assert verdict["risk_score"] >= 0.9
    assert "nothing ties to the customer" in statements(verdict)


def test_failures_on_new_phone_that_records_know_score_low():
    case = failures("NO", "dev-new")
    new_phone = {"device_id": "dev-new", "name": "New phone"}
    case.records["get_customer"] = CUSTOMER | {"usual_devices": [*CUSTOMER["usual_devices"], new_phone]}
    case.records["get_support_tickets"] = {"tickets": [ticket("new_device")]}
    tries = [entry(n, "login_failed", device_id="dev-new") for n in range(6)]
    case.records["get_security_logs"] = {"entries": [*tries, entry(8, device_id="dev-new")]}
    assert case.verdict()["risk_score"] < 0.3


def test_phone_a_stranger_ordered_abroad_is_not_the_customers():
    case = foreign_login("dev-x")
    order = {"order_id": "o", "item": "Phone 14", "amount_minor": 1, "ship_to_country": "BR", "device_id": "dev-x"}
    case.records["get_orders"] = {"orders": [order]}
    assert case.verdict()["risk_score"] >= HIGH_RISK


def test_sim_swap_on_a_strange_device_raises_the_score():
    case = CaseFile("location", an_alert("manual"))
    case.records["get_security_logs"] = {
        "entries": [entry(-60), entry(0, "sim_swap", "BR", "dev-x"), entry(5, "mfa_reset", "BR", "dev-x")]
    }
    case.records["get_support_tickets"] = {"tickets": [ticket("sim_swap")]}
    assert case.verdict()["risk_score"] >= HIGH_RISK


def test_an_ordinary_log_scores_low_and_says_so():
    verdict = CaseFile("location", an_alert("data_usage_spike")).verdict()
    assert verdict["risk_score"] < 0.3
    assert "own places and devices" in statements(verdict)


def neutral(case: CaseFile) -> CaseFile:
    case.records = ordinary_records() | {"get_customer": NEUTRAL, "get_security_logs": {"entries": []}}
    return case


def test_no_history_and_no_places_is_not_evaluable():
    verdict = neutral(CaseFile("location", an_alert("data_usage_spike"))).verdict()
    assert verdict["evaluable"] is False
    assert verdict["risk_score"] is None
    assert "on record" in verdict["reason"]


def test_damning_events_without_history_never_score_low():
    verdict = neutral(foreign_login("dev-x")).verdict()
    assert verdict["evaluable"] is True
    assert verdict["risk_score"] >= HIGH_RISK


def test_every_citation_can_be_resolved():
    case = foreign_login("dev-x")
    case.records["get_security_logs"] = {"entries": [entry(0, "password_reset", "BR", "dev-x")]}
    verdict = case.verdict()
    assert all(finding["evidence_ids"] for finding in verdict["findings"])
    assert cited(verdict) <= case.citable()
    assert {"home-30", "far0"} <= cited(verdict)


STAFF = "dev-staff-0001"


def unlocked(ticket_minutes: float | None) -> CaseFile:
    """Staff unlocked the account and changed its e-mail address; perhaps the customer had asked."""
    case = CaseFile("location", an_alert("manual"))
    changes = [entry(n, event, device_id=STAFF) for n, event in ((-90, "account_unlocked"), (-88, "email_changed"))]
    case.records["get_security_logs"] = {"entries": [entry(-3000), *changes]}
    if ticket_minutes is not None:
        asked = ticket("password") | {"opened_at": at(ticket_minutes)}
        case.records["get_support_tickets"] = {"tickets": [asked]}
    return case


def test_change_at_staff_terminal_needs_ticket_of_week_before():
    assert unlocked(-200).verdict()["risk_score"] < HIGH_RISK
    assert "as the customer had asked" in statements(unlocked(-200).verdict())
    for unasked in (unlocked(None), unlocked(-8 * 24 * 60), unlocked(-30)):
        verdict = unasked.verdict()
        assert verdict["risk_score"] >= HIGH_RISK
        assert "no ticket of the week before asks for it" in statements(verdict)


def new_device(**record: object) -> CaseFile:
    """A device that the profile does not list logged in at home."""
    case = CaseFile("location", an_alert("manual"))
    case.records["get_security_logs"] = {"entries": [entry(-3000), entry(0, device_id="dev-new")]}
    for tool, value in record.items():
        case.records[tool] = {tool.removeprefix("get_").removeprefix("support_"): [value]}
    return case


def handset(minutes: float, device_id: str) -> JsonObject:
    order: JsonObject = {"order_id": "o", "item": "Phone 14", "amount_minor": 1, "ship_to_country": "NO"}
    return order | {"ordered_at": at(minutes), "device_id": device_id}


def test_phone_ordered_by_own_device_explains_new_device():
    explained = new_device(get_orders=handset(-9000, HOME_PHONE)).verdict()
    assert "a new one of the customer's own" in statements(explained)
    for order in (handset(60, HOME_PHONE), handset(-9000, "dev-new"), handset(-60 * 24 * 40, HOME_PHONE)):
        assert "not on record" in statements(new_device(get_orders=order).verdict())


def test_only_an_earlier_ticket_explains_a_new_device():
    before = ticket("new_device") | {"opened_at": at(-600)}
    after = ticket("new_device") | {"opened_at": at(30)}
    assert "a new one of the customer's own" in statements(new_device(get_support_tickets=before).verdict())
    assert "not on record" in statements(new_device(get_support_tickets=after).verdict())


def test_stranger_who_orders_weighs_more_than_a_login():
    watching = new_device().verdict()["risk_score"]
    ordering = new_device(get_orders=handset(20, "dev-new")).verdict()
    assert ordering["risk_score"] > watching
    assert "placed 1 order" in statements(ordering)


def test_country_of_own_devices_for_weeks_is_familiar():
    case = foreign_login(HOME_PHONE)
    earlier = [entry(-60 * 24 * days, country="BR") for days in (20, 13, 6)]
    case.records["get_security_logs"] = {"entries": [*earlier, entry(-30), entry(0, country="BR")]}
    verdict = case.verdict()
    assert verdict["risk_score"] < HIGH_RISK
    assert "3 earlier days" in statements(verdict)
    case.records["get_security_logs"] = {"entries": [*earlier[1:], entry(-30), entry(0, country="BR")]}
    assert case.verdict()["risk_score"] >= HIGH_RISK


def test_an_old_travel_ticket_announces_nothing():
    case = foreign_login(HOME_PHONE)
    case.records["get_support_tickets"] = {"tickets": [ticket("travel") | {"opened_at": at(-60 * 24 * 80)}]}
    assert case.verdict()["risk_score"] >= HIGH_RISK


def test_package_that_ended_yesterday_still_hints_at_the_journey():
    case = foreign_login(HOME_PHONE)
    package = subscription("Roaming", roaming_countries=["BR"], roaming_until="2026-05-03")
    case.records["get_subscriptions"] = {"subscriptions": [package]}
    assert "ended on 2026-05-03" in statements(case.verdict())


def test_sim_swap_on_own_new_phone_is_called_announced():
    case = CaseFile("location", an_alert("manual"))
    case.records["get_security_logs"] = {"entries": [entry(-3000), entry(0, "sim_swap", device_id="dev-new")]}
    case.records["get_support_tickets"] = {"tickets": [ticket("new_device")]}
    verdict = case.verdict()
    assert verdict["risk_score"] < HIGH_RISK
    assert "which the records announce" in statements(verdict)
