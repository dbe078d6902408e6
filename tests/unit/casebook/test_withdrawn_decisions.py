"""Who decided takes a held decision back: the question is open again, as it was asked."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from casebook.errors import (
    CaseClosed,
    DecisionInEffect,
    NotApproved,
    NothingToTakeBack,
    NotTheDecider,
)
from casebook.workspace_api import CLAIM_MINUTES
from contracts.case import Proposal
from contracts.review import Decision
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    SteppingClock,
    a_decision,
    an_effect,
    ask,
    carry_out,
    closing,
    open_case,
)
from tests.unit.casebook.held_decisions import (
    ANALYST,
    acting,
    closed,
    held,
    holding,
    in_the_next_round,
    let_it_end,
    nothing_decided,
    over_by_the_clock,
    over_on_record,
    rejected,
    types_of,
    withdrawn,
)
from tests.unit.casebook.test_four_eyes import asked_for_two, by


@pytest.fixture
def book(engine: Engine, clock: SteppingClock) -> CaseBook:
    return holding(engine, clock)


def test_decision_is_withdrawn_and_made_anew(book: CaseBook):
    opening = ask(book, open_case(book))
    case, asked = opening.case_id, book.get_fraud_case(opening.case_id)
    for times in (1, 2):
        made = book.accept_decision(a_decision(opening), MANAGER)
        assert book.withdraw_decision(case, "ana") == made
        view = book.get_fraud_case(case)
        assert (view.review, view.state, view.decisions, view.hold) == (asked.review, asked.state, (), None)
        summary = book.summary(case)
        assert (summary.due_at, summary.disposition) == (opening.review.due_at, None)
        assert view.claim is not None
        assert view.claim.assignee == "ana"
        assert view.claim.expires_at - view.claim.claimed_at == timedelta(minutes=CLAIM_MINUTES)
        assert types_of(book, case, 3) == ["decision_accepted", "decision_withdrawn", "claimed"], times
    assert (book.undelivered_decisions(), book.end_holds()) == ([], None)

    book.accept_decision(a_decision(opening), MANAGER)
    let_it_end(book)
    carry_out(book, case)
    book.close_case(closing(case))

    assert len(book.get_fraud_case(case).decisions) == 1
    assert book.verify_case_log() is None


def test_who_decided_may_think_better_of_it(book: CaseBook):
    opening = held(book)
    book.withdraw_decision(opening.case_id, "ana")

    recorded = book.accept_decision(a_decision(opening, action="clear"), MANAGER)

    assert isinstance(recorded, Decision)
    assert recorded.held_until is None
    with pytest.raises(NotApproved):
        book.start_effect(opening.case_id, an_effect(opening.case_id))
    book.close_case(closing(opening.case_id, "cleared"))
    assert book.verify_case_log() is None


Stories = dict[Callable[[CaseBook], str], type[Exception]]
TOO_LATE: Stories = {
    nothing_decided: NothingToTakeBack,
    rejected: DecisionInEffect,
    in_the_next_round: NothingToTakeBack,
    withdrawn: NothingToTakeBack,
    over_by_the_clock: DecisionInEffect,
    over_on_record: DecisionInEffect,
    acting: DecisionInEffect,
    closed: CaseClosed,
}


@pytest.mark.parametrize("story", TOO_LATE, ids=lambda story: story.__name__)
def test_a_decision_is_withdrawn_only_in_its_hold(book: CaseBook, story: Callable[[CaseBook], str]):
    case = story(book)
    before = book.case_events(case)

    for who in ("ana", "bo"):
        with pytest.raises(NotTheDecider if (story, who) == (over_by_the_clock, "bo") else TOO_LATE[story]):
            book.withdraw_decision(case, who)

    assert book.case_events(case) == before


def test_only_who_decided_takes_it_back(book: CaseBook):
    case = held(book).case_id
    for other in ("bo", "maria", ""):
        with pytest.raises(NotTheDecider, match=r"^Only ana, who decided, can take this decision back\.$"):
            book.withdraw_decision(case, other)
    book.withdraw_decision(case, "ana")


def test_first_approval_waits_again_without_the_second(book: CaseBook):
    opening = asked_for_two(book)
    case = opening.case_id
    proposal = book.accept_decision(by("ana", opening), ANALYST)
    assert isinstance(proposal, Proposal)
    for _ in range(2):
        second = book.accept_decision(by("ben", opening), ANALYST)
        assert isinstance(second, Decision)
        assert second.held_until is not None
        with pytest.raises(NotTheDecider, match="Only ben"):
            book.withdraw_decision(case, "ana")

        assert book.withdraw_decision(case, "ben") == second

        view = book.get_fraud_case(case)
        # Whoever comes may be the second person: nobody keeps the case to themselves.
        assert (view.proposal, view.review, view.claim) == (proposal, opening.review, None)
    book.withdraw_proposal(case, "ana")
    book.accept_decision(by("cem", opening), ANALYST)
    book.accept_decision(by("ben", opening), ANALYST)
    let_it_end(book)
    assert book.approved_action(case, opening.review.review_id).decision.decided_by == "ben"
    assert book.verify_case_log() is None


def test_disposition_of_the_decision_before_is_restored(book: CaseBook):
    opening = ask(book, open_case(book))
    case = opening.case_id
    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    again = ask(book, case, 2)
    book.accept_decision(a_decision(again), MANAGER)
    assert book.summary(case).disposition == "confirmed_fraud"

    book.withdraw_decision(case, "ana")

    assert book.summary(case).disposition == "inconclusive"
    assert [each.review_id for each in book.get_fraud_case(case).decisions] == [opening.review.review_id]
    assert book.verify_case_log() is None


def test_colleague_who_claimed_meanwhile_keeps_the_case(book: CaseBook):
    case = held(book).case_id
    book.claim(case, "bo")
    book.withdraw_decision(case, "ana")
    claim = book.get_fraud_case(case).claim
    assert claim is not None
    assert claim.assignee == "bo"
