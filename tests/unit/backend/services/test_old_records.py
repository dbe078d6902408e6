"""The job deletes all that is old, a bounded part at a time, and goes on where it was stopped."""

import asyncio
from datetime import datetime, timedelta
from typing import Never

import pytest
from sqlalchemy import Engine, text

from backend.executor import BlockingExecutor
from backend.services import old_records
from backend.services.errors import SchedulerUnavailable
from backend.services.kept_for import KeptFor
from backend.services.old_records import OldRecords
from casebook.async_retention import AsyncRetention
from casebook.chat_api import ChatApi
from casebook.commands import purges
from casebook.database.transactions import Transactions
from casebook.retention_api import RetentionApi
from casebook.tasks_api import TasksApi
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.backend.support import FOR_EVER
from tests.unit.casebook.builders import SteppingClock
from tests.unit.casebook.test_accesses import view
from tests.unit.casebook.test_conversations import post
from tests.unit.casebook.test_deliveries import make
from tests.unit.casebook.test_purges import cleared, grow_old, locked

pytestmark = pytest.mark.anyio

MONTH = KeptFor(
    cases=30,
    reply_cases=30,
    conversations=30,
    tasks=30,
    telemetry_dead_letters=30,
    domain_events=30,
    accesses=30,
    orchestrations=30,
)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def filled(engine: Engine, clock: SteppingClock) -> CaseBook:
    """Something old of everything that the job deletes."""
    book = CaseBook(Transactions(engine, clock))
    locked(book)
    for number in range(2, 7):
        cleared(book, number)
    book.record([view("case-impossible_travel-2")])
    post(ChatApi(book.transactions))
    make(book.transactions, "task-1")
    TasksApi(book.transactions).complete_task("task-1", None)
    grow_old(book)
    return book


def job(book: CaseBook, scheduler: FakeScheduler, kept: KeptFor = MONTH, grace: timedelta = timedelta(0)) -> OldRecords:
    record = AsyncRetention(RetentionApi(book.transactions), BlockingExecutor())
    return OldRecords(record, scheduler, kept, book.transactions.now, grace)


async def test_first_sweep_leaves_time_to_object(
    filled: CaseBook, scheduler: FakeScheduler, clock: SteppingClock, caplog: pytest.LogCaptureFixture
) -> None:
    old = job(filled, scheduler, grace=timedelta(days=7))
    for _ in range(2):
        assert not await old.sweep()
    assert old.deleted.total() == 0
    assert timedelta(days=6) < timedelta(seconds=old.waits_s) <= timedelta(days=7)
    assert [line.levelname for line in caplog.records if "Nothing that is old" in line.getMessage()] == ["WARNING"]
    clock.now += timedelta(days=8)
    await old.sweep()
    assert (old.deleted["fraud_cases"], old.waits_s) == (5, 0)


async def test_clock_that_jumps_ahead_deletes_nothing(
    filled: CaseBook, scheduler: FakeScheduler, clock: SteppingClock
) -> None:
    right = clock.now
    old = job(filled, scheduler, grace=timedelta(days=7))
    await old.sweep()
    for jump in (timedelta(days=4_000), -timedelta(days=4_000)):
        clock.now += jump
        await old.sweep()
    assert clock.now >= right
    assert old.deleted.total() == 0


async def test_what_is_damaged_keeps_nothing_else(
    filled: CaseBook, scheduler: FakeScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise KeyError("a damaged row")

    monkeypatch.setattr("casebook.commands.old_records.delete_tasks", broken)
    old = job(filled, scheduler)
    await old.sweep()
    assert (old.failed["tasks"], old.deleted["tasks"], old.deleted["accesses"]) == (1, 0, 1)


async def test_sweep_deletes_all_that_is_old(filled: CaseBook, scheduler: FakeScheduler) -> None:
    scheduler.instances["case-1"] = instance_state("closed", status="COMPLETED")
    scheduler.instances["case-2"] = instance_state("acting")
    old = job(filled, scheduler)
    assert not await old.sweep()
    wanted = {"fraud_cases": 5, "conversations": 1, "tasks": 1, "accesses": 1, "orchestrations": 1}
    assert {record: count for record, count in old.deleted.items() if count and record != "domain_events"} == wanted
    assert old.needed == {"fraud_cases": 1, "reply_cases": 0}
    assert scheduler.instances.keys() == {"case-2"}
    assert filled.verify_case_log() is None
    assert not await old.sweep()
    assert old.deleted["fraud_cases"] == 5


async def test_nothing_is_deleted_that_is_kept_for_ever(filled: CaseBook, scheduler: FakeScheduler) -> None:
    old = job(filled, scheduler, FOR_EVER)
    assert not await old.sweep()
    assert old.deleted.total() == 0
    assert len(filled.list_cases().items) == 6


async def test_sweep_is_bounded_and_goes_on(
    filled: CaseBook, scheduler: FakeScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purges, "PURGED_AT_ONCE", 2)
    monkeypatch.setattr(old_records, "BATCHES", 1)
    old, purged = job(filled, scheduler), list[int]()
    for _ in range(4):
        await old.sweep()
        purged.append(old.deleted["fraud_cases"])
    assert purged == [1, 3, 5, 5]
    assert old.needed["fraud_cases"] == 1


async def test_words_are_forgotten_after_a_kill(filled: CaseBook, scheduler: FakeScheduler, engine: Engine) -> None:
    RetentionApi(filled.transactions).purge_cases("fraud", 30)
    await job(filled, scheduler).sweep()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM purged_case WHERE words_left")).scalar_one() == 0


async def test_scheduler_that_is_away_keeps_nothing_else(filled: CaseBook, scheduler: FakeScheduler) -> None:
    scheduler.reachable = False
    old = job(filled, scheduler)
    with pytest.raises(SchedulerUnavailable):
        await old.sweep()
    assert old.deleted["fraud_cases"] == 5
    assert old.deleted["accesses"] == 1


def _refuse(*_: object) -> Never:
    raise ValueError("something is damaged")


async def test_log_that_holds_what_was_erased_is_emptied(filled: CaseBook, scheduler: FakeScheduler) -> None:
    old = job(filled, scheduler, FOR_EVER)
    filled.transactions.holds_erased = True
    await old.sweep()
    assert not filled.transactions.holds_erased


async def test_words_that_stay_keep_nothing_else(
    filled: CaseBook, scheduler: FakeScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RetentionApi, "forget_words", _refuse)
    old = job(filled, scheduler)
    await old.sweep()
    assert (old.deleted["accesses"], old.failed["fraud_cases"]) == (1, 1)


async def test_job_outlives_a_sweep_that_fails(
    filled: CaseBook, scheduler: FakeScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins, begun_again, failures = RetentionApi.begin_sweep, asyncio.Event(), ["something is damaged"]

    def fail_once(api: RetentionApi, grace: timedelta) -> datetime:
        if failures:
            raise ValueError(failures.pop())
        loop.call_soon_threadsafe(begun_again.set)
        return begins(api, grace)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(old_records, "IDLE_S", 0)
    monkeypatch.setattr(RetentionApi, "begin_sweep", fail_once)
    running = asyncio.create_task(job(filled, scheduler).run())
    await asyncio.wait_for(begun_again.wait(), 60)
    running.cancel()
