"""The investigation as a whole: every way that a case can go."""

import threading

import pytest

from contracts.actions import RecommendedAction
from contracts.case import CaseOutcome
from contracts.investigation import SpecialistOrder
from contracts.report import SPECIALISTS, Finding, SpecialistReport
from tests.unit.worker.support.case_script import WAIT_S, CaseScript, ordinary_report
from tests.unit.worker.support.cases import a_decision, a_policy, a_report, an_assessment, three_reports
from tests.unit.worker.support.lab import Lab
from worker.ports.model import ModelUnavailable

SOON_H = 0.0001
"""About a third of a second."""


def test_a_harmless_case_is_cleared_without_asking_anyone(lab: Lab) -> None:
    case = lab.start(CaseScript(score=0.1, recommended="clear"))

    assert case.outcome() == "auto_cleared"
    assert case.script.outcomes == ["auto_cleared"]
    assert case.script.openings == []
    assert case.progress().phase == "closed"
    assert case.progress().outcome == "auto_cleared"


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("clear", "cleared"),
        ("lock_account", "account_locked"),
        ("refund_charges", "charges_refunded"),
        ("lock_and_refund", "locked_and_refunded"),
    ],
)
def test_an_approved_action_is_carried_out(lab: Lab, action: RecommendedAction, outcome: CaseOutcome) -> None:
    case = lab.start()

    decision = case.decide(case.script.opening(), action)

    assert case.outcome() == outcome
    assert [order.decision for order in case.script.orders] == ([] if action == "clear" else [decision])
    assert case.script.outcomes == [outcome]


def test_quality_sample_of_harmless_cases_reaches_a_person(lab: Lab) -> None:
    case = lab.start(CaseScript(score=0.1, recommended="clear", policy=a_policy(quality_check_share=1.0)))

    opening = case.script.opening()
    case.decide(opening, "clear")

    assert opening.assessment.quality_check
    assert case.outcome() == "cleared"


def test_rejection_starts_a_round_that_remembers_the_feedback(lab: Lab) -> None:
    case = lab.start()

    case.reject(case.script.opening(1), feedback="Look at the roaming package.")
    case.decide(case.script.opening(2), "clear")

    assert case.outcome() == "cleared"
    assert case.script.rounds == [1, 2]
    (remembered,) = case.script.assessed[1].memory
    assert (remembered.round, remembered.feedback, remembered.decided_by) == (1, "Look at the roaming package.", "anna")
    assert {order.round for order in case.script.heard if order.memory} == {2}


def test_last_permitted_rejection_brings_the_case_to_a_manager(lab: Lab) -> None:
    case = lab.start(CaseScript(policy=a_policy(max_review_attempts=2)))

    case.reject(case.script.opening(1))
    case.reject(case.script.opening(2))
    last = case.script.opening(3)
    case.decide(last, "lock_account", decided_by="mo")

    assert case.outcome() == "account_locked"
    assert case.script.rounds == [1, 2]
    assert (last.round, last.review.required_role) == (3, "manager")
    assert last.escalation_reason == "The analysts rejected every assessment that they may ask for."
    assert last.review.assessment_hash != case.script.openings[1].review.assessment_hash
    assert last.assessment.reports == case.script.openings[1].assessment.reports


def test_a_manager_s_rejection_leaves_the_case_unresolved(lab: Lab) -> None:
    case = lab.start(CaseScript(policy=a_policy(max_review_attempts=1)))

    case.reject(case.script.opening(1))
    case.reject(case.script.opening(2))

    assert case.outcome() == "unresolved"


def test_missed_deadline_passes_the_question_to_a_manager(lab: Lab) -> None:
    case = lab.start(CaseScript(policy=a_policy(approval_timeout_hours=SOON_H)))

    opening = case.script.opening()
    escalation = case.script.escalation()
    progress = case.progress_when(lambda shown: shown.phase == "escalated")
    case.decide(opening, "lock_account", decided_by="mo")

    assert case.outcome() == "account_locked"
    assert escalation.review.review_id == opening.review.review_id
    assert escalation.review.required_role == "manager"
    assert escalation.review.due_at > opening.review.due_at
    assert progress.round == 1
    assert case.script.expired == []


