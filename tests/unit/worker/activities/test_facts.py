"""Asking the store whether what was approved still holds, and what is asked of people in between."""

from datetime import UTC, datetime, time, timedelta

import pytest

from casebook.errors import EvidenceNotFound, NotApproved
from contracts.effect import Effect, EffectStatus
from contracts.hashing import content_hash
from contracts.investigation import FactCheck, ReviewOrder, ReviewPlan
from contracts.money import Money
from contracts.report import Evidence, SpecialistReport, ToolCall
from contracts.review import Role
from contracts.steps import Reminder, RoundInput
from tests.support.casebooks import CaseBook
from tests.unit.worker.support.agents import ScriptedModel, a_loop
from tests.unit.worker.support.cases import (
    NOON,
    a_policy,
    a_report,
    an_assessment,
    an_assessment_order,
    evidence_behind,
    three_reports,
)
from tests.unit.worker.support.record import CASE, CTX, an_opening, approved, concluded, events
from tests.unit.worker.support.store import REFUNDED_AT, FakeStore, a_charge, a_refund
from worker.activities.assessment import AssessmentActivities
from worker.activities.facts import FactActivities
from worker.activities.review import ReviewActivities
from worker.agents.aggregator import AggregatorAgent
from worker.agents.prompts import load_prompts
from worker.domain.deadlines import BusinessHours
from worker.domain.facts import NOT_CHECKED
from worker.ports.tools import ToolsUnavailable

CHECK = FactCheck(
    case_id=CASE,
    customer_id=7,
    action="lock_and_refund",
    refund_charge_ids=("ch-1",),
    evidence_ids=("r1-billing-1",),
)


def seen(casebook: CaseBook, *amounts: int, report: SpecialistReport | None = None) -> None:
    """Record what the billing specialist was shown."""
    listed = [a_charge(f"ch-{number}", amount) for number, amount in enumerate(amounts, 1)]
    evidence = Evidence(
        evidence_id="r1-billing-1",
        tool="get_recent_charges",
        arguments={},
        ok=True,
        result={"charges": list(listed)},
        recorded_at=NOON,
    )
    casebook.save_report(CASE, report or a_report("billing"), (evidence,))


def test_facts_that_still_hold_change_nothing(casebook: CaseBook) -> None:
    seen(casebook, 1_500)
    store = FakeStore(charges=[a_charge("ch-1")])

    report = FactActivities(casebook, store).check_facts(CTX, CHECK)

    assert report.changes == ()
    assert report.refund_total == (Money(amount_minor=1_500, currency="EUR"),)
    assert store.asked == ["get_customer 7", "get_recent_charges 7"]


def test_every_fact_that_changed_is_named(casebook: CaseBook) -> None:
    seen(casebook, 1_500)
    store = FakeStore(charges=[a_charge("ch-1", status="refunded")], refunds=[a_refund("ch-1")])
    more = CHECK.model_copy(update={"refund_charge_ids": ("ch-1", "ch-2")})

    changes = FactActivities(casebook, store).check_facts(CTX, more).changes

    assert changes == (REFUNDED, "Charge ch-2 is no longer among the account's recent charges: it cannot be refunded.")
    assert store.asked == ["get_customer 7", "get_recent_charges 7", "get_account_effects 7"]


def test_store_that_cannot_say_who_refunded_still_counts(casebook: CaseBook) -> None:
    seen(casebook, 1_500)
    store = FakeStore(charges=[a_charge("ch-1", status="refunded")], lacks={"get_account_effects"})

    assert FactActivities(casebook, store).check_facts(CTX, CHECK).changes == (
        "Charge ch-1 cannot be refunded: its status is refunded.",
    )


@pytest.mark.parametrize("store", [FakeStore(reads_fail=1), FakeStore(tool_errors=True)])
def test_a_store_that_does_not_say_is_no_answer(casebook: CaseBook, store: FakeStore) -> None:
    seen(casebook, 1_500)

    with pytest.raises(ToolsUnavailable):
        FactActivities(casebook, store).check_facts(CTX, CHECK)


def test_evidence_not_on_record_is_no_answer_either(casebook: CaseBook) -> None:
    with pytest.raises(EvidenceNotFound):
        FactActivities(casebook, FakeStore()).check_facts(CTX, CHECK)


TOLD = RoundInput(case_id=CASE, round=1)
REFUNDED = f"Charge ch-1 cannot be refunded: it was refunded at {REFUNDED_AT} by case-2, approved by ben."


