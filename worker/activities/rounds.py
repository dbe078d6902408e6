"""Starts a case and its rounds."""

import logging

from durabletask import task

from contracts.investigation import FailedCase, InvestigationPolicy
from contracts.steps import CaseStart, Investigation, ResumePoint, RoundInput
from worker.domain.decisions import conclusion_of, taken
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class RoundActivities:
    """Beginning."""

    def __init__(self, record: CaseRecord, policy: InvestigationPolicy) -> None:
        self._record = record
        self._policy = policy

    def start_case(self, context: task.ActivityContext, order: Investigation) -> CaseStart:
        """Begin the case and its first round; what its orchestration needs to know of it, as it is on record.

        For a case whose orchestration failed it begins no round, but returns where to resume; for a closed case, that.
        """
        found = self._record.resume_case(order.case_id)
        if found is None:
            self.start_round(context, RoundInput(case_id=order.case_id, round=1))
        brief = self._record.brief(order.case_id, 1)
        policy = brief.policy or self._policy
        start = CaseStart(max_review_attempts=policy.max_review_attempts, reconcile_hours=policy.reconcile_hours)
        if isinstance(found, FailedCase):
            log.warning("The investigation goes on in round %d.", found.assessment.round, extra=_of(order.case_id))
            return start.model_copy(update={"resume": resume_point(found)})
        if found is not None:
            return start.model_copy(update={"outcome": found})
        log.info("Investigation begins: %s.", brief.alert.alert_type, extra=_of(order.case_id))
        return start

    def start_round(self, _: task.ActivityContext, start: RoundInput) -> None:
        """Record that a round has begun; with the first, the policy of the case."""
        self._record.start_round(start.case_id, start.round, self._policy if start.round == 1 else None)
        log.info("Round %d begins.", start.round, extra=_of(start.case_id))


def resume_point(found: FailedCase) -> ResumePoint:
    """Where a case resumes, for its orchestration."""
    return ResumePoint(
        concluded=conclusion_of(found.assessment),
        role=found.role,
        review=found.review,
        decision=taken(found.decision),
        is_expired=found.is_expired,
        is_acting=found.is_acting,
        done=found.done,
        rejections=found.rejections,
    )


def _of(case_id: str) -> dict[str, str]:
    return {"case_id": case_id}
