"""A reminder waits for the due time that its task has on record, whatever the clocks do meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from durabletask import task
from sqlalchemy import text

from casebook.commands.tasks import Origin
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import CasebookUnavailable
from casebook.tasks_api import TasksApi
from contracts.steps import ReminderOrder, ReminderResult
from contracts.tasks import DueTime, NewTask, TaskChange
from tests.unit.worker.support.case_script import CaseScript
from tests.unit.worker.support.lab import Lab
from tests.unit.worker.support.record import CTX
from worker.activities.tasks import TaskActivities
from worker.orchestrations.task_reminder import LONGEST_WAIT, task_reminder

ORDER = ReminderOrder(task_id="task-1", revision=1)


class VirtualTime:
    """Runs a reminder against the real record; every timer fires at once, and takes the time with it."""

    is_replaying = False
    instance_id = "reminder-task-1-1"

    def __init__(self, folder: Path, start: datetime) -> None:
        self.now = start
        self.waits: list[datetime] = []
        engine = open_engine(f"sqlite:///{folder / 'casebook.db'}")
        upgrade(engine)
        self.tasks = TasksApi(Transactions(engine, lambda: self.now))
        self._activities = TaskActivities(self.tasks)

    @property
    def current_utc_datetime(self) -> datetime:
        return self.now.replace(tzinfo=None)

    def call_activity(self, _: str, *, input: ReminderOrder, **__: Any) -> ReminderOrder:  # noqa: A002 - the SDK's word
        return input

    def create_timer(self, at: datetime) -> datetime:
        return at

    def make(self, local: str, zone: str) -> None:
        new = NewTask(title="Call", due=DueTime(local=local, zone=zone))
        self.tasks.create_task(new, Origin("task-1", "ana"))

    def steps(self) -> Iterator[object]:
        """What the reminder waits for; its end is that of the iterator."""
        running = task_reminder(cast("Any", self), cast("Any", ORDER.model_dump_json()))
        answer: object = None
        while True:
            try:
                step: Any = running.send(cast("Any", answer))
            except StopIteration as end:
                yield end.value
                return
            if isinstance(step, ReminderOrder):
                answer = self._activities.tell_overdue(CTX, step).model_dump_json()
            else:
                self.waits.append(step)
                yield step
                self.now, answer = max(step, self.now), None

    def run(self) -> bool:
        """Whether it told that the task is overdue."""
        *_, told = self.steps()
        return bool(told)

    def told(self) -> list[str]:
        with self.tasks.transactions.read() as connection:
            found = connection.execute(text("SELECT data FROM domain_event WHERE type = 'TaskOverdue'"))
            return [row.data for row in found]


@pytest.mark.parametrize(
    ("local", "at"),
    [
        ("2027-03-28T09:00", datetime(2027, 3, 28, 7, tzinfo=UTC)),
        ("2027-03-28T02:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        ("2027-10-31T02:30", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
        ("2027-10-31T09:00", datetime(2027, 10, 31, 8, tzinfo=UTC)),
    ],
)
def test_reminder_keeps_its_wall_time_across_clock_changes(tmp_path: Path, local: str, at: datetime) -> None:
    time = VirtualTime(tmp_path, at - timedelta(days=2, hours=5))
    time.make(local, "Europe/Berlin")
    assert time.run()
    assert (time.now, len(time.told())) == (at, 1)
    assert time.waits == [at - timedelta(days=1, hours=5), at - timedelta(hours=5), at]
    assert not time.run()
    assert len(time.told()) == 1


@pytest.mark.parametrize("change", ["later", "none", "complete", "delete"])
def test_reminder_of_a_due_time_that_is_gone_ends(tmp_path: Path, change: str) -> None:
    time = VirtualTime(tmp_path, datetime(2027, 3, 26, 9, tzinfo=UTC))
    time.make("2027-03-28T09:00", "Europe/Berlin")
    # Whatever failed to end it.
    time.tasks.confirm_reminders(time.tasks.unscheduled_reminders(timedelta(days=3)))
    steps = time.steps()
    next(steps)
    do = {
        "later": lambda: time.tasks.change_task(
            "task-1", 1, TaskChange(due=DueTime(local="2027-04-28T09:00", zone="UTC"))
        ),
        "none": lambda: time.tasks.change_task("task-1", 1, TaskChange.model_validate({"due": None})),
        "complete": lambda: time.tasks.complete_task("task-1", 1),
        "delete": lambda: time.tasks.delete_task("task-1", 1),
    }[change]
    do()
    assert [*steps] == [False]
    assert time.now == datetime(2027, 3, 26, 9, tzinfo=UTC) + LONGEST_WAIT
    assert time.told() == []


def test_forged_reminder_tells_nothing(tmp_path: Path) -> None:
    time = VirtualTime(tmp_path, datetime(2027, 3, 26, 9, tzinfo=UTC))
    assert not time.run()
    assert (time.waits, time.told()) == ([], [])


def test_scheduler_fires_the_timer_and_the_reminder_ends(lab: Lab) -> None:
    looks = [ReminderResult(wait_until=datetime.now(UTC) + timedelta(milliseconds=300))]
    assert lab.remind(ORDER, CaseScript(reminder_looks=looks)) is True
    assert looks == []
    gone = ReminderOrder(task_id="task-1", revision=2)
    assert lab.remind(gone, CaseScript(reminder_looks=[ReminderResult()])) is False


def test_reminder_that_fails_says_only_why(lab: Lab) -> None:
    order = ReminderOrder(task_id="task-1", revision=3)
    script = CaseScript(instead={"tell_overdue": CasebookUnavailable("Its disk /var/x is full.")})
    with pytest.raises(AssertionError, match="casebook-unavailable reminder-task-1-3"):
        lab.remind(order, script)


def test_context_is_not_the_sdk_itself() -> None:
    """The virtual one offers no more than the real one does."""
    for name in ("call_activity", "create_timer", "current_utc_datetime", "instance_id", "is_replaying"):
        assert hasattr(task.OrchestrationContext, name)
