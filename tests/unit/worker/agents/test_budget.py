"""Prices, and that nobody asks a model past the budget."""

import tomllib
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from contracts.investigation import SpecialistTask
from contracts.report import Spend
from tests.unit.worker.support.agents import (
    FakeTools,
    MemoryJournal,
    ScriptedModel,
    a_loop,
    a_verdict,
    answers,
    asks,
    says,
)
from tests.unit.worker.support.cases import a_policy, an_alert
from worker.agents.budget import Budget, BudgetGuard
from worker.agents.pricing import PRICES_FILE, load_prices
from worker.agents.prompts import load_prompts
from worker.agents.specialists import SpecialistAgents

PRICES = load_prices()
CUSTOMER = {"customer_id": 7}


@dataclass
class FixedLedger:
    """The recorded spend."""

    case: Spend = field(default_factory=Spend)
    today: Spend = field(default_factory=Spend)

    def spent_on_case(self, case_id: str) -> Spend:
        return self.case

    def spent_today(self) -> Spend:
        return self.today


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        ("casewright-rules-1", "0"),
        ("gpt-4o-2024-08-06", "0.0045"),
        ("gpt-4o-mini-2024-07-18", "0.00027"),
        ("GPT-4.1-mini", "0.00072"),
        ("models/gemini-2.0-flash", "0.00018"),
        ("gpt-6.1-sol-2026-09-29", "0.004"),
        ("gpt-5-2025-08-07", "0.00325"),
        ("gpt-5-mini", None),
        ("gpt-5.9", None),
        ("gpt-6-sol-pro", None),
        ("gpt-4o-transcribe", None),
        ("someone-elses-gpt-4o", None),
    ],
)
def test_an_answer_costs_what_its_model_costs(model: str, cost: str | None) -> None:
    reply = says("x", model=model, tokens=1_200, input_tokens=1_000, output_tokens=200)
    assert PRICES.cost_of(reply) == (None if cost is None else Decimal(cost))


def test_every_price_names_its_day_and_its_source() -> None:
    table = tomllib.loads(PRICES_FILE.read_text(encoding="utf-8"))

    assert [entry["models"] for entry in table["price"] if not (entry.get("as_of") and entry.get("source"))] == []


def test_thoughts_of_a_model_cost_like_its_writing() -> None:
    reply = says("x", model="gpt-4o", tokens=2_000, input_tokens=1_000, output_tokens=200)
    assert PRICES.cost_of(reply) == Decimal("0.0125")


CENT, TEN_TOKENS = Spend(cost_usd=Decimal("0.01")), Spend(input_tokens=6, output_tokens=4)


@pytest.mark.parametrize(
    ("budget", "ledger", "refusal"),
    [
        (Budget(), FixedLedger(CENT, CENT), None),
        (Budget(usd_per_case=Decimal("0.02")), FixedLedger(CENT), None),
        (Budget(usd_per_case=Decimal("0.01")), FixedLedger(CENT), "of this case is used up (0.01 US dollars)"),
        (Budget(usd_per_case=Decimal("0.01")), FixedLedger(TEN_TOKENS, CENT), None),
        (Budget(usd_per_day=Decimal("0.01")), FixedLedger(CENT), None),
        (Budget(usd_per_day=Decimal("0.01")), FixedLedger(today=CENT), "of this day is used up (0.01 US dollars)"),
        (Budget(tokens_per_case=11), FixedLedger(TEN_TOKENS), None),
        (Budget(tokens_per_case=10), FixedLedger(TEN_TOKENS), "of this case is used up (10 tokens)"),
        (Budget(tokens_per_day=10), FixedLedger(today=TEN_TOKENS), "of this day is used up (10 tokens)"),
    ],
)
def test_budget_is_used_up_by_what_is_recorded(budget: Budget, ledger: FixedLedger, refusal: str | None) -> None:
    said = BudgetGuard(budget, ledger).refusal("case-1")
    assert said == (None if refusal is None else f"The model budget {refusal}.")


def test_past_the_budget_no_model_is_asked() -> None:
    model, journal = ScriptedModel([asks(("get_customer", CUSTOMER))]), MemoryJournal()
    ledger = FixedLedger()
    loop = a_loop(model, FakeTools(), budget=BudgetGuard(Budget(tokens_per_case=10), ledger))
    agent = SpecialistAgents(loop, load_prompts())
    order = SpecialistTask(case_id="case-1", round=1, specialist="usage", alert=an_alert(), policy=a_policy())
    journal.on_record = lambda: setattr(ledger, "case", TEN_TOKENS)

    report, _ = agent.investigate(order, journal.run("r1-usage"))

    assert (report.status, report.reason) == ("unavailable", "The model budget of this case is used up (10 tokens).")
    assert len(model.requests) == 1


def test_paid_answer_is_used_whatever_the_budget_says() -> None:
    journal = MemoryJournal()
    order = SpecialistTask(case_id="case-1", round=1, specialist="usage", alert=an_alert(), policy=a_policy())
    paid = SpecialistAgents(a_loop(ScriptedModel([answers(a_verdict(0.7))])), load_prompts())
    attempt = journal.run("r1-usage")
    report, _ = paid.investigate(order, attempt)
    attempt.keep()
    guard = BudgetGuard(Budget(tokens_per_case=10), FixedLedger(TEN_TOKENS))
    again = SpecialistAgents(a_loop(ScriptedModel([]), budget=guard), load_prompts())

    assert again.investigate(order, journal.run("r1-usage"))[0] == report
