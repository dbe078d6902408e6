"""A question that an alert overtook: who was deciding is told, and the next one keeps its role and its deadline."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from casebook.database.transactions import Transactions
from casebook.errors import AlertsJoined, NewEvidence, OutcomeNotJustified
from casebook.policy.alert_joins import JoinPolicy
from contracts.investigation import InvestigationPolicy
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    SteppingClock,
    a_decision,
    an_escalation,
    an_opening,
    ask,
    ask_manager,
    begin,
    closing,
    investigate,
    later,
    open_case,
    pass_time,
)


@pytest.fixture
def book(engine: Engine) -> CaseBook:
    return CaseBook(Transactions(engine, SteppingClock()), joins=JoinPolicy())


def test_question_before_a_worse_alert_was_asked_rightly(book: CaseBook):
    case = open_case(book)
    begin(book, case, policy=InvestigationPolicy(four_eyes_refund_minor=50_000))
    ask(book, case)
    book.open_case(later(severity="critical"))
    assert book.verify_case_log() is None
    ask(book, case, 2)
    review = book.get_fraud_case(case).review
    assert review is not None
    assert "clear" in (review.four_eyes_actions or ())
    assert book.verify_case_log() is None


def test_decision_on_an_overtaken_question_is_told_what_joined(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    book.open_case(later(description="A new device logged in."))

    for _ in range(2):
        with pytest.raises(
            NewEvidence, match=r"'impossible_travel' joined it: A new device logged in\. Nothing was decided"
        ):
            book.accept_decision(a_decision(opening), MANAGER)
        if book.get_fraud_case(case).round == 1:
            ask(book, case, 2)
    assert book.get_fraud_case(case).decisions == ()


def test_steps_of_an_overtaken_question_say_that_alerts_joined(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    book.open_case(later())
    review = opening.review.review_id
    pass_time(book)
    steps: list[Callable[[], object]] = [
        lambda: book.open_review(opening),
        lambda: book.accepted_decision(case, review),
        lambda: book.asked_review(case, review),
        lambda: book.escalate(an_escalation(opening, 400)),
        lambda: book.expire_review(case, review),
    ]
    for step in steps:
        with pytest.raises(AlertsJoined):
            step()
    ask(book, case, 2)
    for step in steps:
        with pytest.raises(AlertsJoined):
            step()
    assert book.refusals_by_reason() == {}


def test_next_question_is_due_no_later(book: CaseBook):
    case = open_case(book)
    due_at = ask(book, case).review.due_at
    book.open_case(later(2))
    pass_time(book, 10)
    again = an_opening(case, round_number=2)
    again = again.model_copy(
        update={"review": again.review.model_copy(update={"due_at": due_at + timedelta(hours=10)})}
    )
    investigate(book, case, 2)
    book.open_review(again)

    review = book.get_fraud_case(case).review
    assert review is not None
    assert review.due_at == due_at
    assert book.verify_case_log() is None


def test_overdue_question_stays_overdue(book: CaseBook):
    case = open_case(book)
    due_at = ask(book, case).review.due_at
    book.open_case(later(2))
    pass_time(book, 100)
    ask(book, case, 2)

    review = book.get_fraud_case(case).review
    assert review is not None
    assert review.due_at == due_at
    assert book.escalate(an_escalation(an_opening(case, round_number=2), 400)) is None
    assert book.verify_case_log() is None


def test_manager_who_was_asked_is_asked_again(book: CaseBook):
    case = open_case(book)
    ask_manager(book, case)
    due_at = book.get_fraud_case(case).review
    assert due_at is not None
    book.open_case(later(2))
    ask(book, case, 2)

    view = book.get_fraud_case(case)
    assert view.review is not None
    assert (view.state, view.review.required_role) == ("escalated", "manager")
    assert view.review.due_at <= due_at.due_at
    assert book.verify_case_log() is None


def test_person_is_asked_about_all_alerts_after_a_failure(book: CaseBook):
    case = open_case(book)
    ask(book, case)
    book.open_case(later(2))
    book.confirm(scheduled=(case,))
    recovered = book.recover_case(case, "It was ended.")
    assert recovered is not None
    assert recovered.goes_on

    failed = book.resume_case(case)
    assert failed is not None
    assert not isinstance(failed, str)
    assert failed.assessment.round == 2
    opening = an_opening(case, failed.assessment)
    book.open_review(opening)
    assert book.open_case(later(3)).created
    assert book.accept_decision(a_decision(opening), MANAGER)
    with pytest.raises(OutcomeNotJustified):
        book.close_case(closing(case, "auto_cleared", 2))
    assert book.verify_case_log() is None


def test_overtaken_cases_wait_until_their_round_begins(book: CaseBook):
    case = open_case(book)
    ask(book, case)
    assert book.overtaken_cases() == []
    book.open_case(later(2))
    assert book.overtaken_cases() == [(case, 1)]
    begin(book, case, 2)
    assert book.overtaken_cases() == []
