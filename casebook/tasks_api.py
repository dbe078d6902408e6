"""The facade of tasks and their reminders."""

from collections.abc import Sequence
from datetime import timedelta

from casebook.commands import task_reminders, tasks
from casebook.commands.task_reminders import Reminder, ReminderState
from casebook.commands.tasks import Origin
from casebook.facade import Facade
from casebook.queries import tasks as queries
from casebook.queries.tasks import CreatedTask, TaskQuery
from contracts.tasks import NewTask, Task, TaskChange, TaskPage

NO_FILTER = TaskQuery()


class TasksApi(Facade):
    """One transaction per method, from any thread.

    Every method about one task raises TaskNotFound for an unknown or deleted one. Methods that change one take the
    revision that was seen, or None for whatever it is, and raise TaskChanged for another one, IllegalTaskMove for what
    `casebook/policy/task_states.py` does not allow. CasebookUnavailable: the database failed, nothing was written.
    """

    # Tasks

    def create_task(self, new: NewTask, origin: Origin) -> CreatedTask:
        """Make a task, unless it was made before under the same key. Raises TaskKeyReused, InvalidTask."""
        with self._write() as connection:
            return tasks.create_task(connection, new, origin, self._clock())

    def task(self, task_id: str) -> Task:
        """The task as it is now."""
        with self._read() as connection:
            return queries.read_task(queries.task_row(connection, task_id), self._clock())

    def list_tasks(self, query: TaskQuery = NO_FILTER, *, limit: int = 50, cursor: str | None = None) -> TaskPage:
        """One page of at most 500, the task that is due first at the beginning. Raises MalformedCursor."""
        with self._read() as connection:
            return queries.list_tasks(connection, query, self._clock(), limit, cursor)

    def own_tasks(self, user_id: str) -> tuple[Task, ...]:
        """Open tasks that a user made by talking to the assistant, the one that is due first at the beginning."""
        with self._read() as connection:
            return queries.own_tasks(connection, user_id, self._clock())

    def change_task(self, task_id: str, revision: int | None, change: TaskChange) -> Task:
        """Change what `change` names; nothing happens when that is so already. Raises InvalidTask."""
        with self._write() as connection:
            return tasks.change_task(connection, task_id, revision, change, self._clock())

    def complete_task(self, task_id: str, revision: int | None) -> Task:
        """The task is done."""
        with self._write() as connection:
            return tasks.complete_task(connection, task_id, revision, self._clock())

    def reopen_task(self, task_id: str, revision: int | None) -> Task:
        """The task is to be done again. It is told that it is overdue unless that was told of its due time before."""
        with self._write() as connection:
            return tasks.reopen_task(connection, task_id, revision, self._clock())

    def delete_task(self, task_id: str, revision: int | None) -> None:
        """Delete the task, and what was written in it. Raises TaskNotFound, TaskChanged, UnderLegalHold."""
        with self._write() as connection:
            tasks.delete_task(connection, task_id, revision, self._clock())

    # Reminders

    def unscheduled_reminders(self, ahead: timedelta, limit: int = 100) -> list[Reminder]:
        """Reminders that the scheduler has not acknowledged and whose time comes within `ahead`, the earliest first."""
        with self._read() as connection:
            return task_reminders.reminders_in(connection, "waiting", self._clock() + ahead, limit)

    def confirm_reminders(self, reminders: Sequence[Reminder]) -> None:
        """The scheduler has acknowledged the start of these."""
        with self._write() as connection:
            task_reminders.confirm_scheduled(connection, reminders)

    def late_reminders(self, late: timedelta, limit: int = 100) -> list[Reminder]:
        """Reminders that the scheduler has, and whose time came `late` ago or earlier: something is wrong with them."""
        with self._read() as connection:
            return task_reminders.reminders_in(connection, "scheduled", self._clock() - late, limit)

    def restart_reminder(self, reminder: Reminder) -> None:
        """The scheduler has lost a reminder: it is to be started again, unless it was called off."""
        with self._write() as connection:
            task_reminders.restart(connection, reminder)

    def cancelled_reminders(self, limit: int = 100) -> list[Reminder]:
        """Reminders that were called off, and that the scheduler still has."""
        with self._read() as connection:
            return task_reminders.cancelled_reminders(connection, limit)

    def forget_reminders(self, reminders: Sequence[Reminder]) -> None:
        """The scheduler no longer has these, which were called off."""
        with self._write() as connection:
            task_reminders.forget(connection, reminders)

    def tell_overdue(self, reminder: Reminder) -> ReminderState:
        """Tell that a task is overdue, if its due time is still the one of this reminder, and has passed. Once."""
        with self._write() as connection:
            return task_reminders.tell_overdue(connection, reminder, self._clock())
