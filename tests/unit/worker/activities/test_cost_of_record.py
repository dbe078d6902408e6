"""What one investigated case costs: every write transaction waits for the disk, every statement takes time."""

from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import event

from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from contracts.investigation import AssessmentOrder, SpecialistOrder
from contracts.report import SPECIALISTS, Specialist
from contracts.steps import RoundInput
from tests.support.casebooks import CaseBook
from tests.unit.worker.support.agents import FakeTools, ScriptedModel, Turn, a_loop, a_verdict, answers, asks
from tests.unit.worker.support.cases import a_policy, an_alert
from tests.unit.worker.support.record import CASE, CTX, an_opening
from worker.activities.assessment import AssessmentActivities
from worker.activities.review import ReviewActivities
from worker.activities.rounds import RoundActivities
from worker.activities.specialists import SpecialistActivities
from worker.agents.aggregator import AggregatorAgent
from worker.agents.budget import Budget, BudgetGuard
from worker.agents.prompts import load_prompts
from worker.agents.specialists import SpecialistAgents

WRITES = 12
"""The round, three for each specialist (begun, first answer, report with the second answer), assessment, review."""
READS = 8
"""What the case has cost so far before each model call, and how far the assessment is."""
STATEMENTS = 148


def a_turn_with_tools_and_a_verdict(specialist: Specialist) -> list[Turn]:
    return [asks(("get_customer", {"customer_id": 7})), answers(a_verdict(0.7, [f"r1-{specialist}-1"]))]


def investigate(book: CaseBook) -> None:
    """From the first round to the open review, as it goes when nothing fails."""
    guard, prompts = BudgetGuard(Budget(tokens_per_case=1_000_000), book), load_prompts()
    judgement = answers({"overall_risk_score": 0.9, "recommended_action": "lock_account", "reasoning": "A takeover."})
    turns = [turn for specialist in SPECIALISTS for turn in a_turn_with_tools_and_a_verdict(specialist)]
    loop = a_loop(ScriptedModel([*turns, judgement]), FakeTools(), budget=guard)
    RoundActivities(book, a_policy()).start_round(CTX, RoundInput(case_id=CASE, round=1))
    specialists = SpecialistActivities(book, SpecialistAgents(loop, prompts))
    reports = tuple(
        specialists.run_specialist(
            CTX,
            SpecialistOrder(case_id=CASE, round=1, specialist=specialist, policy=a_policy()),
        )
        for specialist in SPECIALISTS
    )
    order = AssessmentOrder(case_id=CASE, round=1, reports=reports, policy=a_policy())
    assessment = AssessmentActivities(book, AggregatorAgent(loop, prompts)).assess_risk(CTX, order)
    ReviewActivities(book).open_review(CTX, an_opening(assessment))


def test_investigated_case_needs_a_bounded_number_of_statements(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    book = CaseBook(Transactions(engine))
    book.open_case(an_alert())
    sent: Counter[str] = Counter()

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent[statement if statement.startswith("BEGIN") else "other"] += 1

    event.listen(engine, "before_cursor_execute", count)
    try:
        investigate(book)
    finally:
        engine.dispose()

    assert (sent["BEGIN IMMEDIATE"], sent["BEGIN"]) == (WRITES, READS)
    assert sent.total() <= STATEMENTS
    assert book.verify_case_log() is None
