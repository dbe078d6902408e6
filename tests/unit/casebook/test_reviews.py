"""Asking a person: reviews, escalations, deadlines."""

from datetime import timedelta

import pytest

from casebook.errors import (
    NoOpenReview,
    QuestionNotAsked,
    ReviewMismatch,
    ReviewSuperseded,
)
from contracts.ids import review_id
from contracts.report import SPECIALISTS
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    NOON,
    OTHER_HASH,
    a_decision,
    a_report,
    an_assessment,
    an_escalation,
    an_opening,
    ask,
    asked_in_short,
    close_as_failed,
    conclude,
    investigate,
    open_case,
    pass_time,
    put,
)


def test_open_review_asks_about_its_rounds_assessment(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)

    view = book.get_fraud_case(case)

    assert (view.state, view.progress.phase) == ("awaiting_review", "awaiting_review")
    assert view.review == opening.review
    assert view.assessment == opening.assessment
    assert book.summary(case).due_at == NOON + timedelta(hours=72)


def test_opening_a_review_again_changes_nothing(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    before, seq = book.get_fraud_case(case), book.last_seq()

    book.open_review(opening)

    assert (book.get_fraud_case(case), book.last_seq()) == (before, seq)


def test_review_is_bound_to_the_assessment_shown(book: CaseBook):
    """A person may be asked for one more reason than was concluded; the assessment with that reason is shown."""
    case = open_case(book)
    concluded = conclude(book, case, an_assessment(score=0.7))
    asked_about = concluded.model_copy(update={"route_reasons": (*concluded.route_reasons, "The memory was lost.")})

    book.open_review(an_opening(case, asked_about))

    assert book.get_fraud_case(case).assessment == asked_about
    assert book.get_fraud_case(case).progress.score == 0.7


def test_a_review_of_something_else_is_refused(book: CaseBook):
    case = open_case(book)
    investigate(book, case)
    good = an_opening(case)
    wrong_hash = good.review.model_copy(update={"assessment_hash": OTHER_HASH})
    wrong_case = good.review.model_copy(update={"review_id": review_id("case-other", 1)})

    with pytest.raises(ReviewMismatch, match="hash"):
        book.open_review(good.model_copy(update={"review": wrong_hash}))
    with pytest.raises(ReviewMismatch, match="case or round"):
        book.open_review(good.model_copy(update={"review": wrong_case}))
    with pytest.raises(ReviewMismatch, match="round"):
        book.open_review(good.model_copy(update={"assessment": an_assessment(2)}))
    assert book.get_fraud_case(case).review is None


def test_manager_round_rests_on_earlier_reports(book: CaseBook):
    case = open_case(book)
    rejected = ask(book, case)
    book.accept_decision(a_decision(rejected, "reject"), MANAGER)
    same_reports = an_assessment(1).model_copy(update={"round": 2})

    book.open_review(an_opening(case, same_reports, escalation_reason="All attempts are used up."))

    view = book.get_fraud_case(case)
    assert (view.state, view.round, view.progress.phase) == ("escalated", 2, "escalated")
    assert view.reports == tuple(a_report(specialist) for specialist in SPECIALISTS)
    assert view.review is not None
    assert view.review.required_role == "manager"
    assert [event.type for event in book.case_events(case)][-2:] == ["review_opened", "escalated"]
    assert view.earlier_rounds[0].decision == a_decision(rejected, "reject")


def test_escalation_moves_deadline_and_role_of_the_review(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    escalation = an_escalation(opening)
    pass_time(book)

    assert book.escalate(escalation) is None

    view = book.get_fraud_case(case)
    assert view.state == "escalated"
    assert view.review == escalation.review
    assert book.summary(case).due_at == escalation.review.due_at
    seq = book.last_seq()
    assert book.escalate(escalation) is None
    assert book.last_seq() == seq
    book.accept_decision(a_decision(opening), MANAGER)
    assert book.get_fraud_case(case).decisions == (a_decision(opening),)


def test_later_deadline_is_a_second_escalation(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    pass_time(book)
    book.escalate(an_escalation(opening, hours=144))
    pass_time(book)
    book.escalate(an_escalation(opening, hours=200))

    assert [event.type for event in book.case_events(case)].count("escalated") == 2
    assert book.summary(case).due_at == NOON + timedelta(hours=200)


def test_a_decision_before_the_escalation_remains_valid(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    book.accept_decision(a_decision(opening), MANAGER)

    assert book.escalate(an_escalation(opening)) == a_decision(opening)
    assert book.get_fraud_case(case).state == "awaiting_review"


def test_an_unknown_review_is_not_escalated_and_not_expired(book: CaseBook):
    case, other = open_case(book, 1), open_case(book, 2)
    opening = ask(book, other)
    foreign = an_escalation(opening).model_copy(update={"case_id": case})

    with pytest.raises(QuestionNotAsked):
        book.escalate(foreign)
    with pytest.raises(QuestionNotAsked):
        book.escalate(an_escalation(an_opening(case)))
    with pytest.raises(QuestionNotAsked):
        book.expire_review(case, opening.review.review_id)


def test_an_expired_review_takes_no_decision(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)

    pass_time(book)
    assert book.expire_review(case, opening.review.review_id) is None
    assert book.expire_review(case, opening.review.review_id) is None

    with pytest.raises(NoOpenReview):
        book.accept_decision(a_decision(opening), MANAGER)
    with pytest.raises(NoOpenReview):
        book.escalate(an_escalation(opening))
    assert book.get_fraud_case(case).review is None


def test_decision_accepted_before_expiry_is_returned(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    book.accept_decision(a_decision(opening), MANAGER)

    assert book.expire_review(case, opening.review.review_id) == a_decision(opening)


def test_closing_a_case_withdraws_its_open_review(book: CaseBook):
    case = open_case(book)
    ask(book, case)
    close_as_failed(book, case)

    assert book.get_fraud_case(case).review is None
    assert book.summary(case).due_at is None


def test_a_decision_on_the_round_before_is_superseded(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    book.start_round(case, 2)

    with pytest.raises(ReviewSuperseded):
        book.accept_decision(a_decision(opening), MANAGER)
    assert book.get_fraud_case(case).review is None


def test_a_reminder_is_noted_once_while_somebody_is_asked(book: CaseBook):
    at = NOON + timedelta(hours=48)
    unreminded = an_opening(open_case(book))
    opening = unreminded.model_copy(update={"review": unreminded.review.model_copy(update={"remind_at": at})})
    put(book, opening)
    review = opening.review.review_id

    book.remind(opening.case_id, review, at + timedelta(hours=1))
    book.remind(opening.case_id, review, at)
    book.remind(opening.case_id, review, at)

    reminded = [event for event in book.case_events(opening.case_id) if event.type == "review_reminded"]
    assert [event.data["review_id"] for event in reminded] == [review]
    book.accept_decision(a_decision(opening), MANAGER)
    seq = book.last_seq()
    book.remind(opening.case_id, review, at)
    assert book.last_seq() == seq
    with pytest.raises(QuestionNotAsked):
        book.remind(opening.case_id, review_id(opening.case_id, 9), at)


def test_an_expired_review_says_so_in_the_log(book: CaseBook):
    opening = asked_in_short(book)
    pass_time(book)
    book.expire_review(opening.case_id, opening.review.review_id)
    book.expire_review(opening.case_id, opening.review.review_id)
    assert [event.type for event in book.case_events(opening.case_id)].count("review_expired") == 1
