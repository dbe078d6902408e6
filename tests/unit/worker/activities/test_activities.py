"""The activities against a real casebook: what they leave there, once and when they are repeated."""

from datetime import timedelta

import pytest

from casebook.errors import CasebookUnavailable
from contracts.ids import review_id
from contracts.investigation import (
    Escalation,
    ReportFiling,
    SpecialistOrder,
)
from contracts.report import SPECIALISTS
from contracts.steps import AddedReason, CloseCaseInput
from tests.support.casebooks import CaseBook
from tests.unit.worker.support.agents import FakeTools, ScriptedModel, Turn, a_loop, a_verdict, answers, asks
from tests.unit.worker.support.cases import (
    NOON,
    a_decision,
    a_policy,
    a_report,
    an_assessment,
    an_assessment_order,
    evidence_behind,
)
from tests.unit.worker.support.record import CASE, CTX, ORDER, an_opening, approved, concluded, events
from worker.activities.assessment import AssessmentActivities
from worker.activities.closure import ClosureActivities
from worker.activities.review import ReviewActivities
from worker.activities.rounds import RoundActivities
from worker.activities.specialists import SpecialistActivities
from worker.agents.aggregator import AggregatorAgent
from worker.agents.prompts import load_prompts
from worker.agents.specialists import SpecialistAgents
from worker.domain.decisions import planned_effects
from worker.domain.failures import unavailable_report
from worker.domain.questions import with_reasons

PROMPTS = load_prompts()
VERDICT = {"overall_risk_score": 0.9, "recommended_action": "lock_account", "reasoning": "A takeover."}


def specialists(casebook: CaseBook, *turns: Turn) -> tuple[SpecialistActivities, ScriptedModel]:
    model, tools = ScriptedModel(list(turns)), FakeTools()
    loop = a_loop(model, tools)
    return SpecialistActivities(casebook, SpecialistAgents(loop, PROMPTS)), model


def assessing(casebook: CaseBook, *turns: Turn) -> tuple[AssessmentActivities, ScriptedModel]:
    model = ScriptedModel(list(turns))
    return AssessmentActivities(casebook, AggregatorAgent(a_loop(model), PROMPTS)), model


def heard(casebook: CaseBook) -> None:
    """The reports of an ordinary assessment task are on record."""
    for report in an_assessment_order().reports:
        casebook.save_report(CASE, report, evidence_behind(report))


def refuse(*_: object) -> None:
    raise CasebookUnavailable("The disk is full.")


def a_specialist_task() -> SpecialistOrder:
    return SpecialistOrder(case_id=CASE, round=1, specialist="usage", policy=a_policy())


def test_case_begins_with_what_is_on_record(casebook: CaseBook) -> None:
    begun = RoundActivities(casebook, a_policy(max_review_attempts=2)).start_case(CTX, ORDER)
    again = RoundActivities(casebook, a_policy(max_review_attempts=9)).start_case(CTX, ORDER)

    assert begun.max_review_attempts == 2
    assert again == begun
    assert events(casebook) == ["case_opened", "round_started"]


def test_report_is_kept_with_its_evidence(casebook: CaseBook) -> None:
    activities, _ = specialists(
        casebook, asks(("get_customer", {"customer_id": 7})), answers(a_verdict(0.4, ["r1-usage-1"]))
    )

    report = activities.run_specialist(CTX, a_specialist_task())

    assert casebook.start_specialist(CASE, 1, "usage").outcome == report
    assert casebook.evidence(CASE, "r1-usage-1").result == {"name": "Ada"}
    assert events(casebook) == ["case_opened", "specialist_started", "specialist_finished"]


def test_report_that_was_kept_is_not_paid_again(casebook: CaseBook) -> None:
    first, _ = specialists(casebook, answers(a_verdict(0.4)))
    report = first.run_specialist(CTX, a_specialist_task())
    again, model = specialists(casebook)

    assert again.run_specialist(CTX, a_specialist_task()) == report
    assert model.requests == []
    assert events(casebook).count("specialist_finished") == 1


def test_a_repeated_attempt_resumes_where_the_first_stopped(casebook: CaseBook) -> None:
    asked = asks(("get_customer", {"customer_id": 7}))
    first, _ = specialists(casebook, asked, MemoryError("Out of memory."))
    with pytest.raises(MemoryError):
        first.run_specialist(CTX, a_specialist_task())
    second, model = specialists(casebook, answers(a_verdict(0.7, ["r1-usage-1"])))

    report = second.run_specialist(CTX, a_specialist_task())

    assert (report.status, report.tokens) == ("ok", 200)
    assert len(model.requests) == 1


