"""What comes to need a case while it is purged: one of both wins, whoever comes first, and the other one knows."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text

from casebook.commands.alerts import record_alert
from casebook.commands.purges import OldCases, purge_cases
from casebook.commands.tasks import Origin, change_task, create_task
from casebook.errors import LinkedCaseUnknown
from casebook.policy.alert_joins import JoinPolicy
from casebook.retention_api import RetentionApi
from casebook.tasks_api import TasksApi
from contracts.tasks import NewTask, TaskChange
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import later, only_on
from tests.unit.casebook.test_purges import KEPT, cleared, grow_old

pytestmark = only_on("postgresql")

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
def retention(book: CaseBook) -> RetentionApi:
    return RetentionApi(book.transactions)


@pytest.fixture
def old(book: CaseBook) -> str:
    """A case that is due."""
    case = cleared(book)
    grow_old(book)
    return case


def due(book: CaseBook) -> OldCases:
    return OldCases("fraud", KEPT, book.transactions.now(), after=0, most=20)


def until_it_waits(engine: Engine, call: "Future[Any]") -> None:
    """Return once the call waits for a lock, or is over."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not call.done() and not connection.execute(WAITING).scalar_one():
            pass


def test_case_is_opened_that_follows_an_old_one(book: CaseBook, retention: RetentionApi, old: str) -> None:
    with book.transactions.write() as connection:
        opened = record_alert(connection, later(), JoinPolicy(), book.transactions.now())
        assert retention.purge_cases("fraud", KEPT).purged == 0
    assert retention.purge_cases("fraud", KEPT).purged == 0
    assert opened is not None
    assert book.get_fraud_case(opened.case_id).follows == old
    assert book.audit().broken is None


def test_nothing_follows_a_case_that_is_being_purged(book: CaseBook, engine: Engine, old: str) -> None:
    with ThreadPoolExecutor() as pool:
        with book.transactions.write() as connection:
            assert purge_cases(connection, due(book), book.transactions.now()).purged == 1
            opening = pool.submit(book.open_case, later())
            until_it_waits(engine, opening)
        opened = opening.result(60)
    assert book.get_fraud_case(opened.case_id).follows is None
    assert book.audit().broken is None


@pytest.mark.parametrize("made", [True, False], ids=["made", "changed"])
def test_task_that_comes_first_keeps_its_case(book: CaseBook, retention: RetentionApi, old: str, made: bool) -> None:
    now = book.transactions.now()
    TasksApi(book.transactions).create_task(NewTask(title="Call"), Origin("task-1", "ana"))
    with book.transactions.write() as connection:
        if made:
            create_task(connection, NewTask(title="Write", case_id=old), Origin("task-2", "ana"), now)
        else:
            change_task(connection, "task-1", None, TaskChange(case_id=old), now)
        assert retention.purge_cases("fraud", KEPT).purged == 0
    assert retention.purge_cases("fraud", KEPT).purged == 0


@pytest.mark.parametrize("made", [True, False], ids=["made", "changed"])
def test_no_task_is_about_a_purged_case(book: CaseBook, engine: Engine, old: str, made: bool) -> None:
    tasks = TasksApi(book.transactions)
    tasks.create_task(NewTask(title="Call"), Origin("task-1", "ana"))
    with ThreadPoolExecutor() as pool:
        with book.transactions.write() as connection:
            assert purge_cases(connection, due(book), book.transactions.now()).purged == 1
            if made:
                call = pool.submit(tasks.create_task, NewTask(title="Write", case_id=old), Origin("task-2", "ana"))
            else:
                call = pool.submit(tasks.change_task, "task-1", None, TaskChange(case_id=old))
            until_it_waits(engine, call)
        with pytest.raises(LinkedCaseUnknown):
            call.result(60)
