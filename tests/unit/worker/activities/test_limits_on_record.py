"""Who answers for the beginning of a case names no limits: the case begins with the first step that is really taken."""

from datetime import UTC, datetime, timedelta

from casebook.commands.recovery import MAX_FAILURES
from contracts.investigation import AssessmentOrder, ReviewOrder, ReviewPlan, SpecialistOrder
from contracts.report import SPECIALISTS
from contracts.review import ReviewRequest
from contracts.steps import Investigation
from tests.support.casebooks import CaseBook
from tests.unit.worker.support.agents import ScriptedModel, a_loop, a_verdict, answers
from tests.unit.worker.support.cases import a_decision, a_policy, an_assessment, an_assessment_order
from tests.unit.worker.support.record import CASE, CTX, concluded, events
from worker.activities.assessment import AssessmentActivities
from worker.activities.review import ReviewActivities
from worker.activities.rounds import RoundActivities
from worker.activities.specialists import SpecialistActivities
from worker.agents.aggregator import AggregatorAgent
from worker.agents.prompts import load_prompts
from worker.agents.specialists import SpecialistAgents

OURS = a_policy(four_eyes_refund_minor=50_000, approval_timeout_hours=48, escalation_timeout_hours=48)
TOLD = a_policy(auto_clear_threshold=1.0, approval_timeout_hours=0.000_1, escalation_timeout_hours=0.000_1)


def begun_with(casebook: CaseBook) -> list[object]:
    return [event.data["policy"] for event in casebook.case_events(CASE) if event.type == "round_started"]


def asked(casebook: CaseBook) -> ReviewRequest:
    assessment = concluded(casebook, an_assessment().model_copy(update={"reports": ()}))
    plan = ReviewPlan(
        case_id=CASE,
        severity="low",
        required_role="analyst",
        asked_at=datetime.now(UTC),
        assessment=assessment,
        policy=TOLD,
    )
    return ReviewActivities(casebook, policy=OURS).ask_person(CTX, ReviewOrder(plan=plan))


def test_a_question_is_put_with_our_limits(casebook: CaseBook) -> None:
    before = datetime.now(UTC)
    review = asked(casebook)

    assert review.due_at >= before + timedelta(hours=47)
    assert "lock_and_refund" in (review.four_eyes_actions or ())
    assert begun_with(casebook) == [OURS.model_dump(mode="json")]
    assert casebook.audit().broken is None


def test_a_specialist_begins_the_case_with_our_limits(casebook: CaseBook) -> None:
    agents = SpecialistAgents(a_loop(ScriptedModel([answers(a_verdict(0.7, []))] * 3)), load_prompts())
    order = SpecialistOrder(case_id=CASE, round=1, specialist="usage", policy=TOLD)
    SpecialistActivities(casebook, agents, OURS).run_specialist(CTX, order)

    assert begun_with(casebook) == [OURS.model_dump(mode="json")]
    assert casebook.audit().broken is None


def test_an_assessment_begins_the_case_with_our_limits(casebook: CaseBook) -> None:
    order = an_assessment_order().model_copy(update={"policy": TOLD})
    assert isinstance(order, AssessmentOrder)
    aggregator = AggregatorAgent(a_loop(ScriptedModel([])), load_prompts())
    assessment = AssessmentActivities(casebook, aggregator, OURS).assess_without_model(CTX, order)

    assert assessment.route == "review"
    assert len(assessment.reports) == len(SPECIALISTS)
    assert begun_with(casebook) == [OURS.model_dump(mode="json")]


def test_a_case_that_has_begun_keeps_its_limits(casebook: CaseBook) -> None:
    casebook.start_round(CASE, 1, OURS)
    asked(casebook)

    assert events(casebook).count("round_started") == 1
    assert begun_with(casebook) == [OURS.model_dump(mode="json")]


def test_case_that_failed_before_its_start_is_asked_about(casebook: CaseBook) -> None:
    casebook.recover_case(CASE, "The investigation failed.", unstarted=True)
    known = RoundActivities(casebook, OURS).start_case(CTX, Investigation(case_id=CASE))
    assert known.resume is not None
    basis = casebook.review_basis(CASE, 1)
    plan = ReviewPlan(
        case_id=CASE,
        severity="low",
        required_role="analyst",
        asked_at=datetime.now(UTC),
        assessment=basis.assessment,
        policy=TOLD,
    )

    review = ReviewActivities(casebook, policy=OURS).ask_person(CTX, ReviewOrder(plan=plan))

    assert review.required_role == "analyst"
    assert begun_with(casebook) == [OURS.model_dump(mode="json")]
    assert casebook.audit().broken is None


def test_case_left_to_a_manager_before_start_is_reopened(casebook: CaseBook) -> None:
    for _ in range(MAX_FAILURES):
        casebook.recover_case(CASE, "The scheduler does not start the investigation.", unstarted=True)
    view = casebook.get_fraud_case(CASE)
    assert view.review is not None
    assert view.assessment is not None
    lock = a_decision(view.review.review_id, view.assessment, action="lock_account", reason_code="account_takeover")
    casebook.accept_decision(lock, ("manager",))
    casebook.note_changed_facts(CASE, 1, ("The account is locked already.",))
    again = view.assessment.model_copy(
        update={"round": 2, "route_reasons": (*view.assessment.route_reasons, "The account is locked already.")}
    )
    plan = ReviewPlan(
        case_id=CASE, severity="low", required_role="manager", asked_at=datetime.now(UTC), assessment=again, policy=TOLD
    )
    before = datetime.now(UTC)

    asked = ReviewActivities(casebook, policy=OURS).ask_person(
        CTX, ReviewOrder(plan=plan, escalation_reason="It failed.")
    )

    assert (casebook.get_fraud_case(CASE).round, asked.required_role) == (2, "manager")
    assert asked.due_at >= before + timedelta(hours=47)
    assert begun_with(casebook) == []
