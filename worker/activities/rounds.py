"""Beginning a case and its rounds."""

import logging

from durabletask import task

from contracts.investigation import CaseBeginning, CaseStanding, Investigation, InvestigationPolicy, RoundStart
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class RoundActivities:
    """Beginning."""

    def __init__(self, record: CaseRecord, policy: InvestigationPolicy) -> None:
        self._record = record
        self._policy = policy

    def begin_case(self, context: task.ActivityContext, order: Investigation) -> CaseBeginning:
        """Begin the case and its first round; what its orchestration needs to know of it, as it is on record.

        A case that broke begins no round, but is told where it goes on; one that is closed, that it is.
        """
        found = self._record.take_up(order.case_id)
        if found is None:
            self.begin_round(context, RoundStart(case_id=order.case_id, round=1))
        brief = self._record.brief(order.case_id, 1)
        alert = brief.alert
        begun = CaseBeginning(
            policy=brief.policy or self._policy, customer_id=alert.customer_id, severity=alert.severity
        )
        if isinstance(found, CaseStanding):
            log.warning("The investigation goes on in round %d.", found.assessment.round, extra=_of(order.case_id))
            return begun.model_copy(update={"standing": found})
        if found is not None:
            return begun.model_copy(update={"outcome": found})
        log.info("Investigation begins: %s.", alert.alert_type, extra=_of(order.case_id))
        return begun

    def begin_round(self, _: task.ActivityContext, start: RoundStart) -> None:
        """Note that a round has begun; with the first, what the case is judged by."""
        self._record.start_round(start.case_id, start.round, self._policy if start.round == 1 else None)
        log.info("Round %d begins.", start.round, extra=_of(start.case_id))


def _of(case_id: str) -> dict[str, str]:
    return {"case_id": case_id}
