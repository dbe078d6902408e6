"""Does what schedules do."""

import logging
from datetime import date

from durabletask import task

from contracts.schedules import BY_SCHEDULE, RESET_COUNTS
from contracts.steps import CountResetOrder, CountResetResult
from worker.ports.record import ScheduleRecord

log = logging.getLogger(__name__)


class ScheduleActivities:
    """The step of a schedule's run: whoever ordered it, the record decides whether it is due."""

    def __init__(self, record: ScheduleRecord) -> None:
        self._record = record

    def reset_counts(self, _: task.ActivityContext, order: CountResetOrder) -> CountResetResult:
        """Set the message counts of all users to 0, if that is due."""
        done = self._record.run_due(RESET_COUNTS, BY_SCHEDULE, date.fromisoformat(order.day))
        if done:
            log.info("The message counts of all users are 0: it is another day.")
        return CountResetResult(done=done)