def refund_approved(casebook: CaseBook) -> None:
    """The refund of a charge that was seen as it is in a new store."""
    call = ToolCall(
        tool_call_id="r1-billing-1",
        tool="get_recent_charges",
        arguments={},
        ok=True,
        result_hash="sha256:" + "0" * 64,
        duration_ms=1,
    )
    shown = Evidence(
        evidence_id=call.tool_call_id,
        tool=call.tool,
        arguments={},
        ok=True,
        result={"charges": [a_charge("ch-1")]},
        recorded_at=NOON,
    )
    concluded = an_assessment(reports=(*three_reports()[:2], a_report("billing", tool_calls=(call,))))
    approved(casebook, "refund_charges", concluded.model_copy(update={"refund_charge_ids": ("ch-1",)}), [shown])


def untouched() -> FakeStore:
    return FakeStore(charges=[a_charge("ch-1")])


def refunded() -> FakeStore:
    return FakeStore(charges=[a_charge("ch-1", status="refunded")], refunds=[a_refund("ch-1")])


def test_changed_facts_are_recorded_once_as_the_store_says(casebook: CaseBook) -> None:
    refund_approved(casebook)
    activities = FactActivities(casebook, refunded())

    noted = [activities.note_changed_facts(CTX, TOLD).changes for _ in range(2)]

    assert noted == [(REFUNDED,), (REFUNDED,)]
    assert events(casebook).count("facts_changed") == 1


def test_noted_change_is_valid_although_it_has_passed(casebook: CaseBook) -> None:
    refund_approved(casebook)
    FactActivities(casebook, refunded()).note_changed_facts(CTX, TOLD)

    assert FactActivities(casebook, untouched()).note_changed_facts(CTX, TOLD).changes == (REFUNDED,)


def test_an_invented_change_voids_no_approval(casebook: CaseBook) -> None:
    approved(casebook)

    assert FactActivities(casebook, FakeStore()).note_changed_facts(CTX, TOLD).changes == ()
    assert "facts_changed" not in events(casebook)
    assert [(each.reason, each.attempts) for each in casebook.refusals(CASE)] == [("facts-not-justified", 1)]


def test_a_store_that_does_not_say_is_a_change(casebook: CaseBook) -> None:
    approved(casebook)

    noted = FactActivities(casebook, FakeStore(reads_fail=1)).note_changed_facts(CTX, TOLD)

    assert (noted.changes, noted.report) == ((NOT_CHECKED,), None)


def test_refusal_of_the_store_is_said_in_its_words(casebook: CaseBook) -> None:
    approved(casebook)
    key = f"{CASE}:lock_account:7"
    refused = Effect(key=key, action="lock_account", status="failed", result={"error": "The account is frozen."})
    casebook.finish_effect(CASE, refused)

    noted = FactActivities(casebook, FakeStore(reads_fail=1)).note_changed_facts(CTX, TOLD)

    assert noted.changes == ("The account is frozen.",)


@pytest.mark.parametrize("status", ["done", "unknown", "pending"])
def test_what_has_begun_is_no_change_of_its_own(casebook: CaseBook, status: EffectStatus) -> None:
    approved(casebook)
    casebook.finish_effect(CASE, Effect(key=f"{CASE}:lock_account:7", action="lock_account", status=status))

    assert FactActivities(casebook, FakeStore(lock="by hand")).note_changed_facts(CTX, TOLD).changes == ()


def test_nothing_changes_that_nobody_approved(casebook: CaseBook) -> None:
    with pytest.raises(NotApproved):
        FactActivities(casebook, FakeStore(lock="by hand")).note_changed_facts(CTX, TOLD)


def test_assessment_says_its_refund_total_by_the_record(casebook: CaseBook) -> None:
    call = ToolCall(
        tool_call_id="r1-billing-1",
        tool="get_recent_charges",
        arguments={},
        ok=True,
        result_hash="sha256:" + "0" * 64,
        duration_ms=1,
    )
    billing = a_report("billing", 0.9, tool_calls=(call,), suspicious_charge_ids=("ch-1", "ch-2"))
    task = an_assessment_order(reports=(*three_reports()[:2], billing))
    seen(casebook, 1_500, 250, report=billing)
    for report in task.reports[:2]:
        casebook.save_report(CASE, report, evidence_behind(report))
    activities = AssessmentActivities(casebook, AggregatorAgent(a_loop(ScriptedModel([])), load_prompts()))

    assessment = activities.assess_without_model(CTX, task)

    assert assessment.refund_charge_ids == ("ch-1", "ch-2")
    assert assessment.refund_total == (Money(amount_minor=1_750, currency="EUR"),)
    assert casebook.start_assessment(CASE, 1).outcome == assessment


