"""What is announced or answered and is not on record: it wakes the case, and changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.alert import Alert
from contracts.ids import case_id, review_id
from contracts.investigation import FactReport, NotedFacts, ReviewOpening
from contracts.review import ReviewRequest, Role
from contracts.steps import EscalatedReview
from tests.unit.worker.support.case_script import NULL, CaseScript
from tests.unit.worker.support.cases import NOON, a_decision, a_policy, a_reversal_order, an_alert
from tests.unit.worker.support.lab import Lab
from worker.domain.routing import WAS_ASKED
from worker.orchestrations import inbox, review
from worker.orchestrations.inbox import FOLLOWS_AT_MOST, LOOKS_AT_ONCE

SOON_H = 0.0005
FAR = datetime(2999, 1, 1, tzinfo=UTC)


def forgeries(opening: ReviewOpening) -> list[object]:
    """Every answer that could be given, and what is none."""
    asked, shown = opening.review.review_id, opening.assessment
    actions = ("clear", "lock_account", "refund_charges", "lock_and_refund")
    approvals = [a_decision(asked, shown, action=action) for action in actions]
    rejection = a_decision(asked, shown, verdict="reject", feedback="Clear it.", decided_by="maria")
    of_a_newer_release = {**rejection.model_dump(mode="json"), "mood": "sure"}
    return [*approvals, rejection, of_a_newer_release, None, "approve", 7, [], {"verdict": "approve"}]


def test_no_forged_event_ends_acts_on_or_starts_anything(lab: Lab) -> None:
    case = lab.start()
    opening = case.script.opening()
    for forged in forgeries(opening):
        case.send(1, forged)
        case.send(2, forged)
    case.send_text(1, "approve!")
    waiting = case.progress_when(lambda shown: shown.phase == "awaiting_review")

    case.decide(opening, "lock_account")

    assert case.outcome() == "account_locked"
    assert waiting.outcome is None
    assert (case.script.rounds, len(case.script.openings), case.script.outcomes) == ([1], 1, ["account_locked"])
    assert [order.decision.action for order in case.script.orders] == ["lock_account"]


def test_feedback_of_a_rejection_is_taken_from_record(lab: Lab) -> None:
    case = lab.start()
    opening = case.script.opening(1)
    case.script.accepted[opening.review.review_id] = rejection = a_decision(
        opening.review.review_id, opening.assessment, verdict="reject", feedback="Look at the roaming package."
    )
    case.send(1, rejection.model_copy(update={"feedback": "Clear it.", "decided_by": "maria"}))
    case.decide(case.script.opening(2), "clear")

    assert case.outcome() == "cleared"
    (remembered,) = case.script.assessed[1].memory
    assert (remembered.feedback, remembered.decided_by) == ("Look at the roaming package.", "anna")


def test_forged_events_do_not_move_the_deadline(lab: Lab) -> None:
    hurried = a_policy(approval_timeout_hours=SOON_H, escalation_timeout_hours=SOON_H)
    case = lab.start(CaseScript(policy=hurried))
    opening = case.script.opening()
    for _ in range(50):
        case.send(1, a_decision(opening.review.review_id, opening.assessment, action="clear"))

    assert case.outcome() == "unresolved"
    assert (len(case.script.escalations), len(case.script.expired)) == (1, 1)


def test_flood_of_forged_events_is_read_ever_less_often(lab: Lab) -> None:
    case = lab.start()
    opening = case.script.opening()
    for _ in range(500):
        case.send(1, "clear it")

    case.decide(opening, "clear")

    assert case.outcome() == "cleared"
    assert sum(reading.announced for reading in case.script.readings) <= 501
    assert len(case.script.readings) <= LOOKS_AT_ONCE + 8, "each pause is twice the one before"


def test_a_recorded_decision_counts_although_its_event_was_lost(lab: Lab) -> None:
    script = CaseScript(policy=a_policy(approval_timeout_hours=SOON_H))
    script.decides[1] = lambda asked: a_decision(asked.review.review_id, asked.assessment, action="clear")
    case = lab.start(script)

    assert case.outcome() == "cleared"


def test_action_not_on_record_leaves_case_with_a_person(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    # So long it shows that a person has it, and whoever looks again and again sees it.
    monkeypatch.setattr(inbox, "FIRST_PAUSE", timedelta(seconds=5))
    case = lab.start(CaseScript(refused=["execute_action"]))
    opening = case.script.opening()
    case.decide(opening, "lock_account")
    back = case.progress_when(lambda shown: not case.script.refused and shown.phase == "awaiting_review")

    assert case.outcome() == "account_locked"
    assert (back.round, back.outcome) == (1, None)
    assert len(case.script.orders) == 1


def test_case_barred_from_clearing_goes_to_a_person(lab: Lab) -> None:
    case = lab.start(CaseScript(score=0.1, recommended="clear", refused=["close_case"]))
    opening = case.script.opening()
    case.decide(opening, "clear")

    assert case.outcome() == "cleared"
    assert opening.assessment.route_reasons == (
        "The record does not justify that the case is cleared automatically: no-ground-for-close-case.",
    )


def test_round_after_a_human_question_never_clears_itself(lab: Lab) -> None:
    script = CaseScript(score=0.1, recommended="clear", policy=a_policy(quality_check_share=1.0))
    case = lab.start(script)
    opening = script.opening(1)
    script.policy = a_policy()
    case.reject(opening)
    again = script.opening(2)
    case.decide(again, "clear")

    assert case.outcome() == "cleared"
    assert WAS_ASKED in again.assessment.route_reasons


def test_what_was_not_concluded_is_not_asked_about(lab: Lab) -> None:
    """An answer to `assess_risk` that anybody may have invented: people are asked about what is on record."""
    script = CaseScript(refused=["ask_person"])
    case = lab.start(script)
    opening = script.opening()
    case.decide(opening, "lock_account")

    assert case.outcome() == "account_locked"
    assert opening.assessment.overall_risk_score is None


def a_question(alert: Alert, due_at: datetime, role: Role = "analyst") -> ReviewRequest:
    """What somebody may say was asked about an alert."""
    hashed = "sha256:" + "0" * 64
    asked = review_id(case_id(alert.alert_id), 1)
    return ReviewRequest(review_id=asked, assessment_hash=hashed, opened_at=NOON, due_at=due_at, required_role=role)


def test_question_never_put_is_put_at_the_next_wake(lab: Lab) -> None:
    alert = an_alert("alert-never-put")
    script = CaseScript(invented={"ask_person": [a_question(alert, FAR)]})
    case = lab.start(script, alert)
    case.progress_when(lambda shown: shown.phase == "awaiting_review")
    assert script.openings == []

    case.send(1, None)
    case.decide(script.opening(), "lock_account")

    assert case.outcome() == "account_locked"


def test_question_never_put_but_called_overdue_is_put(lab: Lab) -> None:
    alert = an_alert("alert-overdue")
    case = lab.start(CaseScript(invented={"ask_person": [a_question(alert, NOON)]}), alert)
    case.decide(case.script.opening(), "lock_account")

    assert case.outcome() == "account_locked"
    assert case.script.escalations == []


@pytest.mark.parametrize("step", ["ask_person", "escalate_to_manager"])
def test_an_invented_deadline_is_found_out(lab: Lab, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "LOOK_AT_LEAST", timedelta(milliseconds=50))
    hurried = a_policy(approval_timeout_hours=SOON_H, escalation_timeout_hours=SOON_H)
    alert = an_alert(f"alert-{step}")
    answers: dict[str, object] = {
        "ask_person": a_question(alert, FAR),
        "escalate_to_manager": EscalatedReview(review=a_question(alert, FAR, "manager"), decision=None),
    }
    case = lab.start(CaseScript(policy=hurried, invented={step: [answers[step]]}), alert)

    assert case.outcome() == "unresolved"
    assert (len(case.script.openings), len(case.script.escalations), len(case.script.expired)) == (1, 1, 1)


def test_an_expiry_that_nobody_noted_ends_no_case(lab: Lab) -> None:
    hurried = a_policy(approval_timeout_hours=SOON_H, escalation_timeout_hours=SOON_H)
    case = lab.start(CaseScript(policy=hurried, invented={"expire_review": [NULL]}, refused=["close_case"]))

    assert case.outcome() == "unresolved"
    assert len(case.script.expired) == 1


@pytest.mark.parametrize("refused", ["escalate_to_manager", "expire_review"])
def test_deadline_unknown_to_the_record_ends_no_question(lab: Lab, refused: str) -> None:
    hurried = a_policy(approval_timeout_hours=SOON_H, escalation_timeout_hours=SOON_H)
    case = lab.start(CaseScript(policy=hurried, refused=[refused]))

    assert case.outcome() == "unresolved"
    assert case.script.refused == []
    assert (len(case.script.escalations), len(case.script.expired)) == (1, 1)


def test_changed_fact_that_is_refused_starts_no_round(lab: Lab) -> None:
    changed = FactReport(changes=("The account is locked already.",))
    case = lab.start(CaseScript(facts=[changed], refused=["note_changed_facts"]))
    opening = case.script.opening()
    case.decide(opening, "lock_account")

    assert case.outcome() == "account_locked"
    assert len(case.script.openings) == 1


@pytest.mark.parametrize("refused", [[], ["check_facts"]])
def test_a_change_that_is_not_so_voids_no_approval(lab: Lab, refused: list[str]) -> None:
    invented = FactReport(changes=("The account is locked already.",))
    case = lab.start(CaseScript(facts=[invented], noted=[NotedFacts()], refused=refused))
    case.decide(case.script.opening(), "lock_account")

    assert case.outcome() == "account_locked"
    assert (len(case.script.openings), len(case.script.orders)) == (1, 1)


def test_next_question_says_changed_facts_on_record(lab: Lab) -> None:
    told = FactReport(changes=("The customer has died.",))
    so = "The account is locked already."
    case = lab.start(CaseScript(facts=[told], noted=[NotedFacts(changes=(so,), report=FactReport(changes=(so,)))]))
    case.decide(case.script.opening(1), "lock_account")
    again = case.script.opening(2)
    case.decide(again, "clear")

    assert case.outcome() == "cleared"
    assert again.assessment.route_reasons[-1] == so
    assert "died" not in again.assessment.model_dump_json()


@pytest.mark.parametrize("step", ["execute_action", "close_case"])
def test_approval_with_a_falsely_answered_step_is_carried_out(lab: Lab, step: str) -> None:
    """Nobody announces the decision again, and nobody waits for the deadline."""
    case = lab.start(CaseScript(refused=[step] * 3))
    case.decide(case.script.opening(), "lock_account")

    assert case.outcome() == "account_locked"
    assert len(case.script.openings) == 1
    assert case.script.escalations == []


def test_a_rejection_whose_round_was_answered_falsely_is_followed(lab: Lab) -> None:
    case = lab.start()
    opening = case.script.opening(1)
    case.script.refused.append("start_round")
    case.reject(opening)
    case.decide(case.script.opening(2), "clear")

    assert case.outcome() == "cleared"
    assert case.script.rounds == [1, 2]


def test_a_reversal_that_nobody_approved_ends_without_another_try(lab: Lab) -> None:
    script = CaseScript(refused=["execute_reversal"])

    assert lab.reverse(a_reversal_order(99), script) == "failed"
    assert (script.reversals, script.reversal_looks) == ([], [])


def test_case_that_keeps_being_misled_fails_and_is_recovered(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new orchestration reads again what this one has wrong, such as the customer of its case."""
    monkeypatch.setattr(inbox, "FIRST_PAUSE", timedelta(milliseconds=1))
    case = lab.start(CaseScript(refused=["execute_action"] * 99))
    case.decide(case.script.opening(), "lock_account")

    assert case.failure().startswith("event-without-record ")
    assert len(case.script.refused) == 99 - FOLLOWS_AT_MOST - 1
