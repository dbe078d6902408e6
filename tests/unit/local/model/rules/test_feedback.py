"""What a reviewer wrote when rejecting a round is looked into, quoted and weighed."""

import pytest

from local.model.rules.feedback import understand
from tests.unit.local.model.casefile import (
    HOME_PHONE,
    NEUTRAL,
    CaseFile,
    an_alert,
    cited,
    entry,
    far_login,
    home_login,
    ordinary_records,
    remembered,
    statements,
)


def foreign_login(device_id: str = HOME_PHONE) -> CaseFile:
    triggers = (home_login(-30), far_login(0, device_id))
    case = CaseFile("location", an_alert(triggers=triggers, recent=triggers))
    case.records["get_security_logs"] = {"entries": [entry(-30), entry(0, country="BR", device_id=device_id)]}
    return case


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("Look at the support tickets again.", "get_support_tickets"),
        ("Which orders were shipped?", "get_orders"),
        ("Check unpaid invoices", "get_invoices"),
        ("What does our policy say?", "search_knowledge_base"),
        ("Was there roaming?", "get_subscriptions"),
    ],
)
def test_words_name_the_tools_to_look_at(text: str, tool: str):
    assert tool in understand(1, text).tools


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("The customer confirmed by phone that she is travelling.", "confirmed"),
        ("Spoke with the account holder, who confirmed the charges.", "confirmed"),
        ("Customer denies all of it.", "denied"),
        ("The customer does not recognise the charges.", "denied"),
        ("He didn't travel anywhere.", "denied"),
        ("The card was stolen.", "denied"),
        ("Please check whether the customer confirmed this.", None),
        ("Has the customer confirmed the trip?", None),
        ("The customer has not confirmed anything.", None),
        ("Look at the invoices.", None),
    ],
)
def test_only_a_statement_counts_as_a_fact(text: str, direction: str | None):
    fact = understand(1, text).fact
    assert (fact.direction if fact else None) == direction


def test_feedback_makes_a_specialist_call_a_further_tool():
    case = CaseFile("billing", memory=[remembered("Have a look at the invoices.")])
    case.records["get_invoices"] = {"invoices": [{"invoice_id": "i1", "status": "overdue"}]}
    verdict, called = case.play()
    assert "get_invoices" in called
    assert "get_invoices" not in CaseFile("billing").play()[1]
    assert "“Have a look at the invoices.”" in statements(verdict)
    assert "invoices (1 found, 1 unpaid)" in statements(verdict)
    assert case.evidence_id("get_invoices") in cited(verdict)


def test_a_confirmed_journey_lowers_the_location_score_within_limits():
    before = foreign_login().verdict()["risk_score"]
    case = foreign_login()
    case.memory = [remembered("The customer confirmed that she is travelling in Brazil.")]
    verdict = case.verdict()
    assert before - 0.31 <= verdict["risk_score"] < before
    assert "lowered the score" in statements(verdict)


def test_a_denied_journey_raises_the_location_score():
    before = foreign_login().verdict()["risk_score"]
    case = foreign_login()
    case.memory = [remembered("The customer says he did not travel.")]
    verdict = case.verdict()
    assert verdict["risk_score"] > before
    assert "raised the score" in statements(verdict)


def test_fact_about_charges_does_not_move_the_location_score():
    before = foreign_login().verdict()["risk_score"]
    case = foreign_login()
    case.memory = [remembered("The customer confirmed the charges.")]
    assert case.verdict()["risk_score"] == before


def test_statement_alone_does_not_clear_a_taken_over_account():
    case = foreign_login("dev-x")
    resets = [entry(n, kind, "BR", "dev-x") for n, kind in enumerate(("password_reset", "mfa_reset", "email_changed"))]
    case.records["get_security_logs"] = {"entries": [entry(-1, country="BR", device_id="dev-x"), *resets]}
    case.memory = [remembered("The customer confirmed travel.")]
    assert case.verdict()["risk_score"] >= 0.6


def test_statement_does_not_make_a_customer_without_history_harmless():
    case = foreign_login("dev-x")
    case.records = ordinary_records() | {"get_customer": NEUTRAL, "get_security_logs": {"entries": []}}
    case.memory = [remembered("The customer confirmed travel.")]
    assert case.verdict()["risk_score"] >= 0.6


def test_feedback_that_asks_for_nothing_here_is_still_answered():
    case = CaseFile("usage", memory=[remembered("Hmm, not convinced.")])
    assert "“Hmm, not convinced.”: it asks for nothing that the usage records can show" in statements(case.verdict())


def test_answer_to_feedback_has_a_field_of_its_own():
    asked = [remembered("Look at the tickets."), remembered("Hmm, not convinced.").model_copy(update={"round": 2})]
    answer = CaseFile("usage", memory=asked).verdict()["feedback_answer"]
    assert answer.startswith("Round 2 was rejected with “Hmm, not convinced.”")
    assert CaseFile("usage").verdict()["feedback_answer"] is None


def test_feedback_can_ask_for_a_longer_look_back():
    case = CaseFile("usage", memory=[remembered("Look further back, please.")])
    assert "longest period" in statements(case.verdict())


def test_long_feedback_is_quoted_briefly_in_every_round():
    case = CaseFile("usage", memory=[remembered("Look at tickets. " * 40), remembered("And again.", 2)])
    verdict = case.verdict()
    answers = [f["statement"] for f in verdict["findings"] if "was rejected with" in f["statement"]]
    assert [answer[:7] for answer in answers] == ["Round 1", "Round 2"]
    assert len(answers[0]) < 300
    assert cited(verdict) <= case.citable()
