"""The billing rules: the same spree is a theft or a season of gifts, by what the records show."""

import json

import pytest

from contracts.alert import Baseline
from screening.thresholds import HIGH_RISK
from tests.unit.local.model.casefile import (
    HOME_PHONE,
    NEUTRAL,
    CaseFile,
    JsonObject,
    an_alert,
    at,
    charge,
    cited,
    event,
    far_login,
    ordinary_records,
    statements,
    ticket,
)


def spree(country: str = "NO", observed: float = 400.0, currency: str = "USD") -> CaseFile:
    bought = event("x1", 0, "transaction", amount="400", currency=currency, charge_id="ch-91", country=country)
    baseline = Baseline(
        metric=f"charge_amount_{currency}", observed=observed, expected=20.0, threshold=80.0, sample_size=20
    )
    return CaseFile("billing", an_alert("spending_spike", [bought], [bought], baseline))


def with_charges(case: CaseFile, *charges: JsonObject) -> CaseFile:
    case.records["get_recent_charges"] = {"charges": [*charges, *(charge(n) for n in range(1, 12))]}
    return case


def test_remote_foreign_charges_from_strange_device_score_high():
    case = with_charges(
        spree("BR"),
        charge(91, 40_000, "BR", device_id="dev-x", card_present=False),
        charge(92, 60_000, "BR", device_id="dev-x", card_present=False),
    )
    verdict = case.verdict()
    assert verdict["risk_score"] >= 0.75
    assert verdict["suspicious_charge_ids"] == ["ch-92", "ch-91"]


def test_the_same_spree_sent_home_as_presents_scores_low():
    case = with_charges(
        spree(),
        charge(91, 40_000, device_id=HOME_PHONE, card_present=False),
        charge(92, 60_000, device_id=HOME_PHONE, card_present=False),
    )
    orders = [
        {"order_id": f"o{n}", "item": "Toy", "amount_minor": amount, "ship_to_country": "NO", "charge_id": f"ch-{n}"}
        for n, amount in ((91, 40_000), (92, 60_000))
    ]
    case.records["get_orders"] = {"orders": orders}
    case.records["get_support_tickets"] = {"tickets": [ticket("gift")]}
    verdict = case.verdict()
    assert verdict["risk_score"] < 0.3
    assert verdict["suspicious_charge_ids"] == []


def test_stolen_card_abroad_is_found_with_its_trial_charge():
    case = with_charges(
        spree("BR"),
        charge(90, 99, "BR"),
        charge(91, 40_000, "BR"),
        charge(92, 60_000, "BR"),
    )
    verdict = case.verdict()
    assert verdict["risk_score"] >= HIGH_RISK
    assert set(verdict["suspicious_charge_ids"]) == {"ch-90", "ch-91", "ch-92"}


def test_paying_by_card_on_an_announced_journey_scores_low():
    case = with_charges(spree("BR"), charge(91, 40_000, "BR"), charge(92, 3_000, "BR"))
    case.records["get_support_tickets"] = {"tickets": [ticket("travel")]}
    verdict = case.verdict()
    assert verdict["risk_score"] < 0.3
    assert verdict["suspicious_charge_ids"] == []


def test_charges_from_country_of_the_foreign_login_count_more():
    case = with_charges(CaseFile("billing"), charge(91, 40_000, "BR", device_id="dev-x", card_present=False))
    before = case.verdict()["risk_score"]
    case.alert = an_alert(triggers=[far_login(0)], recent=[far_login(0)])
    assert case.verdict()["risk_score"] > before


def test_a_refunded_charge_is_not_suspected_again():
    case = with_charges(
        CaseFile("billing"), charge(91, 40_000, "BR", device_id="dev-x", card_present=False, status="refunded")
    )
    assert case.verdict()["suspicious_charge_ids"] == []


def test_a_disputed_charge_is_suspected_even_on_a_journey():
    case = with_charges(CaseFile("billing"), charge(91, 2_000, "BR", status="disputed"))
    case.records["get_support_tickets"] = {"tickets": [ticket("travel")]}
    assert case.verdict()["suspicious_charge_ids"] == ["ch-91"]


@pytest.mark.parametrize(
    ("currency", "size"),
    [("USD", "400.00 where 20.00 is"), ("JPY", "400 where 20 is"), ("KWD", "400.000 where 20.000 is")],
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, size: str):
    case = spree(currency=currency)
    case.records = ordinary_records() | {"get_customer": NEUTRAL, "get_recent_charges": {"charges": []}}
    assert size in json.dumps(case.verdict())


