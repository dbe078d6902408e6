"""A run of the schedule asks the record with the day that has begun by the scheduler's clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casebook.chat_api import ChatApi
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import CasebookUnavailable
from casebook.schedules_api import SchedulesApi
from contracts.schedules import RESET_COUNTS
from contracts.steps import CountResetOrder, CountResetResult
from tests.unit.worker.support.case_script import CaseScript
from tests.unit.worker.support.lab import Lab
from tests.unit.worker.support.record import CTX
from worker.activities.schedules import ScheduleActivities


def test_run_says_whether_it_was_due(lab: Lab) -> None:
    script = CaseScript(resets=[CountResetResult(done=True), CountResetResult(done=False)])
    assert [lab.reset_counts(script) for _ in range(2)] == [True, False]
    assert {order.day for order in script.reset_orders} <= {
        moment.date().isoformat() for moment in (datetime.now(UTC), datetime.now(UTC) - timedelta(minutes=5))
    }


def test_run_that_fails_says_only_why(lab: Lab) -> None:
    script = CaseScript(instead={"reset_counts": CasebookUnavailable("Its disk /var/x is full.")})
    with pytest.raises(AssertionError, match="casebook-unavailable reset-counts-"):
        lab.reset_counts(script)


@pytest.mark.parametrize(("day", "done"), [("2026-11-29", False), ("2026-11-30", True), ("9999-12-31", True)])
def test_record_decides_whatever_day_is_ordered(tmp_path: Path, day: str, done: bool) -> None:
    now = datetime(2026, 11, 29, 23, 55, tzinfo=UTC)
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    transactions = Transactions(engine, lambda: now)
    record, chat = SchedulesApi(transactions), ChatApi(transactions)
    record.begin(RESET_COUNTS)
    chat.set_count("bob", 3)
    activities = ScheduleActivities(record)
    order = CountResetOrder(day=day)
    assert [activities.reset_counts(CTX, order).done for _ in range(2)] == [done, False]
    assert chat.message_count("bob").message_count == (0 if done else 3)
    (schedule,) = record.list_schedules().items
    assert schedule.last_run_day == ("2026-11-30" if done else None)
