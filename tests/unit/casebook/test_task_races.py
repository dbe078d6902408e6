"""Tasks that several change, make and tell of at the same time: one wins, and nobody waits for ever."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import Engine, text

from casebook.chat_api import ChatApi
from casebook.commands.chat_messages import NewMessage
from casebook.commands.task_reminders import Reminder
from casebook.commands.tasks import Origin
from casebook.database.transactions import Transactions
from casebook.errors import CasebookError, TaskChanged
from casebook.queries.chat import DraftBasis
from casebook.tasks_api import TasksApi
from contracts.chat import ChatDraft
from contracts.task_plans import DueTime, PlannedTaskChange
from contracts.tasks import NewTask, TaskChange
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import SteppingClock, open_case
from tests.unit.casebook.test_conversations import NO_LIMITS

T = TypeVar("T")
AT_ONCE = 8
CALL = NewTask(title="Call", due=DueTime(local="2026-06-01T09:00", zone="UTC"))


@pytest.fixture
def tasks(engine: Engine, clock: SteppingClock) -> TasksApi:
    return TasksApi(Transactions(engine, clock))


def all_at_once(calls: Sequence[Callable[[], T]]) -> list[T | CasebookError]:
    """What each returns or raises, when all begin together."""
    together = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | CasebookError:
        together.wait(60)
        try:
            return call()
        except CasebookError as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result(60) for each in [pool.submit(run, call) for call in calls]]


def count(engine: Engine, event: str) -> int:
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM domain_event WHERE type = :event")
        return connection.execute(query, {"event": event}).scalar_one()


def test_one_of_several_with_the_same_key_makes_it(tasks: TasksApi, engine: Engine):
    made = all_at_once(
        [
            lambda number=number: tasks.create_task(CALL, Origin(f"task-{number}", "ana", "k")).task.task_id
            for number in range(AT_ONCE)
        ]
    )
    assert len(set(made)) == 1
    assert count(engine, "TaskCreated") == 1


def test_one_of_several_changes_wins(tasks: TasksApi, engine: Engine):
    tasks.create_task(CALL, Origin("task-1", "ana"))
    ended = all_at_once(
        [
            lambda number=number: tasks.change_task("task-1", 1, TaskChange(title=f"Title {number}"))
            for number in range(AT_ONCE)
        ]
    )
    assert sum(isinstance(each, TaskChanged) for each in ended) == AT_ONCE - 1
    assert (tasks.task("task-1").revision, count(engine, "TaskChanged")) == (2, 1)


def test_several_workers_tell_once(tasks: TasksApi, engine: Engine, clock: SteppingClock):
    tasks.create_task(CALL, Origin("task-1", "ana"))
    clock.now += timedelta(days=365)
    told = all_at_once([lambda: tasks.tell_overdue(Reminder("task-1", 1)).told] * AT_ONCE)
    assert (sum(each is True for each in told), count(engine, "TaskOverdue")) == (1, 1)


def test_completion_and_reminder_agree(tasks: TasksApi, engine: Engine, clock: SteppingClock):
    for number in range(5):
        tasks.create_task(CALL, Origin(f"task-{number}", "ana"))
    clock.now += timedelta(days=365)
    for number in range(5):
        task_id = f"task-{number}"
        told, done = all_at_once(
            [
                lambda task_id=task_id: tasks.tell_overdue(Reminder(task_id, 1)).told,
                lambda task_id=task_id: tasks.complete_task(task_id, 1).state == "completed",
            ]
        )
        assert done is True
        assert told in (True, False)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM task_reminder")).scalar_one() == 0


def test_replies_and_people_do_not_wait_for_each_other(
    tasks: TasksApi, engine: Engine, clock: SteppingClock, book: CaseBook
):
    """Sends replies with tasks, makes and changes tasks about a case, and writes to that case, all at the same time."""
    case = open_case(book, 1)
    chat = ChatApi(Transactions(engine, clock))
    for number in range(AT_ONCE):
        chat.post_message(NewMessage(f"turn-{number}", f"user-{number}", "Remind me", {}, (), None), NO_LIMITS)
        basis = chat.begin_draft(f"turn-{number}")
        assert isinstance(basis, DraftBasis)
        plan = PlannedTaskChange(change="create", task_id=f"task-chat{number}", title="Call")
        draft = ChatDraft(round=1, seen=basis.seen, text="Right.", model="rules", task_changes=(plan,))
        chat.keep_draft(f"turn-{number}", draft)
    about = NewTask(title="About the case", case_id=case)

    def send(number: int) -> str:
        return chat.send_reply(f"turn-{number}", 1)

    def make(number: int) -> str:
        made = tasks.create_task(about, Origin(f"task-desk{number}", "ana")).task
        return tasks.change_task(made.task_id, 1, TaskChange(title="Another")).task_id

    def note(number: int) -> str:
        return book.add_note(case, "ana", f"Note {number}").note_id

    ended = all_at_once([lambda do=do, n=n: do(n) for n in range(AT_ONCE) for do in (send, make, note)])
    assert [each for each in ended if isinstance(each, Exception)] == []
    assert count(engine, "TaskCreated") == 2 * AT_ONCE
    assert len(tasks.list_tasks(limit=100).items) == 2 * AT_ONCE
