"""Beginning a case and its rounds."""

import logging

from durabletask import task

from contracts.investigation import Investigation, InvestigationPolicy, RoundStart
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class RoundActivities:
    """Beginning."""

    def __init__(self, record: CaseRecord, policy: InvestigationPolicy) -> None:
        self._record = record
        self._policy = policy

    def start_investigation(self, context: task.ActivityContext, order: Investigation) -> InvestigationPolicy:
        """Begin the case and its first round; the limits in force now, which hold until the case ends."""
        policy = self.begin_investigation(context, order)
        self.begin_round(context, RoundStart(case_id=order.case_id, round=1))
        return policy

    def begin_investigation(self, _: task.ActivityContext, order: Investigation) -> InvestigationPolicy:
        """The limits in force now; the history keeps them, so that a new setting never changes an open case."""
        log.info("Investigation begins: %s.", order.alert.alert_type, extra={"case_id": order.case_id})
        return self._policy

    def begin_round(self, _: task.ActivityContext, start: RoundStart) -> None:
        """Note that a round has begun; with the first, what the case is judged by."""
        self._record.start_round(start.case_id, start.round, self._policy if start.round == 1 else None)
        log.info("Round %d begins.", start.round, extra={"case_id": start.case_id})
