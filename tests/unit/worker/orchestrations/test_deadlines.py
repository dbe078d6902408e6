"""Deadlines, reminders and escalation, with real timers of fractions of a second."""

import pytest

from contracts.severity import Severity
from tests.unit.worker.support.case_script import CaseScript, ScriptedFault
from tests.unit.worker.support.cases import a_policy, an_alert
from tests.unit.worker.support.lab import Lab

SOON_H = 0.0001
"""About a third of a second."""
LATER_H = 0.001


@pytest.mark.parametrize(("severity", "due_h"), [("critical", 4), ("high", 24), ("medium", 72), ("low", 72)])
def test_answer_is_due_by_severity_of_the_alert(lab: Lab, severity: Severity, due_h: float) -> None:
    policy = a_policy(review_hours_critical=4, review_hours_high=24)
    case = lab.start(CaseScript(policy=policy), an_alert(f"due-{severity}", severity=severity))

    review = case.script.opening().review
    case.decide(case.script.opening(), "clear")

    assert case.outcome() == "cleared"
    assert (review.due_at - review.opened_at).total_seconds() == due_h * 3600
    (plan,) = case.script.plans
    assert (plan.required_role, plan.severity, plan.asked_at) == ("analyst", severity, review.opened_at)


def test_possible_deciders_are_reminded_once_and_may_still_decide(lab: Lab) -> None:
    policy = a_policy(approval_timeout_hours=1, remind_before_share=1 - SOON_H)
    case = lab.start(CaseScript(policy=policy))

    reminder = case.script.reminder()
    opening = case.script.opening()
    case.decide(opening, "clear")

    assert case.outcome() == "cleared"
    assert case.script.reminders == [reminder]
    assert (reminder.review_id, reminder.at) == (opening.review.review_id, opening.review.remind_at)
    assert opening.review.opened_at < reminder.at < opening.review.due_at
    assert case.script.escalations == []


def test_each_who_is_asked_is_reminded_before_their_deadline(lab: Lab) -> None:
    # The reminder at once, and the deadline seconds later: a busy machine still comes to the one before the other.
    hurried = a_policy(approval_timeout_hours=LATER_H, escalation_timeout_hours=LATER_H, remind_before_share=0.95)
    case = lab.start(CaseScript(policy=hurried))

    assert case.outcome() == "unresolved"
    escalated = case.script.escalation().review
    first, second = case.script.reminders
    assert (first.at, second.at) == (case.script.opening().review.remind_at, escalated.remind_at)
    assert [plan.required_role for plan in case.script.plans] == ["analyst", "manager"]
    assert escalated.required_role == "manager"
    assert escalated.due_at > case.script.opening().review.due_at
    assert case.script.orders == []


def test_decision_before_the_reminder_prevents_it(lab: Lab) -> None:
    case = lab.start(CaseScript(policy=a_policy(remind_before_share=0.5)))

    case.decide(case.script.opening(), "clear")

    assert case.outcome() == "cleared"
    assert case.script.reminders == []


def test_reminder_that_cannot_be_noted_delays_nothing(lab: Lab) -> None:
    policy = a_policy(approval_timeout_hours=2 * SOON_H, remind_before_share=0.5)
    case = lab.start(CaseScript(policy=policy, instead={"remind_review": ScriptedFault("No casebook.")}))

    case.script.escalation()
    case.decide(case.script.opening(), "clear")

    assert case.outcome() == "cleared"


def test_used_up_attempts_bring_the_manager_with_own_deadline(lab: Lab) -> None:
    policy = a_policy(max_review_attempts=1, escalation_timeout_hours=7)
    case = lab.start(CaseScript(policy=policy))
    case.reject(case.script.opening(1))

    review = case.script.opening(2).review
    case.decide(case.script.opening(2), "clear")

    assert case.outcome() == "cleared"
    assert (review.due_at - review.opened_at).total_seconds() == 7 * 3600
    assert [plan.required_role for plan in case.script.plans] == ["analyst", "manager"]


def test_four_eyes_policy_is_part_of_the_question(lab: Lab) -> None:
    case = lab.start(CaseScript(policy=a_policy(four_eyes_refund_minor=0)))

    review = case.script.opening().review
    case.decide(case.script.opening(), "clear")

    assert case.outcome() == "cleared"
    assert (review.approvals_required, review.four_eyes_actions) == (1, ("lock_and_refund", "clear"))
    assert review.remind_at is None
