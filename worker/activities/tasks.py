"""Tells that tasks are overdue."""

import logging

from durabletask import task

from casebook.commands.task_reminders import Reminder
from contracts.steps import ReminderOrder, ReminderResult
from worker.ports.record import TaskRecord

log = logging.getLogger(__name__)


class TaskActivities:
    """The step of a reminder: whoever ordered it, only what is on record counts."""

    def __init__(self, record: TaskRecord) -> None:
        self._record = record

    def tell_overdue(self, _: task.ActivityContext, order: ReminderOrder) -> ReminderResult:
        """Tell that a task is overdue, once, if this reminder is still on record and its time has come."""
        found = self._record.tell_overdue(Reminder(order.task_id, order.revision))
        if found.told:
            log.info("%s is overdue.", order.task_id)
        return ReminderResult(wait_until=found.wait_until, told=found.told)
