"""A case whose orchestration failed resumes from its record."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.assessment import RiskAssessment
from contracts.hashing import content_hash
from contracts.investigation import FailedCase
from contracts.review import ReviewRequest
from tests.unit.worker.support.case_script import CaseScript
from tests.unit.worker.support.cases import a_decision, an_assessment
from tests.unit.worker.support.lab import Lab, RunningCase
from worker.domain.questions import FAILED_AGAIN, NO_ATTEMPTS_LEFT

ORCHESTRATION_FAILED = "The investigation failed in the scheduler."
ASKED_AT = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def a_failed_case(assessment: RiskAssessment | None = None, **changes: Any) -> FailedCase:
    values: dict[str, Any] = {
        "assessment": assessment or an_assessment(round=2),
        "role": "analyst",
        "reason": ORCHESTRATION_FAILED,
    }
    return FailedCase(**(values | changes))


def resumed(lab: Lab, failed_case: FailedCase) -> RunningCase:
    return lab.start(CaseScript(failed_case=failed_case))


def a_review(assessment: RiskAssessment) -> ReviewRequest:
    return ReviewRequest(
        review_id="case-x:r2", assessment_hash=content_hash(assessment), opened_at=ASKED_AT, due_at=ASKED_AT
    )


def decided(lab: Lab, **changes: Any) -> RunningCase:
    """A case that goes on with an answer that is on record."""
    assessment = an_assessment(round=2)
    review = a_review(assessment)
    decision = a_decision(review.review_id, assessment, **changes.pop("decision", {}))
    return resumed(lab, a_failed_case(assessment, review=review, decision=decision, **changes))


def test_failed_case_asks_an_analyst_and_investigates_nothing(lab: Lab) -> None:
    case = resumed(lab, a_failed_case())

    opening = case.script.opening()
    case.decide(opening)

    assert case.outcome() == "account_locked"
    assert (opening.round, opening.review.required_role, opening.escalation_reason) == (2, "analyst", None)
    assert case.script.heard == []
    assert case.script.rounds == []


def test_a_case_that_failed_again_asks_a_manager(lab: Lab) -> None:
    case = resumed(lab, a_failed_case(role="manager"))

    opening = case.script.opening()
    case.decide(opening, "clear")

    assert case.outcome() == "cleared"
    assert (opening.review.required_role, opening.escalation_reason) == ("manager", FAILED_AGAIN)


def test_analysts_who_rejected_often_enough_are_not_asked_again(lab: Lab) -> None:
    case = resumed(lab, a_failed_case(rejections=3))

    opening = case.script.opening()
    case.reject(opening)

    assert case.outcome() == "unresolved"
    assert opening.escalation_reason == NO_ATTEMPTS_LEFT


def test_rejection_starts_the_round_after_the_failed_one(lab: Lab) -> None:
    case = resumed(lab, a_failed_case())

    case.reject(case.script.opening(1))
    case.decide(case.script.opening(2))

    assert case.outcome() == "account_locked"
    assert case.script.rounds == [3]
    assert [remembered.round for remembered in case.script.assessed[0].memory] == [2]


def test_recorded_approval_is_checked_and_executed_without_asking(lab: Lab) -> None:
    case = decided(lab)

    assert case.outcome() == "account_locked"
    assert case.script.openings == []
    assert len(case.script.checks) == 1


def test_begun_effect_is_carried_on_without_a_check(lab: Lab) -> None:
    case = decided(lab, is_acting=True)

    assert case.outcome() == "account_locked"
    assert (case.script.openings, case.script.checks) == ([], [])


def test_a_managers_rejection_on_record_ends_the_case_unresolved(lab: Lab) -> None:
    case = decided(lab, role="manager", decision={"verdict": "reject"})

    assert case.outcome() == "unresolved"
    assert case.script.openings == []


def test_a_deadline_that_has_passed_ends_the_case_unresolved(lab: Lab) -> None:
    case = resumed(lab, a_failed_case(role="manager", review=a_review(an_assessment(round=2)), is_expired=True))

    assert case.outcome() == "unresolved"


@pytest.mark.parametrize("outcome", ["account_locked", "failed"])
def test_nothing_is_done_about_a_closed_case(lab: Lab, outcome: Any) -> None:
    case = lab.start(CaseScript(closed_as=outcome))

    assert case.outcome() == outcome
    assert (case.script.rounds, case.script.heard, case.script.closings) == ([], [], [])
    assert case.progress().outcome == outcome
