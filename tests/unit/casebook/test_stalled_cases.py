"""A case whose orchestration fails again and again is put to a manager, and tried once an hour."""

from datetime import timedelta

import pytest

from casebook.commands.recovery import FAILED_AGAIN, MAX_FAILURES, STALLED_FOR, Recovery
from contracts.investigation import InvestigationPolicy
from contracts.review import Decision
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    a_decision,
    an_opening,
    ask,
    begin,
    decide,
    investigate,
    open_case,
    pass_time,
)
from tests.unit.casebook.failures import REASON, asked, failed_case, fails, scheduled


@pytest.mark.parametrize("times", [2, MAX_FAILURES])
def test_open_question_stays_however_often_the_orchestration_fails(book: CaseBook, times: int) -> None:
    opening = asked(book)

    fails(book, opening.case_id, times=times)

    view = book.get_fraud_case(opening.case_id)
    assert (view.state, view.round, view.review) == ("awaiting_review", 1, opening.review)
    assert failed_case(book, opening.case_id).role == "analyst"
    decision = a_decision(opening)
    assert isinstance(book.accept_decision(decision, ("analyst",)), Decision)
    assert fails(book, opening.case_id) == Recovery(failures=1, goes_on=True)
    assert book.verify_case_log() is None


def test_second_failure_sends_an_unasked_question_to_a_manager(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))
    investigate(book, case)

    fails(book, case, times=2)

    found = failed_case(book, case)
    assert (found.role, found.reason, found.assessment.round) == ("manager", FAILED_AGAIN, 1)
    assert book.verify_case_log() is None


@pytest.mark.parametrize("reached", ["opened", "asked", "approved"])
def test_stalled_case_is_tried_once_an_hour(book: CaseBook, reached: str) -> None:
    case = scheduled(book, open_case(book))
    if reached != "opened":
        opening = ask(book, case)
        if reached == "approved":
            decide(book, opening)
    fails(book, case, times=MAX_FAILURES)
    assert book.is_stalled(case)

    pass_time(book, STALLED_FOR / timedelta(hours=1))
    assert not book.is_stalled(case)
    assert book.recover_case(case, REASON) == Recovery(failures=MAX_FAILURES + 1, goes_on=True)

    scheduled(book, case)
    assert book.is_stalled(case)
    assert book.recover_case(case, REASON) == Recovery(failures=MAX_FAILURES + 1, goes_on=False, is_new=False)
    assert book.verify_case_log() is None


def test_last_failure_asks_a_manager_and_stalls(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))

    assert fails(book, case, times=MAX_FAILURES) == Recovery(failures=MAX_FAILURES, goes_on=False)

    view = book.get_fraud_case(case)
    assert view.review is not None
    assert (view.state, view.review.required_role) == ("escalated", "manager")
    assert book.unscheduled_cases() == []
    assert book.is_stalled(case)
    assert book.recover_case(case, REASON) == Recovery(failures=MAX_FAILURES, goes_on=False, is_new=False)
    assert len([event for event in book.case_events(case) if event.type == "orchestration_failed"]) == MAX_FAILURES
    assert book.verify_case_log() is None


def test_managers_decision_on_a_stalled_case_is_carried_out(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))
    fails(book, case, times=MAX_FAILURES)
    view = book.get_fraud_case(case)
    assert view.assessment is not None
    opening = an_opening(case, view.assessment, view.round)
    recorded = decide(book, opening)

    assert book.recover_case(case, REASON) == Recovery(failures=1, goes_on=True)
    assert failed_case(book, case).decision == recorded


def test_restarted_backend_tries_a_stalled_case_again(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))
    fails(book, case, times=MAX_FAILURES)

    assert book.recover_case(case, REASON, again=True) == Recovery(failures=MAX_FAILURES + 1, goes_on=True)
    assert failed_case(book, case).role == "manager"


def test_case_lost_in_a_later_round_is_asked_about(book: CaseBook) -> None:
    opening = asked(book)
    fails(book, opening.case_id)
    decide(book, opening, "reject")
    book.start_round(opening.case_id, 2)

    found = failed_case(book, opening.case_id)

    assert (found.assessment.round, found.assessment.overall_risk_score) == (2, None)
    assert failed_case(book, opening.case_id) == found
    assert book.verify_case_log() is None


def test_failure_before_the_review_keeps_the_question(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))
    fails(book, case)
    first = failed_case(book, case)

    fails(book, case)

    second = failed_case(book, case)
    assert (first.role, second.role) == ("analyst", "manager")
    assert second.assessment == first.assessment
    assert book.verify_case_log() is None


def test_failures_before_a_decision_no_longer_count(book: CaseBook) -> None:
    opening = asked(book)
    fails(book, opening.case_id)
    decide(book, opening, "reject")

    assert fails(book, opening.case_id) == Recovery(failures=1, goes_on=True)


def test_refused_start_ends_with_a_manager(book: CaseBook) -> None:
    case = open_case(book)

    assert book.recover_case(case, REASON) is None
    handed = [book.recover_case(case, REASON, unstarted=True) for _ in range(MAX_FAILURES)]

    assert handed == [Recovery(each, goes_on=each < MAX_FAILURES) for each in range(1, MAX_FAILURES + 1)]
    assert book.unscheduled_cases() == []
    view = book.get_fraud_case(case)
    assert view.review is not None
    assert (view.state, view.review.required_role) == ("escalated", "manager")
    assert view.review.four_eyes_actions == ("lock_and_refund",)
    left = Recovery(MAX_FAILURES, goes_on=False, is_new=False)
    assert book.recover_case(case, REASON, unstarted=True) == left
    assert book.verify_case_log() is None


def test_manager_is_asked_on_the_cases_terms(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))
    begin(book, case, policy=InvestigationPolicy(escalation_timeout_hours=5))

    fails(book, case, times=MAX_FAILURES)

    asked_for = book.get_fraud_case(case).review
    assert asked_for is not None
    assert asked_for.due_at - asked_for.opened_at == timedelta(hours=5)
    assert asked_for.four_eyes_actions is None