def test_report_that_could_not_be_written_costs_no_answer(casebook: CaseBook, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = specialists(
        casebook, asks(("get_customer", {"customer_id": 7})), answers(a_verdict(0.7, ["r1-usage-1"]))
    )
    with monkeypatch.context() as broken:
        broken.setattr(casebook, "save_report", refuse)
        with pytest.raises(CasebookUnavailable):
            first.run_specialist(CTX, a_specialist_task())
    again, model = specialists(casebook)

    assert again.run_specialist(CTX, a_specialist_task()).risk_score == 0.7
    assert model.requests == []
    assert casebook.spent_on_case(CASE).model_calls == 2


def test_a_specialist_that_failed_for_good_is_on_record(casebook: CaseBook) -> None:
    activities, _ = specialists(casebook)
    failed = unavailable_report("usage", 1, "The model did not answer.")

    activities.record_report(CTX, ReportFiling(case_id=CASE, report=failed))

    assert casebook.start_specialist(CASE, 1, "usage").outcome == failed


def test_report_kept_after_all_beats_notice_of_failure(casebook: CaseBook) -> None:
    activities, _ = specialists(casebook, answers(a_verdict(0.4)))
    report = activities.run_specialist(CTX, a_specialist_task())
    failed = unavailable_report("usage", 1, "The answer was lost on its way.")

    assert activities.record_report(CTX, ReportFiling(case_id=CASE, report=failed)) == report


def test_assessment_is_kept_with_cost_and_not_paid_again(casebook: CaseBook) -> None:
    heard(casebook)
    first, _ = assessing(casebook, answers(VERDICT))
    assessment = first.assess_risk(CTX, an_assessment_order())
    again, model = assessing(casebook)

    assert again.assess_risk(CTX, an_assessment_order()) == assessment
    assert (assessment.overall_risk_score, assessment.tokens, assessment.model) == (0.9, 100, "scripted")
    assert model.requests == []
    assert events(casebook) == ["case_opened", *["specialist_finished"] * 3, "assessed"]


def test_without_a_model_a_person_must_look(casebook: CaseBook) -> None:
    activities, _ = assessing(casebook)

    assessment = activities.assess_without_model(CTX, an_assessment_order())

    assert (assessment.route, assessment.overall_risk_score, assessment.risk_level) == ("review", None, None)
    assert assessment.recommended_action is None
    assert casebook.start_assessment(CASE, 1).outcome == assessment


def test_garbage_from_every_agent_never_clears_a_case(casebook: CaseBook) -> None:
    reports = tuple(a_report(name, None, status="unavailable", findings=()) for name in SPECIALISTS)
    activities, _ = assessing(casebook)
    order = an_assessment_order(reports=reports)

    assert activities.assess_risk(CTX, order).route == "review"


def test_review_is_opened_escalated_and_expired_on_record(casebook: CaseBook) -> None:
    activities = ReviewActivities(casebook)
    opening = an_opening(concluded(casebook))
    activities.open_review(CTX, opening)
    later = opening.review.model_copy(update={"required_role": "manager", "due_at": NOON + timedelta(hours=144)})

    assert activities.escalate_review(CTX, Escalation(case_id=CASE, review=later, reason="Late.", at=NOON)) is None
    assert casebook.get_fraud_case(CASE).state == "escalated"
    assert activities.expire_review(CTX, later) is None
    assert casebook.get_fraud_case(CASE).review is None


def test_a_decision_that_came_before_the_deadline_is_returned(casebook: CaseBook) -> None:
    activities = ReviewActivities(casebook)
    decision = approved(casebook)
    request = an_opening(an_assessment()).review

    assert casebook.get_fraud_case(CASE).decisions == (decision,)
    assert activities.expire_review(CTX, request) == decision
    assert activities.escalate_review(CTX, Escalation(case_id=CASE, review=request, reason="", at=NOON)) == decision


def test_person_is_shown_why_a_clearing_assessment_came(casebook: CaseBook, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_rule_objects(*_judged: object) -> tuple[str, ...]:
        return ()

    monkeypatch.setattr("worker.activities.assessment.rules_against", no_rule_objects)
    judgement = {"overall_risk_score": 0.1, "recommended_action": "clear", "reasoning": "All is well."}
    heard(casebook)
    activities, _ = assessing(casebook, answers(judgement))
    cleared = activities.assess_risk(CTX, an_assessment_order())
    shown = with_reasons(cleared, (AddedReason(why="memory_lost", error="unknown-state-version"),))

    ReviewActivities(casebook).open_review(CTX, an_opening(shown))
    casebook.accept_decision(a_decision(review_id(CASE, 1), shown, action="clear"), ("manager",))

    assert cleared.route == "auto_clear"
    assert casebook.get_fraud_case(CASE).assessment == shown


def test_case_that_ends_as_failed_is_logged_as_error(casebook: CaseBook, caplog: pytest.LogCaptureFixture) -> None:
    approved(casebook)
    effect = planned_effects({"lock_account": f"{CASE}:lock_account:7"}, "lock_account")[0]
    casebook.finish_effect(CASE, effect.model_copy(update={"status": "failed"}))
    caplog.clear()

    ClosureActivities(casebook).close_case(CTX, CloseCaseInput(case_id=CASE, round=1, outcome="failed"))

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("ERROR", "Closed: failed.")]


def test_closing_twice_closes_once(casebook: CaseBook) -> None:
    activities = ClosureActivities(casebook)
    concluded(casebook, an_assessment(0.1, "clear"))
    closing = CloseCaseInput(case_id=CASE, round=1, outcome="auto_cleared")

    activities.close_case(CTX, closing)
    activities.close_case(CTX, closing)

    assert events(casebook)[-2:] == ["assessed", "case_closed"]
    assert casebook.get_fraud_case(CASE).outcome == "auto_cleared"
