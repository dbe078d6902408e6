"""The reminder of a task's due time: waits for it, then has it told that the task is overdue, if it still is."""

import logging
from datetime import timedelta

from durabletask import task

from contracts.steps import ReminderOrder
from runtime.data_converter import RawPayload
from worker.domain.failures import StepFailed
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.case import now

log = logging.getLogger(__name__)

LONGEST_WAIT = timedelta(days=1)
"""Then the record is looked at again: a reminder that was called off meanwhile ends, whatever else failed to end it."""
SHORTEST_WAIT = timedelta(seconds=1)
"""The clock of whoever looks may be behind the scheduler's."""


def task_reminder(ctx: task.OrchestrationContext, order: RawPayload) -> Orchestration[bool]:
    """Whether it was told that the task is overdue; `order` is a `ReminderOrder`. When is on record alone."""
    try:
        return (yield from _remind(ctx, activity_stubs.decode(order, ReminderOrder)))
    except (task.NonDeterminismError, StepFailed):
        raise
    except Exception as fault:
        if not ctx.is_replaying:
            log.exception("The reminder failed: it is started again.", extra={"case_id": ctx.instance_id})
        failed = StepFailed(activity_stubs.error_behind(fault), ctx.instance_id)
    raise failed


def _remind(ctx: task.OrchestrationContext, order: ReminderOrder) -> Orchestration[bool]:
    while True:
        found = yield from activity_stubs.tell_overdue(ctx, order)
        if found.wait_until is None:
            return found.told
        soonest, latest = now(ctx) + SHORTEST_WAIT, now(ctx) + LONGEST_WAIT
        yield ctx.create_timer(max(soonest, min(found.wait_until, latest)))
