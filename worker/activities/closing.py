"""The end of a case."""

import logging

from durabletask import task

from contracts.investigation import Closing
from contracts.steps import CloseCaseInput
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class ClosingActivities:
    """Closing in the case record; its event is what tells everyone who watches."""

    def __init__(self, record: CaseRecord) -> None:
        self._record = record

    def close_case(self, _: task.ActivityContext, closing: CloseCaseInput) -> None:
        """Close the case for good."""
        self._record.close_case(Closing(case_id=closing.case_id, round=closing.round, outcome=closing.outcome))
        log.log(
            logging.ERROR if closing.outcome == "failed" else logging.INFO,
            "Closed: %s.",
            closing.outcome,
            extra={"case_id": closing.case_id},
        )
