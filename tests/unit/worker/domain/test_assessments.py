"""From reports and a judgement to what is proposed: nothing, where there is nothing to go by."""

from collections.abc import Mapping
from typing import Any

import pytest

from contracts.assessment import RiskAssessment
from contracts.report import SPECIALISTS, Finding, SpecialistReport
from tests.unit.worker.support.cases import a_report, an_assessment_task, three_reports
from worker.domain.assessments import NO_JUDGEMENT, assess
from worker.domain.routing import Judgement

LOCK = Judgement(0.9, "lock_account", "It looks like a takeover.")
SILENT: Mapping[str, Mapping[str, Any]] = {
    "unavailable": {"status": "unavailable", "risk_score": None, "findings": ()},
    "not evaluable": {"status": "not_evaluable", "risk_score": None, "findings": ()},
    "no findings": {"findings": ()},
    "nothing supported": {"findings": (Finding(statement="It feels wrong.", unsupported=True),)},
    "no score": {"risk_score": None},
}


def silent(name: str, why: str) -> SpecialistReport:
    """A report that gives nothing to go by, past all validation."""
    return next(report for report in three_reports() if report.specialist == name).model_copy(update=SILENT[why])


def proposed(assessment: RiskAssessment) -> tuple[object, ...]:
    return assessment.overall_risk_score, assessment.risk_level, assessment.recommended_action


@pytest.mark.parametrize("why", SILENT)
@pytest.mark.parametrize("judgement", [LOCK, NO_JUDGEMENT, Judgement(0.1, "clear", "Benign.")])
def test_without_evidence_nothing_is_proposed(why: str, judgement: Judgement) -> None:
    reports = tuple(silent(name, why) for name in SPECIALISTS)
    assessment = assess(an_assessment_task(reports=reports), judgement)
    assert (assessment.route, *proposed(assessment)) == ("review", None, None, None)
    assert assessment.model_recommendation == judgement.action
    assert assessment.route_reasons
    assert not assessment.is_judged


def test_without_an_overall_score_nothing_is_proposed() -> None:
    for score in (None, float("nan"), 9.0):
        assessment = assess(an_assessment_task(), Judgement(score, "lock_account", "No idea."))
        assert (assessment.route, *proposed(assessment)) == ("review", None, None, None)


def test_one_specialist_with_evidence_is_enough_to_propose() -> None:
    reports = (a_report("location", 0.9), silent("usage", "unavailable"), silent("billing", "no findings"))
    assessment = assess(an_assessment_task(reports=reports), LOCK)
    assert proposed(assessment) == (0.9, "critical", "lock_account")
    assert assessment.is_judged
