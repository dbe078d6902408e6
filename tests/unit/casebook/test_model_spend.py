"""What models cost: each answer once, by case, by day and by rule."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Engine

from casebook.database.transactions import Transactions
from contracts.journal import JournalEntry
from contracts.report import Spend
from contracts.spend import ModelUse
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import open_case

MAY_4, MAY_5 = date(2026, 5, 4), date(2026, 5, 5)


def a_use(agent: str = "usage", cost: str | None = "0.000123", model: str = "m-1") -> ModelUse:
    price = None if cost is None else Decimal(cost)
    return ModelUse(round=1, agent=agent, model=model, input_tokens=100, output_tokens=20, cost_usd=price)


def an_entry(key: str, use: ModelUse | None = None) -> JournalEntry:
    return JournalEntry(key, "{}", use)


def book_on(engine: Engine, day: date) -> CaseBook:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return CaseBook(Transactions(engine, lambda: noon))


def test_an_answer_that_is_recorded_twice_costs_once(book: CaseBook) -> None:
    case = open_case(book)
    for _ in range(2):
        book.save_journal(case, [an_entry("r1-usage-m1", a_use())])
    book.save_journal(case, [an_entry("r1-usage-m2", a_use())])
    book.save_journal(case, [an_entry("r1-usage-t1")])
    expected = Spend(model_calls=2, input_tokens=200, output_tokens=40, cost_usd=Decimal("0.000246"))
    assert book.spent_on_case(case) == expected
    assert book.get_fraud_case(case).spend == expected


def test_case_without_known_prices_shows_no_cost(book: CaseBook) -> None:
    case = open_case(book)
    assert book.get_fraud_case(case).spend is None
    book.save_journal(case, [an_entry("r1-usage-m1", a_use())])
    book.save_journal(case, [an_entry("r1-usage-m2", a_use(cost=None, model="m-2"))])
    assert book.spent_on_case(case).cost_usd == Decimal("0.000123")
    assert book.get_fraud_case(case).spend == Spend(model_calls=2, input_tokens=200, output_tokens=40)


def test_spend_of_today_restarts_each_day(engine: Engine) -> None:
    monday, tuesday = book_on(engine, MAY_4), book_on(engine, MAY_5)
    case = open_case(monday)
    monday.save_journal(case, [an_entry("r1-usage-m1", a_use())])
    assert monday.spent_today().model_calls == 1
    assert tuesday.spent_today() == Spend()
    assert tuesday.spent_on_case(case).model_calls == 1


def test_a_report_adds_up_days_and_rules(engine: Engine) -> None:
    monday, tuesday = book_on(engine, MAY_4), book_on(engine, MAY_5)
    first, second = open_case(monday, 1), open_case(monday, 2)
    monday.save_journal(first, [an_entry("r1-usage-m1", a_use())])
    monday.save_journal(second, [an_entry("r1-usage-m1", a_use())])
    tuesday.save_journal(first, [an_entry("r1-billing-m1", a_use("billing", cost=None))])
    report = monday.spend_report(MAY_4, MAY_5)
    assert (report.total.model_calls, report.total.cost_usd) == (3, Decimal("0.000246"))
    assert report.unpriced_calls == 1
    assert [(day.day, day.cases, day.spend.model_calls) for day in report.by_day] == [(MAY_4, 2, 2), (MAY_5, 1, 1)]
    assert [(rule.rule_id, rule.cases) for rule in report.by_rule] == [(monday.get_fraud_case(first).alert.rule_id, 2)]
    assert monday.spend_report(MAY_5, MAY_5).total == Spend(model_calls=1, input_tokens=100, output_tokens=20)


def test_days_without_a_call_are_an_empty_report(book: CaseBook) -> None:
    report = book.spend_report(MAY_5, MAY_4)
    assert (report.total, report.by_day, report.by_rule, report.unpriced_calls) == (Spend(), (), (), 0)