def test_manager_s_rejection_after_missed_deadline_ends_unresolved(lab: Lab) -> None:
    case = lab.start(CaseScript(policy=a_policy(approval_timeout_hours=SOON_H)))
    opening = case.script.opening()
    case.script.escalation()
    case.progress_when(lambda shown: shown.phase == "escalated")

    case.reject(opening, decided_by="mo")

    assert case.outcome() == "unresolved"
    assert case.script.rounds == [1]


def test_a_second_missed_deadline_leaves_the_case_unresolved(lab: Lab) -> None:
    hurried = a_policy(approval_timeout_hours=SOON_H, escalation_timeout_hours=SOON_H)
    case = lab.start(CaseScript(policy=hurried))

    assert case.outcome() == "unresolved"
    assert [review.review_id for review in case.script.expired] == [case.script.openings[0].review.review_id]
    assert case.script.outcomes == ["unresolved"]


def test_a_decision_accepted_before_the_last_deadline_is_valid(lab: Lab) -> None:
    script = CaseScript(policy=a_policy(max_review_attempts=1, escalation_timeout_hours=SOON_H))
    script.decides[2] = lambda last: a_decision(last.review.review_id, last.assessment, action="lock_account")
    case = lab.start(script)
    case.reject(script.opening(1))

    assert case.outcome() == "account_locked"


def test_rejection_just_before_the_deadline_starts_a_round(lab: Lab) -> None:
    script = CaseScript(policy=a_policy(approval_timeout_hours=SOON_H))
    script.decides[1] = lambda asked: a_decision(asked.review.review_id, asked.assessment, verdict="reject")
    script.decides[2] = lambda asked: a_decision(asked.review.review_id, asked.assessment, action="clear")
    case = lab.start(script)

    assert case.outcome() == "cleared"
    assert script.rounds == [1, 2]


def test_specialist_that_always_fails_leaves_the_decision_to_people(lab: Lab) -> None:
    def location_fails(order: SpecialistOrder) -> SpecialistReport:
        if order.specialist == "location":
            raise ModelUnavailable("The model did not answer within 60 seconds.")
        return ordinary_report(order)

    case = lab.start(CaseScript(score=0.1, recommended="clear", specialist=location_fails))

    opening = case.script.opening()
    case.decide(opening, "clear")

    assert case.outcome() == "cleared"
    assert case.script.attempts_of("location") == 3
    (filed,) = case.script.filed
    assert (filed.specialist, filed.status) == ("location", "unavailable")
    assert filed.reason == "The language model could not be asked."
    assert opening.assessment.reports[1] == filed


def test_words_of_an_unexpected_fault_are_not_repeated(lab: Lab) -> None:
    def fails(order: SpecialistOrder) -> SpecialistReport:
        raise ValueError("password=hunter2")

    case = lab.start(CaseScript(specialist=fails))
    case.decide(case.script.opening(), "clear")

    assert case.outcome() == "cleared"
    assert {report.reason for report in case.script.filed} == {"It failed unexpectedly (value-error)."}


def test_without_an_aggregator_a_person_decides(lab: Lab) -> None:
    case = lab.start(CaseScript(aggregator_fails=True))

    opening = case.script.opening()
    case.decide(opening, "lock_account")

    assert case.outcome() == "account_locked"
    assert opening.assessment.overall_risk_score is None
    assert opening.assessment.route == "review"
    assert len(case.script.assessed) == 3


def test_a_decision_on_another_assessment_changes_nothing(lab: Lab) -> None:
    case = lab.start()
    opening = case.script.opening()

    other = a_decision(opening.review.review_id, opening.assessment, assessment_hash="sha256:" + "0" * 64)
    case.send(1, other)
    case.decide(opening, "clear")

    assert case.outcome() == "cleared"
    assert case.script.orders == []


