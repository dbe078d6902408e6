"""Taking one answer to what is asked."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from casebook.database.transactions import Transactions
from casebook.errors import (
    AlreadyDecided,
    AssessmentChanged,
    CasebookError,
    CaseClosed,
    CaseNotFound,
    NoOpenReview,
    NotAllowed,
    ReviewNotFound,
    ReviewSuperseded,
)
from contracts.actions import RecommendedAction
from contracts.case import CaseState
from contracts.ids import review_id
from contracts.review import Disposition, Verdict
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    OTHER_HASH,
    a_decision,
    all_events,
    an_escalation,
    an_opening,
    ask,
    asked_in_short,
    close_as_failed,
    investigate,
    open_case,
    pass_time,
    put,
)


def test_accepted_decision_is_logged_and_awaits_delivery(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)

    book.accept_decision(a_decision(opening), MANAGER)

    view = book.get_fraud_case(case)
    assert view.review is None
    assert view.decisions == (a_decision(opening),)
    event = book.case_events(case)[-1]
    assert (event.type, event.actor, event.data["verdict"], event.data["round"]) == (
        "decision_accepted",
        "ana",
        "approve",
        1,
    )
    assert book.undelivered_decisions() == [a_decision(opening)]
    book.confirm(delivered=[opening.review.review_id])
    book.confirm(delivered=[opening.review.review_id])
    assert book.undelivered_decisions() == []


def test_undelivered_decisions_come_in_order_of_acceptance(book: CaseBook):
    openings = [ask(book, open_case(book, number)) for number in (1, 2, 3)]
    for opening in reversed(openings):
        book.accept_decision(a_decision(opening), MANAGER)

    waiting = [decision.review_id for decision in book.undelivered_decisions()]

    assert waiting == [opening.review.review_id for opening in reversed(openings)]
    assert [decision.review_id for decision in book.undelivered_decisions(limit=2)] == waiting[:2]
    assert [decision.review_id for decision in book.undelivered_decisions(after=waiting[0])] == waiting[1:]


def test_decision_must_answer_the_current_question(book: CaseBook):
    case = open_case(book)
    investigate(book, case)
    opening = an_opening(case)

    with pytest.raises(CaseNotFound):
        book.accept_decision(a_decision(an_opening("case-nobody")), MANAGER)
    with pytest.raises(NoOpenReview):
        book.accept_decision(a_decision(opening), MANAGER)

    put(book, opening)
    with pytest.raises(AssessmentChanged):
        book.accept_decision(a_decision(opening).model_copy(update={"assessment_hash": OTHER_HASH}), MANAGER)
    with pytest.raises(ReviewNotFound, match=r"^There is no review of round 7: this case is in round 1"):
        book.accept_decision(a_decision(opening).model_copy(update={"review_id": review_id(case, 7)}), MANAGER)
    seq = book.last_seq()

    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    with pytest.raises(AlreadyDecided, match="decided by ana"):
        book.accept_decision(a_decision(opening, decided_by="bo"), MANAGER)
    assert book.last_seq() == seq + 1

    book.start_round(case, 2)
    with pytest.raises(ReviewSuperseded) as superseded:
        book.accept_decision(a_decision(opening), MANAGER)
    assert str(superseded.value) == (
        "This case moved to round 2 while you were reading: the assessment changed. Reload to see it."
    )

    close_as_failed(book, case)
    with pytest.raises(CaseClosed, match="failed"):
        book.accept_decision(a_decision(opening), MANAGER)
    assert book.get_fraud_case(case).decisions[0] == a_decision(opening, "reject")


@pytest.mark.slow
@pytest.mark.parametrize("times", [50, pytest.param(200, marks=pytest.mark.long)])
def test_of_two_simultaneous_decisions_exactly_one_counts(engine: Engine, book: CaseBook, times: int):
    """Each has a casebook of their own, so that only the database can keep them apart."""
    desks = {who: CaseBook(Transactions(engine)) for who in ("ana", "bo")}
    openings = [asked_in_short(book, number) for number in range(1, times + 1)]
    together = threading.Barrier(2, timeout=60)

    def click(who: str) -> list[CasebookError | None]:
        refusals: list[CasebookError | None] = []
        for opening in openings:
            together.wait()
            try:
                desks[who].accept_decision(a_decision(opening, decided_by=who), MANAGER)
                refusals.append(None)
            except CasebookError as refused:
                refusals.append(refused)
        return refusals

    with ThreadPoolExecutor(2) as people:
        by_ana, by_bo = people.map(click, desks)

    recorded = {each.review_id: each.decided_by for each in book.undelivered_decisions(limit=500)}
    for opening, ana_refused, bo_refused in zip(openings, by_ana, by_bo, strict=True):
        winner, loser = ("ana", bo_refused) if ana_refused is None else ("bo", ana_refused)
        assert (ana_refused is None) != (bo_refused is None)
        assert isinstance(loser, AlreadyDecided)
        assert winner in str(loser)
        assert recorded.pop(opening.review.review_id) == winner
    assert recorded == {}
    accepted = [event.case_id for event in all_events(book) if event.type == "decision_accepted"]
    assert sorted(accepted) == sorted(opening.case_id for opening in openings)
    assert book.verify_case_log() is None


def test_counts_name_every_state(book: CaseBook):
    open_case(book, 1)
    ask(book, open_case(book, 2))
    third = open_case(book, 3)
    asked = ask(book, third)
    pass_time(book)
    book.escalate(an_escalation(asked))
    fourth = open_case(book, 4)
    close_as_failed(book, fourth)

    expected: dict[CaseState, int] = {
        "investigating": 1,
        "awaiting_review": 1,
        "escalated": 1,
        "acting": 0,
        "closed": 1,
    }
    assert book.count_states() == expected


@pytest.mark.parametrize(
    ("verdict", "action", "disposition"),
    [
        ("approve", "clear", "false_positive"),
        ("approve", "lock_account", "confirmed_fraud"),
        ("reject", None, "inconclusive"),
    ],
)
def test_decision_without_disposition_gets_the_default(
    book: CaseBook, verdict: Verdict, action: RecommendedAction | None, disposition: Disposition
):
    opening = asked_in_short(book)
    unlabelled = a_decision(opening, verdict, action).model_copy(update={"disposition": None})

    recorded = book.accept_decision(unlabelled, MANAGER)

    assert recorded == unlabelled.model_copy(update={"disposition": disposition})
    assert book.get_fraud_case(opening.case_id).decisions == (recorded,)
    assert book.undelivered_decisions() == [recorded]


def test_a_label_that_was_given_is_kept(book: CaseBook):
    opening = asked_in_short(book)
    book.accept_decision(a_decision(opening).model_copy(update={"disposition": "inconclusive"}), MANAGER)
    assert [decision.disposition for decision in book.get_fraud_case(opening.case_id).decisions] == ["inconclusive"]


def test_required_role_is_read_when_the_decision_arrives(book: CaseBook):
    """Between opening the page and pressing the button, the review may have passed to a manager."""
    opening = asked_in_short(book)
    with pytest.raises(NotAllowed, match="'analyst'"):
        book.accept_decision(a_decision(opening), ("viewer",))
    with pytest.raises(NotAllowed, match="'analyst'"):
        book.accept_decision(a_decision(opening), ())

    pass_time(book)
    book.escalate(an_escalation(opening))
    seq = book.last_seq()
    with pytest.raises(NotAllowed, match="'manager'"):
        book.accept_decision(a_decision(opening), ("analyst",))

    assert book.last_seq() == seq
    assert book.get_fraud_case(opening.case_id).review is not None
    book.accept_decision(a_decision(opening), ("analyst", "manager"))
