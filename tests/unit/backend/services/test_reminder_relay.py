"""Reminders of tasks reach the scheduler whatever dies in between, and none outlives its due time."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.executor import BlockingExecutor
from backend.services.errors import SchedulerUnavailable
from backend.services.reminder_relay import ReminderRelay
from backend.services.scheduler import RuntimeStatus
from casebook.async_api import AsyncTasks
from casebook.commands.task_reminders import Reminder
from casebook.commands.tasks import Origin
from casebook.database.transactions import Transactions
from casebook.tasks_api import TasksApi
from contracts.names import TASK_REMINDER
from contracts.tasks import DueTime, NewTask, TaskChange
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state

pytestmark = pytest.mark.anyio

START = datetime(2027, 3, 26, 9, tzinfo=UTC)
FIRST, SECOND = "reminder-task-1-1", "reminder-task-1-2"


class WallClock:
    """The time as the test says."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def wall() -> WallClock:
    return WallClock()


@pytest.fixture
def tasks(book: CaseBook, wall: WallClock) -> TasksApi:
    with book.transactions.read() as connection:
        return TasksApi(Transactions(connection.engine, wall))


@pytest.fixture
def reminders(tasks: TasksApi, scheduler: FakeScheduler) -> ReminderRelay:
    return ReminderRelay(AsyncTasks(tasks, BlockingExecutor()), scheduler)


def due(at: datetime) -> DueTime:
    return DueTime(local=at.replace(tzinfo=None).isoformat(), zone="UTC")


def make(tasks: TasksApi, after: timedelta = timedelta(hours=1)) -> None:
    tasks.create_task(NewTask(title="Call", due=due(START + after)), Origin("task-1", "ana"))


def status_of(scheduler: FakeScheduler, instance: str) -> RuntimeStatus:
    return scheduler.instances[instance].runtime_status


async def test_reminder_is_started_once(reminders: ReminderRelay, tasks: TasksApi, scheduler: FakeScheduler) -> None:
    make(tasks)
    for _ in range(3):
        await reminders.sweep()
    assert scheduler.attempts == [FIRST]


async def test_far_reminder_waits_on_record(
    reminders: ReminderRelay, tasks: TasksApi, scheduler: FakeScheduler, wall: WallClock
) -> None:
    make(tasks, timedelta(days=300))
    await reminders.sweep()
    assert scheduler.starts == []
    wall.now += timedelta(days=297)
    await reminders.sweep()
    assert scheduler.starts == [FIRST]


async def test_crash_between_start_and_acknowledgement_starts_nothing_twice(
    reminders: ReminderRelay, tasks: TasksApi, scheduler: FakeScheduler
) -> None:
    make(tasks)
    await scheduler.start_reminder("task-1", 1)
    await reminders.sweep()
    assert scheduler.starts == [FIRST]


async def test_reminder_waits_for_an_unreachable_scheduler(
    reminders: ReminderRelay, tasks: TasksApi, scheduler: FakeScheduler
) -> None:
    make(tasks)
    scheduler.reachable = False
    with pytest.raises(SchedulerUnavailable):
        await reminders.sweep()
    scheduler.reachable = True
    await reminders.sweep()
    assert scheduler.starts == [FIRST]


async def test_changed_due_time_ends_the_old_reminder(
    reminders: ReminderRelay, tasks: TasksApi, scheduler: FakeScheduler
) -> None:
    make(tasks)
    await reminders.sweep()
    tasks.change_task("task-1", 1, TaskChange(due=due(START + timedelta(hours=2))))
    await reminders.sweep()
    assert (status_of(scheduler, FIRST), status_of(scheduler, SECOND)) == ("TERMINATED", "RUNNING")
    assert tasks.cancelled_reminders() == []


@pytest.mark.parametrize("left", ["RUNNING", "COMPLETED", None])
async def test_deleted_task_leaves_no_reminder(
    reminders: ReminderRelay, tasks: TasksApi, scheduler: FakeScheduler, left: RuntimeStatus | None
) -> None:
    make(tasks)
    await reminders.sweep()
    if left is None:
        del scheduler.instances[FIRST]
    else:
        scheduler.instances[FIRST] = instance_state("investigating", status=left, name=TASK_REMINDER)
    tasks.delete_task("task-1", 1)
    await reminders.sweep()
    assert tasks.cancelled_reminders() == []
    going_on = await scheduler.living()
    assert FIRST not in going_on


@pytest.mark.parametrize("lost", ["FAILED", "TERMINATED", "COMPLETED", None])
async def test_lost_reminder_is_started_again(
    reminders: ReminderRelay,
    tasks: TasksApi,
    scheduler: FakeScheduler,
    wall: WallClock,
    lost: RuntimeStatus | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make(tasks)
    await reminders.sweep()
    if lost is None:
        scheduler.instances.clear()
    else:
        scheduler.instances[FIRST] = instance_state("investigating", status=lost, name=TASK_REMINDER)
    wall.now += timedelta(hours=1, minutes=2)
    await reminders.sweep()
    await reminders.sweep()
    assert scheduler.starts == [FIRST, FIRST]
    assert tasks.tell_overdue(Reminder("task-1", 1)).told
    assert "before it had told anything: it is started again." in caplog.text


async def test_reminder_that_runs_late_is_left_alone_and_resumed(
    reminders: ReminderRelay, tasks: TasksApi, scheduler: FakeScheduler, wall: WallClock
) -> None:
    make(tasks)
    await reminders.sweep()
    scheduler.instances[FIRST] = instance_state("investigating", status="SUSPENDED", name=TASK_REMINDER)
    wall.now += timedelta(hours=2)
    await reminders.sweep()
    assert (scheduler.starts, status_of(scheduler, FIRST)) == ([FIRST], "RUNNING")


async def test_reminder_that_is_refused_does_not_hold_up_others(
    reminders: ReminderRelay, tasks: TasksApi, scheduler: FakeScheduler
) -> None:
    make(tasks)
    tasks.create_task(NewTask(title="B", due=due(START + timedelta(hours=2))), Origin("task-2", "ana"))
    scheduler.refuses = {FIRST}
    await reminders.sweep()
    assert scheduler.starts == ["reminder-task-2-1"]
    assert tasks.unscheduled_reminders(timedelta(days=1)) == [Reminder("task-1", 1)]