def test_an_event_that_is_not_even_json_changes_nothing(lab: Lab) -> None:
    case = lab.start()
    opening = case.script.opening()

    case.send_text(1, "approve!")
    case.decide(opening, "clear")

    assert case.outcome() == "cleared"


@pytest.mark.parametrize("payload", [None, "approve", {"verdict": "approve"}, 7])
def test_an_event_that_is_no_decision_changes_nothing(lab: Lab, payload: object) -> None:
    case = lab.start()
    opening = case.script.opening()

    case.send(1, payload)
    case.decide(opening, "clear")

    assert case.outcome() == "cleared"


def test_a_doubled_decision_never_reaches_the_next_round(lab: Lab) -> None:
    case = lab.start()

    rejection = case.reject(case.script.opening(1))
    case.send(1, rejection)
    second = case.script.opening(2)
    case.send(2, rejection)
    case.send(1, a_decision(second.review.review_id, second.assessment, action="lock_account"))
    case.decide(second, "clear")

    assert case.outcome() == "cleared"
    assert case.script.rounds == [1, 2]


def test_decision_may_arrive_before_the_case_waits(lab: Lab) -> None:
    asked = threading.Event()

    def after_the_decision(order: SpecialistOrder) -> SpecialistReport:
        assert asked.wait(WAIT_S)
        return ordinary_report(order)

    case = lab.start(CaseScript(specialist=after_the_decision))
    alert = case.script.alert
    foreseen = an_assessment(0.9, reports=three_reports(), alert=alert, case_id=case.order.case_id)
    decision = a_decision(f"{case.order.case_id}:r1", foreseen, action="clear")
    case.script.accepted[decision.review_id] = decision
    case.send(1, decision)
    asked.set()

    assert case.outcome() == "cleared"


def test_each_specialist_shows_as_soon_as_it_has_finished(lab: Lab) -> None:
    gates = {name: threading.Event() for name in SPECIALISTS}

    def when_let(order: SpecialistOrder) -> SpecialistReport:
        assert gates[order.specialist].wait(WAIT_S)
        return ordinary_report(order)

    case = lab.start(CaseScript(score=0.1, recommended="clear", specialist=when_let))
    case.progress_when(lambda shown: set(shown.specialists.values()) == {"running"})
    gates["billing"].set()
    one_done = case.progress_when(lambda shown: "ok" in shown.specialists.values())
    gates["usage"].set()
    gates["location"].set()

    assert one_done.phase == "investigating"
    assert one_done.specialists == {"usage": "running", "location": "running", "billing": "ok"}
    assert case.outcome() == "auto_cleared"
    assert case.progress().score == 0.1


def test_custom_status_stays_below_4_kb_whatever_is_found(lab: Lab) -> None:
    def verbose(order: SpecialistOrder) -> SpecialistReport:
        findings = tuple(Finding(statement="x" * 3_000, evidence_ids=("e-1",)) for _ in range(10))
        return a_report(order.specialist, 0.7, round=order.round, findings=findings)

    case = lab.start(CaseScript(specialist=verbose))
    opening = case.script.opening()
    while_waiting = case.progress_when(lambda shown: shown.phase == "awaiting_review")
    case.decide(opening, "lock_account")

    assert case.outcome() == "account_locked"
    for progress in (while_waiting, case.progress()):
        assert len(progress.model_dump_json().encode()) < 4_000


def test_a_case_keeps_the_limits_that_it_began_with(lab: Lab) -> None:
    script = CaseScript(policy=a_policy(max_review_attempts=2))
    case = lab.start(script)
    opening = script.opening(1)
    script.policy = a_policy(max_review_attempts=1)

    case.reject(opening)

    assert script.opening(2).escalation_reason is None
    case.decide(script.opening(2), "clear")
    assert case.outcome() == "cleared"
