"""The activities against a real casebook: what they leave there, once and when they are repeated."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from durabletask import task
from pydantic import JsonValue

from casebook.repository import CaseBook
from contracts.assessment import EffectAction, RecommendedAction, RiskAssessment
from contracts.hashing import content_hash
from contracts.ids import review_id
from contracts.investigation import (
    ActionOrder,
    AssessmentTask,
    Closing,
    Escalation,
    ReportFiling,
    ReviewOpening,
    RoundStart,
    SpecialistTask,
)
from contracts.report import SPECIALISTS
from contracts.review import ReviewRequest
from tests.unit.worker.support.agents import FakeTools, ScriptedModel, Turn, a_loop, a_verdict, answers, asks
from tests.unit.worker.support.cases import (
    NOON,
    a_decision,
    a_policy,
    a_report,
    an_assessment,
    an_assessment_task,
    an_investigation,
)
from worker.activities.actions import NOTHING_TO_REFUND, ActionActivities
from worker.activities.assessment import AssessmentActivities
from worker.activities.closing import ClosingActivities
from worker.activities.review import ReviewActivities
from worker.activities.rounds import RoundActivities
from worker.activities.specialists import SpecialistActivities
from worker.agents.aggregator import AggregatorAgent
from worker.agents.prompting import load_prompts
from worker.agents.specialists import SpecialistAgents
from worker.domain.assessing import send_to_person
from worker.domain.failures import unavailable_report
from worker.ports.actions import ActionRefused, ActionsUnavailable

ORDER = an_investigation()
CASE = ORDER.case_id
CTX = task.ActivityContext(CASE, 1)
PROMPTS = load_prompts()
VERDICT = {"overall_risk_score": 0.9, "recommended_action": "lock_account", "reasoning": "A takeover."}


@dataclass
class FakeGateway:
    """A customer store that does as told, each key once."""

    faults: list[Exception] = field(default_factory=list[Exception])
    performed: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list[tuple[str, str, tuple[str, ...]]])

    def perform(
        self, action: EffectAction, *, customer_id: int, key: str, reason: str, charge_ids: Any = ()
    ) -> dict[str, JsonValue]:
        if self.faults:
            raise self.faults.pop(0)
        self.performed.append((action, key, tuple(charge_ids)))
        return {"customer_id": customer_id, "reason": reason}


def specialists(casebook: CaseBook, *turns: Turn) -> tuple[SpecialistActivities, ScriptedModel]:
    model, tools = ScriptedModel(list(turns)), FakeTools()
    loop = a_loop(model, tools, casebook)
    return SpecialistActivities(casebook, SpecialistAgents(loop, PROMPTS)), model


def assessing(casebook: CaseBook, *turns: Turn) -> tuple[AssessmentActivities, ScriptedModel]:
    model = ScriptedModel(list(turns))
    return AssessmentActivities(casebook, AggregatorAgent(a_loop(model), PROMPTS)), model


def a_specialist_task() -> SpecialistTask:
    return SpecialistTask(case_id=CASE, round=1, specialist="usage", alert=ORDER.alert, policy=a_policy())


def events(casebook: CaseBook) -> list[str]:
    return [event.type for event in casebook.case_events(CASE)]


def an_opening(assessment: RiskAssessment) -> ReviewOpening:
    review = ReviewRequest(
        review_id=review_id(CASE, assessment.round),
        assessment_hash=content_hash(assessment),
        opened_at=NOON,
        due_at=NOON + timedelta(hours=72),
    )
    return ReviewOpening(case_id=CASE, round=assessment.round, review=review, assessment=assessment)


def an_approved_order(
    casebook: CaseBook, action: RecommendedAction = "lock_account", charges: tuple[str, ...] = ()
) -> ActionOrder:
    assessment = an_assessment()
    ReviewActivities(casebook).open_review(CTX, an_opening(assessment))
    decision = a_decision(review_id(CASE, 1), assessment, action=action)
    casebook.accept_decision(decision, ("manager",))
    return ActionOrder(case_id=CASE, customer_id=7, decision=decision, refund_charge_ids=charges)


def test_a_case_begins_with_the_limits_in_force_and_its_first_round(casebook: CaseBook) -> None:
    rounds = RoundActivities(casebook, a_policy(max_review_attempts=2))

    assert rounds.begin_investigation(CTX, ORDER).max_review_attempts == 2
    rounds.begin_round(CTX, RoundStart(case_id=CASE, round=1))
    rounds.begin_round(CTX, RoundStart(case_id=CASE, round=1))
    assert events(casebook) == ["case_opened", "round_started"]


def test_a_report_is_kept_with_the_evidence_that_it_rests_on(casebook: CaseBook) -> None:
    activities, _ = specialists(
        casebook, asks(("get_customer", {"customer_id": 7})), answers(a_verdict(0.4, ["r1-usage-1"]))
    )

    report = activities.run_specialist(CTX, a_specialist_task())

    assert casebook.recall_report(CASE, 1, "usage") == report
    assert casebook.evidence(CASE, "r1-usage-1").result == {"name": "Ada"}
    assert events(casebook) == ["case_opened", "specialist_started", "specialist_finished"]


def test_a_report_that_was_kept_is_not_paid_for_again(casebook: CaseBook) -> None:
    first, _ = specialists(casebook, answers(a_verdict(0.4)))
    report = first.run_specialist(CTX, a_specialist_task())
    again, model = specialists(casebook)

    assert again.run_specialist(CTX, a_specialist_task()) == report
    assert model.requests == []
    assert events(casebook).count("specialist_finished") == 1


def test_an_attempt_that_failed_goes_on_where_it_stopped(casebook: CaseBook) -> None:
    asked = asks(("get_customer", {"customer_id": 7}))
    first, _ = specialists(casebook, asked, MemoryError("Out of memory."))
    with pytest.raises(MemoryError):
        first.run_specialist(CTX, a_specialist_task())
    second, model = specialists(casebook, answers(a_verdict(0.4, ["r1-usage-1"])))

    report = second.run_specialist(CTX, a_specialist_task())

    assert (report.status, report.tokens) == ("ok", 200)
    assert len(model.requests) == 1


def test_a_specialist_that_failed_for_good_is_on_record(casebook: CaseBook) -> None:
    activities, _ = specialists(casebook)
    failed = unavailable_report("usage", 1, "The model did not answer.")

    activities.record_report(CTX, ReportFiling(case_id=CASE, report=failed))

    assert casebook.recall_report(CASE, 1, "usage") == failed


def test_a_report_that_was_kept_after_all_beats_the_notice_of_its_failure(casebook: CaseBook) -> None:
    activities, _ = specialists(casebook, answers(a_verdict(0.4)))
    report = activities.run_specialist(CTX, a_specialist_task())
    failed = unavailable_report("usage", 1, "The answer was lost on its way.")

    assert activities.record_report(CTX, ReportFiling(case_id=CASE, report=failed)) == report


def test_an_assessment_is_kept_with_its_cost_and_not_paid_for_again(casebook: CaseBook) -> None:
    first, _ = assessing(casebook, answers(VERDICT))
    assessment = first.assess_risk(CTX, an_assessment_task())
    again, model = assessing(casebook)

    assert again.assess_risk(CTX, an_assessment_task()) == assessment
    assert (assessment.overall_risk_score, assessment.tokens, assessment.model) == (0.9, 100, "scripted")
    assert model.requests == []
    assert events(casebook) == ["case_opened", "assessed"]


def test_without_a_model_a_person_must_look(casebook: CaseBook) -> None:
    activities, _ = assessing(casebook)

    assessment = activities.assess_without_model(CTX, an_assessment_task())

    assert (assessment.route, assessment.overall_risk_score, assessment.risk_level) == ("review", None, "high")
    assert casebook.recall_assessment(CASE, 1) == assessment


def test_garbage_from_every_agent_never_clears_a_case(casebook: CaseBook) -> None:
    reports = tuple(a_report(name, None, status="unavailable", findings=()) for name in SPECIALISTS)
    activities, _ = assessing(casebook)
    order: AssessmentTask = an_assessment_task(reports=reports)

    assert activities.assess_risk(CTX, order).route == "review"


def test_a_review_is_opened_escalated_and_expired_in_the_record(casebook: CaseBook) -> None:
    activities = ReviewActivities(casebook)
    opening = an_opening(an_assessment())
    activities.open_review(CTX, opening)
    later = opening.review.model_copy(update={"required_role": "manager", "due_at": NOON + timedelta(hours=144)})

    assert activities.escalate_review(CTX, Escalation(case_id=CASE, review=later, reason="Late.", at=NOON)) is None
    assert casebook.get_case(CASE).state == "escalated"
    assert activities.expire_review(CTX, later) is None
    assert casebook.get_case(CASE).review is None


def test_a_decision_that_came_before_the_deadline_is_returned(casebook: CaseBook) -> None:
    activities = ReviewActivities(casebook)
    order = an_approved_order(casebook)
    review = casebook.get_case(CASE).decisions[0]
    request = an_opening(an_assessment()).review

    assert review == order.decision
    assert activities.expire_review(CTX, request) == order.decision
    assert (
        activities.escalate_review(CTX, Escalation(case_id=CASE, review=request, reason="", at=NOON)) == order.decision
    )


def test_an_effect_is_noted_before_and_after_it_happens(casebook: CaseBook) -> None:
    gateway = FakeGateway()
    order = an_approved_order(casebook, "lock_and_refund", ("ch-1", "ch-2"))

    result = ActionActivities(casebook, gateway).execute_action(CTX, order)

    assert [(effect.action, effect.status) for effect in result.effects] == [
        ("lock_account", "done"),
        ("refund_charges", "done"),
    ]
    assert gateway.performed == [
        ("lock_account", f"{CASE}:lock_account:7", ()),
        ("refund_charges", f"{CASE}:refund_charges:7", ("ch-1", "ch-2")),
    ]
    assert events(casebook)[-4:] == ["effect_started", "effect_finished", "effect_started", "effect_finished"]
    assert result.effects[0].result == {"customer_id": 7, "reason": f"{CASE}: approved by anna"}


def test_an_action_that_nobody_approved_does_not_happen(casebook: CaseBook) -> None:
    gateway = FakeGateway()
    order = an_approved_order(casebook, "clear")
    forged = order.model_copy(update={"decision": order.decision.model_copy(update={"action": "lock_account"})})

    with pytest.raises(Exception, match="No accepted decision"):
        ActionActivities(casebook, gateway).execute_action(CTX, forged)
    assert gateway.performed == []


def test_a_store_that_is_down_leaves_the_effect_pending_for_the_next_attempt(casebook: CaseBook) -> None:
    gateway = FakeGateway([ActionsUnavailable("The customer store could not be reached.")])
    activities = ActionActivities(casebook, gateway)
    order = an_approved_order(casebook)

    with pytest.raises(ActionsUnavailable):
        activities.execute_action(CTX, order)
    assert [effect.status for effect in casebook.get_case(CASE).effects] == ["pending"]
    assert [effect.status for effect in activities.execute_action(CTX, order).effects] == ["done"]
    assert events(casebook).count("effect_started") == 1


def test_a_refusal_is_final_and_nothing_after_it_is_tried(casebook: CaseBook) -> None:
    gateway = FakeGateway([ActionRefused("Customer 7 is not in the customer store.")])

    result = ActionActivities(casebook, gateway).execute_action(
        CTX, an_approved_order(casebook, "lock_and_refund", ("ch-1",))
    )

    assert [(effect.action, effect.status, effect.result) for effect in result.effects] == [
        ("lock_account", "failed", {"error": "Customer 7 is not in the customer store."})
    ]
    assert gateway.performed == []


def test_a_refund_without_charges_fails_without_asking_the_store(casebook: CaseBook) -> None:
    gateway = FakeGateway()

    result = ActionActivities(casebook, gateway).execute_action(CTX, an_approved_order(casebook, "refund_charges"))

    assert [(effect.status, effect.result) for effect in result.effects] == [("failed", {"error": NOTHING_TO_REFUND})]
    assert gateway.performed == []


def test_giving_up_says_that_nobody_knows_but_leaves_what_is_done(casebook: CaseBook) -> None:
    gateway = FakeGateway()
    activities = ActionActivities(casebook, gateway)
    order = an_approved_order(casebook, "lock_and_refund", ("ch-1",))
    ActionActivities(casebook, gateway).execute_action(
        CTX, order.model_copy(update={"decision": order.decision.model_copy(update={"action": "lock_account"})})
    )

    activities.give_up_action(CTX, order)

    assert {effect.action: effect.status for effect in casebook.get_case(CASE).effects} == {
        "lock_account": "done",
        "refund_charges": "unknown",
    }


def test_a_person_is_shown_why_an_assessment_that_was_to_clear_the_case_came_to_them(casebook: CaseBook) -> None:
    judgement = {"overall_risk_score": 0.1, "recommended_action": "clear", "reasoning": "All is well."}
    activities, _ = assessing(casebook, answers(judgement))
    cleared = activities.assess_risk(CTX, an_assessment_task())
    shown = send_to_person(cleared, "The case's memory could not be written: it is full.")

    ReviewActivities(casebook).open_review(CTX, an_opening(shown))
    casebook.accept_decision(a_decision(review_id(CASE, 1), shown, action="clear"), ("manager",))

    assert cleared.route == "auto_clear"
    assert casebook.get_case(CASE).assessment == shown


def test_a_case_that_ends_as_failed_is_an_error_in_the_log(
    casebook: CaseBook, caplog: pytest.LogCaptureFixture
) -> None:
    ClosingActivities(casebook).close_case(CTX, Closing(case_id=CASE, round=1, outcome="failed"))

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("ERROR", "Closed: failed.")]


def test_closing_twice_closes_once(casebook: CaseBook) -> None:
    activities = ClosingActivities(casebook)
    closing = Closing(case_id=CASE, round=1, outcome="auto_cleared")

    activities.close_case(CTX, closing)
    activities.close_case(CTX, closing)

    assert events(casebook) == ["case_opened", "case_closed"]
    assert casebook.get_case(CASE).outcome == "auto_cleared"
