"""Closes a case."""

import logging

from durabletask import task

from contracts.steps import CloseCaseInput
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class ClosureActivities:
    """Closes a case on record; everyone who watches sees the event."""

    def __init__(self, record: CaseRecord) -> None:
        self._record = record

    def close_case(self, _: task.ActivityContext, closing: CloseCaseInput) -> None:
        """Close the case for good."""
        self._record.close_case(closing)
        log.log(logging.ERROR if closing.outcome == "failed" else logging.INFO, "Closed: %s.", closing.outcome)