def a_plan(role: Role = "analyst", total: int | None = None, limit: int | None = 1_000) -> ReviewPlan:
    refund = () if total is None else (Money(amount_minor=total, currency="EUR"),)
    assessment = an_assessment().model_copy(
        update={
            "refund_charge_ids": ("ch-1",) if refund else (),
            "refund_total": refund,
            "recommended_action": "refund_charges" if refund else "lock_account",
        }
    )
    policy = a_policy(
        review_hours_critical=4, review_hours_high=4, remind_before_share=0.25, four_eyes_refund_minor=limit
    )
    return ReviewPlan(
        case_id=CASE, severity="critical", required_role=role, asked_at=NOON, assessment=assessment, policy=policy
    )


def test_review_is_due_by_severity_with_a_reminder_before(casebook: CaseBook) -> None:
    terms = ReviewActivities(casebook).schedule_review(CTX, a_plan())

    assert terms.due_at == NOON + timedelta(hours=4)
    assert terms.remind_at == NOON + timedelta(hours=3)


def test_review_is_due_in_business_hours_where_set(casebook: CaseBook) -> None:
    desk = BusinessHours(frozenset({1, 2, 3, 4, 5}), time(9), time(15), UTC)

    terms = ReviewActivities(casebook, desk).schedule_review(CTX, a_plan("manager"))

    assert terms.due_at == datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
    assert terms.remind_at == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("total", "limit", "people", "four_eyes"),
    [
        (999, 1_000, 1, ("lock_and_refund", "clear")),
        (1_001, 1_000, 2, ("refund_charges", "lock_and_refund", "clear")),
        (None, 1_000, 1, ("lock_and_refund", "clear")),
        (1_001, None, 1, None),
    ],
)
def test_review_asks_two_people_by_policy_in_force(
    casebook: CaseBook, total: int | None, limit: int | None, people: int, four_eyes: tuple[str, ...] | None
) -> None:
    terms = ReviewActivities(casebook).schedule_review(CTX, a_plan(total=total, limit=limit))

    assert (terms.approvals_required, terms.four_eyes_actions) == (people, four_eyes)


def test_repeated_step_does_not_move_the_terms_of_review(casebook: CaseBook) -> None:
    question = ReviewOrder(plan=a_plan(total=1_001))
    concluded(casebook, question.plan.assessment)
    desk = BusinessHours(frozenset({1, 2, 3, 4, 5}), time(9), time(15), UTC)

    asked = ReviewActivities(casebook).ask_person(CTX, question)
    again = ReviewActivities(casebook, desk).ask_person(CTX, question)

    assert casebook.get_fraud_case(CASE).review == asked == again
    assert asked.assessment_hash == content_hash(question.plan.assessment)
    assert (asked.opened_at, asked.due_at, asked.remind_at) == (
        NOON,
        NOON + timedelta(hours=4),
        NOON + timedelta(hours=3),
    )
    assert (asked.approvals_required, asked.four_eyes_actions) == (2, ("refund_charges", "lock_and_refund", "clear"))
    assert events(casebook).count("review_opened") == 1


def test_a_manager_is_asked_straight_away_with_the_reason(casebook: CaseBook) -> None:
    plan = a_plan("manager")
    concluded(casebook, plan.assessment)

    asked = ReviewActivities(casebook).ask_person(
        CTX, ReviewOrder(plan=plan, escalation_reason="All attempts are used up.")
    )

    assert asked.required_role == "manager"
    assert casebook.get_fraud_case(CASE).state == "escalated"


def test_reminder_is_recorded_once_and_only_while_asking(casebook: CaseBook) -> None:
    activities, plain = ReviewActivities(casebook), an_opening(concluded(casebook))
    opening = plain.model_copy(update={"review": plain.review.model_copy(update={"remind_at": NOON})})
    activities.open_review(CTX, opening)
    reminder = Reminder(case_id=CASE, review_id=opening.review.review_id, at=NOON)

    activities.remind_review(CTX, reminder)
    activities.remind_review(CTX, reminder)
    activities.expire_review(CTX, opening.review)
    activities.remind_review(CTX, reminder)

    assert events(casebook).count("review_reminded") == 1


def test_the_end_without_an_answer_is_loud(casebook: CaseBook, caplog: pytest.LogCaptureFixture) -> None:
    activities, opening = ReviewActivities(casebook), an_opening(concluded(casebook))
    activities.open_review(CTX, opening)

    activities.expire_review(CTX, opening.review)

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert events(casebook)[-1] == "review_expired"