def test_ordinary_charges_score_low():
    assert CaseFile("billing").verdict()["risk_score"] < 0.3


def test_customer_without_history_is_not_evaluable_by_modest_excess():
    case = spree(observed=70.0)
    case.records = ordinary_records() | {"get_customer": NEUTRAL, "get_recent_charges": {"charges": []}}
    verdict = case.verdict()
    assert verdict["evaluable"] is False
    assert verdict["risk_score"] is None


def test_enormous_charge_without_history_is_evaluated_and_never_low():
    case = spree(observed=400.0)
    case.records = ordinary_records() | {"get_customer": NEUTRAL, "get_recent_charges": {"charges": []}}
    verdict = case.verdict()
    assert verdict["evaluable"] is True
    assert verdict["risk_score"] >= HIGH_RISK


def test_listed_charges_were_seen_and_citations_resolve():
    case = with_charges(spree("BR"), charge(91, 40_000, "BR", device_id="dev-x", card_present=False))
    verdict = case.verdict()
    seen = {charge["charge_id"] for charge in case.records["get_recent_charges"]["charges"]}
    assert set(verdict["suspicious_charge_ids"]) <= seen
    assert all(finding["evidence_ids"] for finding in verdict["findings"])
    assert cited(verdict) <= case.citable()


def test_dispute_of_an_own_device_order_is_not_refunded():
    case = with_charges(
        CaseFile("billing"), charge(91, 40_000, device_id=HOME_PHONE, card_present=False, status="disputed")
    )
    order = {"order_id": "o", "item": "TV", "amount_minor": 40_000, "ship_to_country": "NO", "charge_id": "ch-91"}
    case.records["get_orders"] = {"orders": [order | {"device_id": HOME_PHONE}]}
    case.records["get_support_tickets"] = {"tickets": [ticket("dispute")]}
    verdict = case.verdict()
    assert verdict["risk_score"] >= HIGH_RISK
    assert verdict["suspicious_charge_ids"] == []
    assert "not to be refunded" in statements(verdict)


def test_disputing_again_and_again_weighs_more():
    case = with_charges(
        CaseFile("billing"), charge(91, 9_000, device_id=HOME_PHONE, card_present=False, status="disputed")
    )
    case.records["get_support_tickets"] = {"tickets": [ticket("dispute")]}
    once = case.verdict()["risk_score"]
    case.records["get_support_tickets"] = {"tickets": [ticket("dispute")] * 4}
    assert case.verdict()["risk_score"] > once


def test_a_journey_does_not_explain_jewels():
    case = with_charges(spree("BR"), charge(91, 40_000, "BR", category="jewellery"))
    case.records["get_support_tickets"] = {"tickets": [ticket("travel")]}
    assert case.verdict()["suspicious_charge_ids"] == ["ch-91"]


def test_announced_gifts_explain_what_own_device_sends_abroad():
    def presents(spoken_of_at: float, device_id: str) -> JsonObject:
        case = with_charges(spree(), charge(91, 40_000, device_id=device_id, card_present=False))
        order = {"order_id": "o", "item": "Toy", "amount_minor": 40_000, "ship_to_country": "BR", "charge_id": "ch-91"}
        case.records["get_orders"] = {"orders": [order | {"device_id": device_id}]}
        spoken_of = ticket("gift") | {"opened_at": at(spoken_of_at)}
        case.records["get_support_tickets"] = {"tickets": [spoken_of]}
        return case.verdict()

    assert presents(-9000, HOME_PHONE)["risk_score"] < HIGH_RISK
    assert presents(-10, HOME_PHONE)["suspicious_charge_ids"] == ["ch-91"]
    assert presents(-9000, "dev-x")["risk_score"] >= HIGH_RISK


def test_unpaid_goods_sent_abroad_raise_the_score():
    case = CaseFile("billing")
    order = {"order_id": "o", "item": "Phone", "amount_minor": 1, "ship_to_country": "BR", "device_id": HOME_PHONE}
    case.records["get_orders"] = {"orders": [order]}
    paid = case.verdict()["risk_score"]
    case.records["get_billing_summary"] = {"overdue_invoices": 2, "autopay": False}
    verdict = case.verdict()
    assert verdict["risk_score"] >= HIGH_RISK > paid
    assert "while invoices were not paid" in statements(verdict)
