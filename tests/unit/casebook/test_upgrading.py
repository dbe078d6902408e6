"""An upgrade of a casebook that an earlier release filled."""

import ast
import json
import sys
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from casebook.audit.audited_tables import calls_of
from casebook.case_log.call_chain import Fault, Mark, chain_faults, spend_faults
from casebook.database.engine import APPLICATION_ID, _alembic_config, open_engine, upgrade, writing  # pyright: ignore[reportPrivateUsage]
from casebook.database.transactions import Transactions
from casebook.queries.filters import CaseQuery
from casebook.schema.cases import CaseRow
from casebook.workspace_api import WorkspaceApi
from contracts.journal import JournalEntry
from contracts.spend import ModelUse
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, an_alert, an_assessment

MIGRATIONS = Path(__file__).parents[3] / "casebook" / "migrations" / "versions"
CASE = (
    'INSERT INTO "case" (case_id, alert_id, customer_id, alert_type, severity, description, source, state, phase,'
    " round, specialists, opened_at, updated_at, opened_seq, last_seq) VALUES (:case, :alert, :number, :rule,"
    " :severity, :description, 'live', 'closed', 'closed', 1, '{}', :at, :at, :seq, :seq)"
)
ALERT = "INSERT INTO alert (alert_id, case_id, opened_seq, body) VALUES (:alert, :case, :seq, :body)"
ROUND = "INSERT INTO round (case_id, round, started_at, assessment) VALUES (:case, 1, :at, :assessment)"
REVIEW = (
    "INSERT INTO review (review_id, case_id, round, status, assessment_hash, opened_at, due_at, required_role,"
    " approvals_required) VALUES (:review, :case, 1, 'decided', 'h', :at, :at, 'analyst', 1)"
)
DECISION = (
    "INSERT INTO decision (review_id, case_id, round, verdict, action, accepted_seq, body)"
    " VALUES (:review, :case, 1, :verdict, :action, :seq, '{}')"
)
CALL = "INSERT INTO model_call (case_id, key, response, recorded_at) VALUES (:case, :key, '{}', :at)"
SPENT = (
    "INSERT INTO model_spend (case_id, round, agent, model, day, rule_id, model_calls, input_tokens, output_tokens,"
    " cost_micro_usd) VALUES (:case, 1, 'usage', 'm-1', '2026-05-04', NULL, 2, 200, 40, :cost)"
)
CASES = 1_203
"""More than two batches of the migration."""


def test_the_cases_of_the_first_release_are_listed_found_and_sorted_like_new_ones(url: str) -> None:
    engine = open_engine(url)
    with writing(engine).begin() as connection:
        command.upgrade(_alembic_config(connection), "0001")
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    verdicts = [("approve", "clear"), ("approve", "lock_account"), ("reject", None)]
    with writing(engine).begin() as connection:
        at = NOON if engine.dialect.name != "sqlite" else NOON.replace(tzinfo=None).isoformat(" ")
        for number in range(1, CASES + 1):
            alert = an_alert(number)
            values = {"case": f"case-{alert.alert_id}", "alert": alert.alert_id, "number": number, "seq": number}
            values |= {
                "at": at,
                "rule": alert.rule_id,
                "severity": "critical" if number == 7 else "low",
                "description": alert.description,
            }
            connection.execute(text(CASE), values)
            connection.execute(text(ALERT), values | {"body": alert.model_dump_json()})
            if number % 400 == 0:
                verdict, action = verdicts[number // 400 - 1]
                assessment = json.dumps(an_assessment().model_dump(mode="json"))
                more = {"review": f"{values['case']}:r1", "verdict": verdict, "action": action}
                connection.execute(text(ROUND), values | {"assessment": assessment})
                connection.execute(text(REVIEW), values | more)
                connection.execute(text(DECISION), values | more)
        connection.execute(text("UPDATE log_head SET last_seq = :seq"), {"seq": CASES})

    upgrade(engine)

    desk, book = WorkspaceApi(Transactions(engine)), CaseBook(Transactions(engine))
    first = book.summary("case-impossible_travel-1")
    assert (first.rule_id, first.recommended_action, first.disposition) == ("impossible_travel", None, None)
    decided = [book.summary(f"case-impossible_travel-{number}") for number in (400, 800, 1_200)]
    assert [case.recommended_action for case in decided] == ["lock_account"] * 3
    assert [case.disposition for case in decided] == ["false_positive", "confirmed_fraud", "inconclusive"]
    assert [case.customer_id for case in desk.list_cases(CaseQuery(sort="due"), "ana", limit=2).items] == [7, 1]
    found = desk.list_cases(CaseQuery(q="customer 2 são"), "ana").items
    assert [case.customer_id for case in found] == [2]
    engine.dispose()


@pytest.mark.parametrize("keys", [("r1-usage-m1", "r1-usage-m2"), ()])
@pytest.mark.parametrize("cost", [246, None])
def test_what_an_earlier_release_spent_is_the_baseline(url: str, keys: tuple[str, ...], cost: int | None) -> None:
    engine = open_engine(url)
    with writing(engine).begin() as connection:
        command.upgrade(_alembic_config(connection), "0006")
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        at = NOON if engine.dialect.name != "sqlite" else NOON.replace(tzinfo=None).isoformat(" ")
        alert = an_alert(1)
        values = {"case": "case-1", "alert": alert.alert_id, "number": 1, "seq": 1, "at": at, "severity": "low"}
        values |= {"rule": alert.rule_id, "description": alert.description, "cost": cost}
        connection.execute(text(CASE), values)
        connection.execute(text(SPENT), values)
        for key in keys:
            connection.execute(text(CALL), values | {"key": key})

    upgrade(engine)

    book = CaseBook(Transactions(engine, lambda: NOON))
    use = ModelUse(round=1, agent="usage", model="m-1", input_tokens=1, output_tokens=1, cost_usd=None)
    assert faults_of(engine) == []
    book.keep_journal("case-1", [JournalEntry("r1-usage-m3", "{}", use)])
    assert faults_of(engine) == []
    assert book.spent_on_case("case-1").input_tokens == 201
    for tampering in ("UPDATE model_spend SET input_tokens = 0", "DELETE FROM model_call WHERE key = 'baseline'"):
        with writing(engine).begin() as connection:
            connection.execute(text(tampering))
        assert faults_of(engine)
    engine.dispose()


def faults_of(engine: Engine) -> list[Fault]:
    with Session(engine) as session:
        case = session.get_one(CaseRow, "case-1")
        calls = calls_of(session, [case])["case-1"]
        assert calls.head is not None
        faults = [*chain_faults(calls.journal, [Mark(1, *calls.head)])]
        return [*faults, *spend_faults(calls.spent or {}, calls.journal, case.rule_id, 1)]


@pytest.mark.parametrize("migration", sorted(MIGRATIONS.glob("*.py")), ids=lambda file: file.stem)
def test_migration_imports_nothing_that_may_change(migration: Path) -> None:
    tree = ast.parse(migration.read_text())
    named = {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    named |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {name.partition(".")[0] for name in named} <= {*sys.stdlib_module_names, "alembic", "sqlalchemy"}
