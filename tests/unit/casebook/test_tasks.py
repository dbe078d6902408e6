"""Follow-up tasks: who changes what others have changed is refused, and each due time is told of once."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect, text

from casebook.commands.task_reminders import Reminder
from casebook.commands.tasks import Origin
from casebook.database.transactions import Transactions
from casebook.errors import (
    CasebookError,
    FieldNotRemovable,
    IllegalTaskMove,
    InvalidTask,
    LinkedCaseUnknown,
    MalformedCursor,
    MalformedDueTime,
    TaskChanged,
    TaskDueInPast,
    TaskDueTooLate,
    TaskKeyReused,
    TaskLinkedTwice,
    TaskNotFound,
    UnknownZone,
)
from casebook.policy import task_states
from casebook.queries.tasks import TaskQuery
from casebook.tasks_api import TasksApi
from contracts.tasks import DueTime, NewTask, Task, TaskChange, TaskMove, TaskState
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, SteppingClock, only_on, open_case

BERLIN = "Europe/Berlin"
LATER = DueTime(local="2026-06-01T09:00", zone=BERLIN)
"""07:00 UTC, after NOON."""
AHEAD = timedelta(days=3)


@pytest.fixture
def tasks(engine: Engine, clock: SteppingClock) -> TasksApi:
    return TasksApi(Transactions(engine, clock))


def make(tasks: TasksApi, number: int = 1, by: str = "ana", key: str | None = None, **said: Any) -> Task:
    new = NewTask.model_validate({"title": f"Task {number}", **said})
    return tasks.create_task(new, Origin(f"task-{number}", by, key)).task


def events(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT type, subject FROM domain_event ORDER BY number")).all()
    return [(row.type, row.subject) for row in rows]


def reminders(engine: Engine) -> list[tuple[str, int, str]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT task_id, revision, state FROM task_reminder ORDER BY 1, 2")).all()
    return [(row.task_id, row.revision, row.state) for row in rows]


def test_a_task_goes_from_its_creation_to_its_end(tasks: TasksApi, engine: Engine):
    made = make(tasks, notes="By phone.", due=LATER)
    assert (made.revision, made.state, made.assignee, made.created_by) == (1, "open", "ana", "ana")
    assert made.due is not None
    assert made.due.at == datetime(2026, 6, 1, 7, tzinfo=UTC)
    assert tasks.task("task-1") == made
    changed = tasks.change_task("task-1", 1, TaskChange(title="Call the bank", assignee="ben"))
    assert (changed.revision, changed.title, changed.assignee, changed.notes) == (
        2,
        "Call the bank",
        "ben",
        "By phone.",
    )
    done = tasks.complete_task("task-1", 2)
    assert (done.state, done.completed_at) == ("completed", done.changed_at)
    again = tasks.reopen_task("task-1", 3)
    assert (again.state, again.completed_at) == ("open", None)
    tasks.delete_task("task-1", 4)
    with pytest.raises(TaskNotFound):
        tasks.task("task-1")
    assert [kind for kind, subject in events(engine) if subject == "task/task-1"] == [
        "TaskCreated",
        "TaskChanged",
        "TaskCompleted",
        "TaskReopened",
        "TaskDeleted",
    ]


def test_nothing_that_was_written_outlives_a_deletion(tasks: TasksApi, engine: Engine):
    make(tasks, notes="By phone.", due=LATER, key="k")
    tasks.delete_task("task-1", 1)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT title, notes, request_hash FROM task")).one()
    assert tuple(row) == (None, None, None)
    assert reminders(engine) == []
    with pytest.raises(TaskNotFound):
        make(tasks, 2, key="k", notes="By phone.", due=LATER)


@pytest.mark.parametrize("move", ["change", "complete", "delete"])
def test_what_was_changed_meanwhile_is_not_changed_again(tasks: TasksApi, engine: Engine, move: str):
    make(tasks)
    tasks.change_task("task-1", 1, TaskChange(title="Another"))
    before = events(engine)
    do = {
        "change": lambda: tasks.change_task("task-1", 1, TaskChange(title="Mine")),
        "complete": lambda: tasks.complete_task("task-1", 1),
        "delete": lambda: tasks.delete_task("task-1", 1),
    }[move]
    with pytest.raises(TaskChanged, match="has revision 2 now"):
        do()
    assert (tasks.task("task-1").title, events(engine)) == ("Another", before)


def test_change_that_changes_nothing_leaves_no_trace(tasks: TasksApi, engine: Engine):
    made = make(tasks, due=LATER)
    before = events(engine)
    assert tasks.change_task("task-1", 1, TaskChange(title="Task 1", due=LATER)) == made
    assert tasks.change_task("task-1", 1, TaskChange()) == made
    assert events(engine) == before


def test_same_key_is_one_task(tasks: TasksApi):
    first = make(tasks, 1, key="k", due=LATER, title="Call")
    assert make(tasks, 2, key="k", due=LATER, title="Call") == first
    with pytest.raises(TaskKeyReused):
        make(tasks, 3, key="k", title="Another")
    assert make(tasks, 4, by="ben", key="k", title="Call").task_id == "task-4"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"due": DueTime(local="2026-01-01T09:00", zone="UTC")}, TaskDueInPast),
        ({"due": DueTime(local="9999-12-31T23:59", zone="Pacific/Pago_Pago")}, TaskDueTooLate),
        ({"due": DueTime(local="2040-01-01T09:00", zone="UTC")}, TaskDueTooLate),
        ({"due": DueTime(local="2026-06-01T09:00+02:00", zone="UTC")}, MalformedDueTime),
        ({"due": DueTime(local="2026-02-30T09:00", zone="UTC")}, MalformedDueTime),
        ({"due": DueTime(local="tomorrow", zone="UTC")}, MalformedDueTime),
        ({"due": DueTime(local="2026-06-01T09:00", zone="Mars/Phobos")}, UnknownZone),
        ({"due": DueTime(local="2026-06-01T09:00", zone="../UTC")}, UnknownZone),
        ({"due": DueTime(local="2026-06-01T09:00", zone="Europe")}, UnknownZone),
        ({"case_id": "case-nobody"}, LinkedCaseUnknown),
        ({"case_id": "case-nobody", "customer_id": 1}, TaskLinkedTwice),
    ],
)
def test_what_cannot_be_is_refused_and_not_stored(
    tasks: TasksApi, engine: Engine, said: dict[str, Any], error: type[InvalidTask]
):
    with pytest.raises(error) as refused:
        make(tasks, **said)
    assert (refused.value.status, len(refused.value.fields)) == (422, 1)
    assert tasks.list_tasks().items == ()
    assert (events(engine), reminders(engine)) == ([], [])


def test_change_refuses_what_a_creation_refuses(tasks: TasksApi):
    made = make(tasks, due=LATER, customer_id=7)
    past = DueTime(local="2026-01-01T09:00", zone="UTC")
    for change, error in (
        (TaskChange(due=past), TaskDueInPast),
        (TaskChange.model_validate({"title": None}), FieldNotRemovable),
        (TaskChange.model_validate({"assignee": None}), FieldNotRemovable),
        (TaskChange(case_id="case-nobody"), TaskLinkedTwice),
        (TaskChange.model_validate({"case_id": "case-nobody", "customer_id": None}), LinkedCaseUnknown),
    ):
        with pytest.raises(error):
            tasks.change_task("task-1", 1, change)
    assert tasks.task("task-1") == made


def test_task_is_about_a_case_or_a_customer(tasks: TasksApi, book: CaseBook):
    case = open_case(book, 1)
    make(tasks, 1, case_id=case)
    make(tasks, 2, customer_id=7)
    assert [each.task_id for each in tasks.list_tasks(TaskQuery(case_id=case)).items] == ["task-1"]
    assert [each.task_id for each in tasks.list_tasks(TaskQuery(customer_id=7)).items] == ["task-2"]
    moved = tasks.change_task("task-2", 1, TaskChange.model_validate({"case_id": case, "customer_id": None}))
    assert (moved.case_id, moved.customer_id) == (case, None)


def test_lists_are_sorted_by_due_time_and_paged(tasks: TasksApi):
    due = [None, "2026-06-03T09:00", "2026-06-01T09:00", "2026-06-01T09:00", None]
    for number, local in enumerate(due, start=1):
        make(tasks, number, due=local and DueTime(local=local, zone="UTC"))
    in_order = ["task-3", "task-4", "task-2", "task-1", "task-5"]
    assert [each.task_id for each in tasks.list_tasks().items] == in_order
    found: list[str] = []
    cursor = None
    for _ in in_order:
        page = tasks.list_tasks(limit=1, cursor=cursor)
        found += [each.task_id for each in page.items]
        cursor = page.next_cursor
    assert (found, cursor) == (in_order, None)
    cursor = tasks.list_tasks(limit=1).next_cursor
    for query, wrong in ((TaskQuery(assignee="ana"), cursor), (TaskQuery(), "nonsense")):
        with pytest.raises(MalformedCursor):
            tasks.list_tasks(query, cursor=wrong)


def test_filters_let_only_their_tasks_through(tasks: TasksApi, clock: SteppingClock):
    soon = (clock() + timedelta(minutes=5)).replace(tzinfo=None).isoformat(timespec="seconds")
    make(tasks, 1, due=DueTime(local=soon, zone="UTC"))
    make(tasks, 2, assignee="ben", due=LATER)
    make(tasks, 3, by="ben")
    make(tasks, 4)
    tasks.complete_task("task-4", 1)
    clock.now += timedelta(hours=1)

    def found(**query: Any) -> list[str]:
        return [each.task_id for each in tasks.list_tasks(TaskQuery.model_validate(query)).items]

    assert found() == ["task-1", "task-2", "task-3"]
    assert found(state="completed") == ["task-4"]
    assert found(state="any") == ["task-1", "task-2", "task-3", "task-4"]
    assert found(assignee="ben") == ["task-2", "task-3"]
    assert found(overdue=True) == ["task-1"]
    assert found(overdue=False) == ["task-2", "task-3"]
    assert found(due_after=NOON + timedelta(days=1)) == ["task-2"]
    assert found(due_before=NOON + timedelta(days=1)) == ["task-1"]
    assert tasks.task("task-1").is_overdue


class TestReminders:
    def test_due_time_is_told_of_once(self, tasks: TasksApi, engine: Engine, clock: SteppingClock):
        made = make(tasks, due=LATER)
        assert made.due is not None
        (reminder,) = tasks.unscheduled_reminders(timedelta(days=3_653))
        tasks.confirm_reminders([reminder])
        assert tasks.unscheduled_reminders(timedelta(days=3_653)) == []
        assert tasks.tell_overdue(reminder).wait_until == made.due.at
        clock.now = made.due.at
        assert tasks.tell_overdue(reminder).told
        assert not tasks.tell_overdue(reminder).told
        assert [kind for kind, _ in events(engine)] == ["TaskCreated", "TaskOverdue"]
        assert tasks.task("task-1").revision == 1

    def test_far_reminders_stay_out_of_the_scheduler(self, tasks: TasksApi, clock: SteppingClock):
        make(tasks, due=LATER)
        assert tasks.unscheduled_reminders(AHEAD) == []
        clock.now = datetime(2026, 5, 29, 7, tzinfo=UTC)
        assert tasks.unscheduled_reminders(AHEAD) == [Reminder("task-1", 1)]

    @pytest.mark.parametrize("scheduled", [False, True])
    @pytest.mark.parametrize("move", ["earlier", "none", "complete", "delete"])
    def test_due_time_that_is_gone_reminds_of_nothing(
        self, tasks: TasksApi, engine: Engine, clock: SteppingClock, move: str, *, scheduled: bool
    ):
        make(tasks, due=LATER)
        if scheduled:
            tasks.confirm_reminders([Reminder("task-1", 1)])
        if move == "earlier":
            tasks.change_task("task-1", 1, TaskChange(due=DueTime(local="2026-05-01T09:00", zone="UTC")))
        elif move == "none":
            tasks.change_task("task-1", 1, TaskChange.model_validate({"due": None}))
        elif move == "complete":
            tasks.complete_task("task-1", 1)
        else:
            tasks.delete_task("task-1", 1)
        assert tasks.cancelled_reminders() == ([Reminder("task-1", 1)] if scheduled else [])
        clock.now = datetime(2026, 7, 1, tzinfo=UTC)
        ghost = tasks.tell_overdue(Reminder("task-1", 1))
        assert (ghost.told, ghost.wait_until) == (False, None)
        # Nor does one that is scheduled after it was called off.
        tasks.confirm_reminders([Reminder("task-1", 1)])
        assert tasks.tell_overdue(Reminder("task-1", 1)).wait_until is None
        tasks.forget_reminders(tasks.cancelled_reminders())
        left = [("task-1", 2, "waiting")] if move == "earlier" else []
        assert reminders(engine) == left
        if move == "earlier":
            assert tasks.tell_overdue(Reminder("task-1", 2)).told
        assert [kind for kind, _ in events(engine)].count("TaskOverdue") == len(left)

    def test_reopened_task_is_reminded_of_unless_that_was_told(
        self, tasks: TasksApi, engine: Engine, clock: SteppingClock
    ):
        make(tasks, due=LATER)
        tasks.complete_task("task-1", 1)
        assert reminders(engine) == []
        tasks.reopen_task("task-1", 2)
        assert reminders(engine) == [("task-1", 3, "waiting")]
        clock.now = datetime(2026, 7, 1, tzinfo=UTC)
        assert tasks.tell_overdue(Reminder("task-1", 3)).told
        tasks.complete_task("task-1", 3)
        tasks.reopen_task("task-1", 4)
        assert reminders(engine) == []

    def test_lost_reminder_is_scheduled_again(self, tasks: TasksApi, clock: SteppingClock):
        make(tasks, due=LATER)
        reminder = Reminder("task-1", 1)
        tasks.confirm_reminders([reminder])
        assert tasks.late_reminders(timedelta(minutes=1)) == []
        clock.now = datetime(2026, 6, 1, 7, 2, tzinfo=UTC)
        assert tasks.late_reminders(timedelta(minutes=1)) == [reminder]
        tasks.restart_reminder(reminder)
        assert (tasks.late_reminders(timedelta(0)), tasks.unscheduled_reminders(AHEAD)) == ([], [reminder])

    @pytest.mark.parametrize(
        ("local", "zone", "at"),
        [
            # The clock is put forward on 28 March 2027, and back on 31 October.
            ("2027-03-27T09:00", BERLIN, "2027-03-27T08:00+00:00"),
            ("2027-03-28T09:00", BERLIN, "2027-03-28T07:00+00:00"),
            ("2027-03-28T02:30", BERLIN, "2027-03-28T01:30+00:00"),
            ("2027-10-31T02:30", BERLIN, "2027-10-31T00:30+00:00"),
            ("2027-11-01T09:00", BERLIN, "2027-11-01T08:00+00:00"),
            ("2027-04-04T01:45", "Australia/Lord_Howe", "2027-04-03T14:45+00:00"),
        ],
    )
    def test_reminder_keeps_its_wall_time_across_daylight_saving(
        self, tasks: TasksApi, clock: SteppingClock, local: str, zone: str, at: str
    ):
        due_at = datetime.fromisoformat(at)
        made = make(tasks, due=DueTime(local=local, zone=zone))
        assert made.due is not None
        assert (made.due.local, made.due.at) == (local, due_at)
        clock.now = due_at - timedelta(minutes=1)
        assert tasks.tell_overdue(Reminder("task-1", 1)).wait_until == due_at
        clock.now = due_at
        assert tasks.tell_overdue(Reminder("task-1", 1)).told


@given(state=st.sampled_from(get_args(TaskState)), moves=st.lists(st.sampled_from(get_args(TaskMove)), max_size=6))
def test_state_table_leads_only_where_it_says(state: TaskState, moves: list[TaskMove]):
    for move in moves:
        after = task_states.state_after(state, move)
        assert (after is None) == ((state, move) not in task_states.MOVES)
        if state == "deleted":
            assert after is None
        if after is not None:
            assert (after == "deleted") == (move == "delete")
            assert (after == "completed") == (move == "complete")
            state = after


@only_on("sqlite")
@pytest.mark.parametrize("move", get_args(TaskMove))
@pytest.mark.parametrize("state", ["open", "completed"])
def test_record_allows_what_the_table_allows(tasks: TasksApi, state: TaskState, move: TaskMove):
    make(tasks)
    if state == "completed":
        tasks.complete_task("task-1", None)
    do = {
        "change": lambda: tasks.change_task("task-1", None, TaskChange(title="Another")),
        "complete": lambda: tasks.complete_task("task-1", None),
        "reopen": lambda: tasks.reopen_task("task-1", None),
        "delete": lambda: tasks.delete_task("task-1", None),
    }[move]
    after = task_states.state_after(state, move)
    if after is None:
        with pytest.raises(IllegalTaskMove, match="Task 'task-1' is"):
            do()
        assert tasks.task("task-1").state == state
        return
    do()
    if after == "deleted":
        with pytest.raises(TaskNotFound):
            tasks.task("task-1")
    else:
        assert tasks.task("task-1").state == after


def test_lists_follow_an_index_and_sort_nothing(engine: Engine):
    names = {index["name"] for index in inspect(engine).get_indexes("task")}
    assert {"ix_task_list", "ix_task_assignee", "ix_task_case", "ix_task_customer", "ix_task_user"} <= names
    if engine.dialect.name != "sqlite":
        return
    for condition, index in (
        ("", "ix_task_list"),
        ("AND assignee = 'ana'", "ix_task_assignee"),
        ("AND case_id = 'case-1'", "ix_task_case"),
        ("AND customer_id = 1", "ix_task_customer"),
    ):
        query = f"SELECT * FROM task WHERE state IN ('open') {condition} ORDER BY due_order, number LIMIT 51"
        with engine.connect() as connection:
            plan = " ".join(row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))
        assert index in plan
        assert "TEMP B-TREE" not in plan


def test_every_refusal_is_one_sentence_of_its_own():
    refused: list[CasebookError] = [
        TaskNotFound("task-1"),
        TaskChanged("task-1", 3),
        TaskKeyReused(),
        IllegalTaskMove("task-1", "completed", "change"),
        LinkedCaseUnknown("case-1"),
        FieldNotRemovable("title"),
    ]
    assert len({each.id for each in refused}) == len(refused)
    assert all(each.sentence.endswith(".") for each in refused)
