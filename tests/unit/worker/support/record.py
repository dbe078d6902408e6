"""One case in a real casebook, asked about and decided."""

from collections.abc import Sequence
from datetime import timedelta

from durabletask import task

from contracts.actions import RecommendedAction
from contracts.assessment import RiskAssessment
from contracts.hashing import content_hash
from contracts.ids import review_id
from contracts.investigation import ReviewOpening
from contracts.refunds import ChosenRefund
from contracts.report import Evidence
from contracts.review import Decision, ReviewRequest
from tests.support.casebooks import CaseBook
from tests.unit.worker.support.cases import NOON, a_decision, an_assessment, an_investigation, evidence_behind
from worker.activities.review import ReviewActivities

ORDER = an_investigation()
CASE = ORDER.case_id
CTX = task.ActivityContext(CASE, 1)


def events(casebook: CaseBook) -> list[str]:
    """The types of the case's events, in order."""
    return [event.type for event in casebook.case_events(CASE)]


def an_opening(assessment: RiskAssessment) -> ReviewOpening:
    """A question about `assessment`."""
    review = ReviewRequest(
        review_id=review_id(CASE, assessment.round),
        assessment_hash=content_hash(assessment),
        opened_at=NOON,
        due_at=NOON + timedelta(hours=72),
    )
    return ReviewOpening(case_id=CASE, round=assessment.round, review=review, assessment=assessment)


def concluded(
    casebook: CaseBook, assessment: RiskAssessment | None = None, evidence: Sequence[Evidence] = ()
) -> RiskAssessment:
    """Keep an assessment, and before it the reports that it rests on, with what the tools answered."""
    assessment = assessment or an_assessment()
    for report in assessment.reports:
        called = {call.tool_call_id for call in report.tool_calls}
        named = [item for item in evidence if item.evidence_id in called]
        rest = [
            item for item in evidence_behind(report) if item.evidence_id not in {each.evidence_id for each in named}
        ]
        casebook.save_report(CASE, report, [*named, *rest])
    return casebook.save_assessment(CASE, assessment)


def approved(
    casebook: CaseBook,
    action: RecommendedAction = "lock_account",
    assessment: RiskAssessment | None = None,
    evidence: Sequence[Evidence] = (),
    refunds: tuple[ChosenRefund, ...] | None = None,
) -> Decision:
    """Ask, and have a manager approve `action`: the decision as it is recorded."""
    assessment = concluded(casebook, assessment, evidence)
    ReviewActivities(casebook).open_review(CTX, an_opening(assessment))
    decision = a_decision(review_id(CASE, assessment.round), assessment, action=action, refunds=refunds)
    recorded = casebook.accept_decision(decision, ("manager",))
    assert isinstance(recorded, Decision)
    return recorded
