"""A question grants at least what the limits of its case say, whoever puts it with less."""

from datetime import timedelta

import pytest

from casebook.errors import DeadlineNotPassed, OutcomeNotJustified, WeakerQuestion
from contracts.assessment import RiskAssessment
from contracts.case import Proposal
from contracts.investigation import InvestigationPolicy, ReviewOpening
from contracts.review import Role
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    NOON,
    a_decision,
    an_assessment,
    an_escalation,
    an_opening,
    begin,
    closing,
    conclude,
    open_case,
    pass_time,
)

LIMITS = InvestigationPolicy(
    four_eyes_refund_minor=50_000, approval_timeout_hours=48, escalation_timeout_hours=24, review_hours_high=8
)


def judged(book: CaseBook, assessment: RiskAssessment | None = None) -> str:
    """A case whose limits are on record, assessed."""
    case = open_case(book)
    begin(book, case, policy=LIMITS)
    conclude(book, case, assessment or an_assessment())
    return case


def put_with(opening: ReviewOpening, **terms: object) -> ReviewOpening:
    return opening.model_copy(update={"review": opening.review.model_copy(update=terms)})


def test_question_leaves_as_much_time_as_limits_name(book: CaseBook) -> None:
    case = judged(book)
    asked = book.open_review(put_with(an_opening(case), due_at=NOON - timedelta(days=9), remind_at=NOON))
    opened = next(event for event in book.case_events(case) if event.type == "review_opened")

    assert asked.due_at == opened.at + timedelta(hours=8)
    assert asked.remind_at is None
    assert book.get_fraud_case(case).review == asked
    with pytest.raises(DeadlineNotPassed):
        book.expire_review(case, asked.review_id)
    assert book.audit().broken is None


def test_case_is_not_unresolved_before_anybody_could_answer(book: CaseBook) -> None:
    case = judged(book)
    opening = put_with(an_opening(case, escalation_reason="Ask a manager."), due_at=NOON - timedelta(days=9))
    asked = book.open_review(opening)

    with pytest.raises(DeadlineNotPassed):
        book.expire_review(case, asked.review_id)
    with pytest.raises(OutcomeNotJustified):
        book.close_case(closing(case, "unresolved"))
    pass_time(book, 8)
    assert book.expire_review(case, asked.review_id) is None
    book.close_case(closing(case, "unresolved"))
    assert book.audit().broken is None


def test_a_manager_has_time_as_well(book: CaseBook) -> None:
    case = judged(book)
    opening = an_opening(case)
    book.open_review(opening)
    pass_time(book)
    book.escalate(an_escalation(opening, hours=1))
    # The step is repeated after a crash: it is the same question, with the same deadline.
    book.escalate(an_escalation(opening, hours=1))

    passed = [event for event in book.case_events(case) if event.type == "escalated"]
    asked = book.asked_review(case, opening.review.review_id)
    assert [event.data["due_at"] for event in passed] == [asked.due_at.isoformat().replace("+00:00", "Z")]
    assert asked.due_at == passed[0].at + timedelta(hours=8)
    with pytest.raises(DeadlineNotPassed):
        book.expire_review(case, asked.review_id)


def test_a_deadline_within_half_the_time_stays(book: CaseBook) -> None:
    case = judged(book)
    due_at = NOON + timedelta(hours=5)

    assert book.open_review(put_with(an_opening(case), due_at=due_at)).due_at == due_at


def test_action_takes_as_many_people_as_limits_name(book: CaseBook) -> None:
    assessment = an_assessment(action="lock_and_refund").model_copy(update={"refund_charge_ids": ("ch-1",)})
    case = judged(book, assessment)
    opening = an_opening(case, assessment)
    asked = book.open_review(opening)

    assert asked.approvals_required == 2
    assert set(asked.four_eyes_actions or ()) == {"lock_and_refund", "refund_charges"}
    alone = book.accept_decision(a_decision(opening, action="lock_and_refund"), MANAGER)
    assert isinstance(alone, Proposal)


def test_question_without_limits_is_put_unchanged(book: CaseBook) -> None:
    case = open_case(book)
    book.save_assessment(case, an_assessment().model_copy(update={"reports": ()}))
    opening = put_with(an_opening(case, book.get_fraud_case(case).assessment), due_at=NOON - timedelta(days=9))

    assert book.open_review(opening) == opening.review


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_no_other_role_is_asked(book: CaseBook, role: Role) -> None:
    case = judged(book)
    with pytest.raises(WeakerQuestion):
        book.open_review(put_with(an_opening(case), required_role=role))


def test_case_once_critical_is_cleared_by_two(book: CaseBook) -> None:
    case = judged(book, an_assessment().model_copy(update={"risk_level": "critical"}))
    first = an_opening(case, book.get_fraud_case(case).assessment)
    book.open_review(first)
    book.accept_decision(a_decision(first, "reject"), MANAGER)
    book.start_round(case, 2)
    milder = conclude(book, case, an_assessment(2, score=0.3, action="clear").model_copy(update={"risk_level": "low"}))
    second = an_opening(case, milder)
    asked = book.open_review(second)

    assert "clear" in (asked.four_eyes_actions or ())
    assert asked.approvals_required == 2
    assert isinstance(book.accept_decision(a_decision(second, action="clear"), MANAGER), Proposal)
    pass_time(book)
    book.escalate(an_escalation(second))
    assert "clear" in (book.asked_review(case, asked.review_id).four_eyes_actions or ())
    for person in ("ana", "bob"):
        book.accept_decision(a_decision(second, action="clear", decided_by=person), MANAGER)
    book.close_case(closing(case, "cleared", 2))
    assert book.audit().broken is None
