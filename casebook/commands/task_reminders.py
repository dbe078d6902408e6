"""Reminders of due times: armed with the due time, scheduled, told of once, or called off. Inside one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from casebook.case_log.domain_events import lock_outbox, publish
from casebook.queries.tasks import task_row
from casebook.schema.base import PlainRow, table_of
from casebook.schema.tasks import TaskReminderRow, TaskRow
from contracts.domain_events import TaskOverdue

_TASKS, _REMINDERS = table_of(TaskRow), table_of(TaskReminderRow)
_OF_TASK = _REMINDERS.c.task_id == bindparam("of_task")
_THIS = (_OF_TASK, _REMINDERS.c.revision == bindparam("of_revision"))
_ARM = insert(_REMINDERS)
_FORGET_WAITING = delete(_REMINDERS).where(_OF_TASK, _REMINDERS.c.state == "waiting")
_CANCEL = update(_REMINDERS).where(_OF_TASK, _REMINDERS.c.state == "scheduled").values(state="cancelled")
_TURN_TO = update(_REMINDERS).where(*_THIS, _REMINDERS.c.state == bindparam("was")).values(state=bindparam("becomes"))
_FORGET = delete(_REMINDERS).where(*_THIS)
_READ = select(_REMINDERS).where(*_THIS)
_IN_STATE = (
    select(_REMINDERS.c.task_id, _REMINDERS.c.revision)
    .where(_REMINDERS.c.state == bindparam("wanted"), _REMINDERS.c.due_at <= bindparam("until"))
    .order_by(_REMINDERS.c.due_at, _REMINDERS.c.task_id, _REMINDERS.c.revision)
)
_CANCELLED = select(_REMINDERS.c.task_id, _REMINDERS.c.revision).where(_REMINDERS.c.state == "cancelled")
_TOLD = update(_TASKS).where(_TASKS.c.task_id == bindparam("of_task")).values(overdue_at=bindparam("at"))


class Reminder(NamedTuple):
    """One reminder."""

    task_id: str
    revision: int


@dataclass(frozen=True)
class ReminderState:
    """What has become of a reminder."""

    wait_until: datetime | None
    """When its time comes; None: there is nothing left to do."""
    told: bool = False
    """Whether it was told just now that the task is overdue."""


def arm(connection: Connection, task_id: str, revision: int, due_at: datetime) -> None:
    """Let the task's due time be told of that it has with this revision."""
    connection.execute(_ARM, {"task_id": task_id, "revision": revision, "due_at": due_at, "state": "waiting"})


def disarm(connection: Connection, task_id: str) -> None:
    """No reminder of the task tells anything any more."""
    connection.execute(_FORGET_WAITING, {"of_task": task_id})
    connection.execute(_CANCEL, {"of_task": task_id})


def reminders_in(connection: Connection, state: str, until: datetime, limit: int) -> list[Reminder]:
    """Reminders in a state whose time comes until then, the earliest first."""
    rows = connection.execute(_IN_STATE.limit(limit), {"wanted": state, "until": until})
    return [Reminder(row.task_id, row.revision) for row in rows]


def cancelled_reminders(connection: Connection, limit: int) -> list[Reminder]:
    """Reminders that are called off, and that the scheduler still has."""
    return [Reminder(row.task_id, row.revision) for row in connection.execute(_CANCELLED.limit(limit))]


def confirm_scheduled(connection: Connection, reminders: Sequence[Reminder]) -> None:
    """The scheduler has these reminders."""
    _turn_all(connection, reminders, "waiting", "scheduled")


def restart(connection: Connection, reminder: Reminder) -> None:
    """The scheduler has lost a reminder: it is to be started again."""
    _turn_all(connection, [reminder], "scheduled", "waiting")


def forget(connection: Connection, reminders: Sequence[Reminder]) -> None:
    """The scheduler no longer has these reminders, which were called off."""
    for each in reminders:
        connection.execute(_FORGET, _key(each))


def tell_overdue(connection: Connection, reminder: Reminder, now: datetime) -> ReminderState:
    """Tell that a task is overdue, if its due time is still the one of this reminder, and has passed. Once."""
    lock_outbox(connection)
    row = connection.execute(_READ, _key(reminder)).first()
    if row is None or row.state == "cancelled":
        return ReminderState(None)
    if now < row.due_at:
        return ReminderState(row.due_at)
    task = task_row(connection, reminder.task_id, locked=True)
    publish(connection, _overdue(task), task.task_id, now)
    connection.execute(_TOLD, {"of_task": task.task_id, "at": now})
    connection.execute(_FORGET, _key(reminder))
    return ReminderState(None, told=True)


def _overdue(task: PlainRow) -> TaskOverdue:
    return TaskOverdue(
        task_id=task.task_id,
        assignee=task.assignee,
        due_at=task.due_at,
        case_id=task.case_id,
        customer_id=task.customer_id,
    )


def _turn_all(connection: Connection, reminders: Sequence[Reminder], was: str, becomes: str) -> None:
    for each in reminders:
        connection.execute(_TURN_TO, {**_key(each), "was": was, "becomes": becomes})


def _key(reminder: Reminder) -> dict[str, object]:
    return {"of_task": reminder.task_id, "of_revision": reminder.revision}
