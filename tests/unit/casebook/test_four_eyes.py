"""Two people for what one alone must not do."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from casebook.database.transactions import Transactions
from casebook.errors import (
    AlreadyDecided,
    CasebookError,
    ClaimedByOther,
    NoProposal,
    NotAllowed,
    NotTheProposer,
    OtherActionProposed,
    SameApprover,
)
from casebook.workspace_api import WorkspaceApi
from contracts.actions import RecommendedAction
from contracts.case import Proposal
from contracts.investigation import ReviewOpening
from contracts.review import Approval, Decision, Role
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    NOON,
    a_decision,
    an_assessment,
    an_escalation,
    an_opening,
    open_case,
    pass_time,
    put,
)

ANALYST: tuple[Role, ...] = ("analyst",)
BOTH: tuple[RecommendedAction, ...] = ("refund_charges", "lock_and_refund")


def asked_for_two(book: CaseBook, number: int = 1, round_number: int = 1) -> ReviewOpening:
    """A review whose recommended action needs two people."""
    case = open_case(book, number)
    opening = an_opening(case, an_assessment(round_number, action="lock_and_refund"))
    review = opening.review.model_copy(update={"approvals_required": 2, "four_eyes_actions": BOTH})
    opening = opening.model_copy(update={"review": review})
    put(book, opening)
    return opening


def by(who: str, opening: ReviewOpening, action: RecommendedAction = "lock_and_refund") -> Decision:
    return a_decision(opening, action=action, decided_by=who).model_copy(
        update={"disposition": None, "comment": f"{who} is sure.", "decided_at": NOON + timedelta(minutes=len(who))}
    )


def test_first_approval_keeps_the_review_open(book: CaseBook):
    opening = asked_for_two(book)

    proposal = book.accept_decision(by("ana", opening), ANALYST)

    approval = Approval(approved_by="ana", approved_at=NOON + timedelta(minutes=3), comment="ana is sure.")
    assert proposal == Proposal(review_id=opening.review.review_id, action="lock_and_refund", approvals=(approval,))
    view = book.get_fraud_case(opening.case_id)
    assert (view.state, view.review, view.proposal) == ("awaiting_review", opening.review, proposal)
    assert (view.decisions, book.undelivered_decisions()) == ((), [])
    event = book.case_events(opening.case_id)[-1]
    assert (event.type, event.actor, event.data["action"]) == ("approval_given", "ana", "lock_and_refund")


def test_second_persons_approval_is_the_decision(book: CaseBook):
    opening = asked_for_two(book)
    book.accept_decision(by("ana", opening), ANALYST)

    decision = book.accept_decision(by("ben", opening), ANALYST)

    assert isinstance(decision, Decision)
    assert decision.decided_by == "ben"
    assert decision.approvals is not None
    assert [approval.approved_by for approval in decision.approvals] == ["ana", "ben"]
    view = book.get_fraud_case(opening.case_id)
    assert (view.review, view.proposal, view.decisions) == (None, None, (decision,))
    assert book.undelivered_decisions() == [decision]


def test_same_subject_is_never_a_second_person(book: CaseBook):
    opening = asked_for_two(book)
    book.accept_decision(by("ana", opening), ANALYST)
    seq = book.last_seq()

    sessions: tuple[tuple[Role, ...], ...] = (ANALYST, ("manager",), ("admin",))
    for roles in sessions:
        with pytest.raises(SameApprover):
            book.accept_decision(by("ana", opening), roles)
        with pytest.raises(SameApprover):
            book.accept_decision(by("ana", opening, "lock_account"), roles)
    with pytest.raises(SameApprover) as refused:
        book.accept_decision(by("ana", opening), ANALYST)

    assert str(refused.value) == (
        "You gave the first approval of 'lock_and_refund' yourself: another person must give the second, "
        "or you withdraw yours."
    )
    assert book.last_seq() == seq


def test_the_second_person_approves_what_was_proposed_or_nothing(book: CaseBook):
    opening = asked_for_two(book)
    book.accept_decision(by("ana", opening), ANALYST)

    for other in ("lock_account", "refund_charges"):
        with pytest.raises(OtherActionProposed):
            book.accept_decision(by("ben", opening, other), ANALYST)
    with pytest.raises(OtherActionProposed) as refused:
        book.accept_decision(by("ben", opening, "clear"), ANALYST)

    assert str(refused.value) == (
        "ana proposed 'lock_and_refund', which waits for a second approval: approve that, reject with feedback, "
        "or ask ana to withdraw it."
    )
    assert book.get_fraud_case(opening.case_id).decisions == ()


@pytest.mark.parametrize("who", ["ana", "ben"])
def test_rejection_decides_and_ends_the_proposal(book: CaseBook, who: str):
    opening = asked_for_two(book)
    book.accept_decision(by("ana", opening), ANALYST)

    decision = book.accept_decision(a_decision(opening, "reject", decided_by=who), ANALYST)

    assert isinstance(decision, Decision)
    assert (decision.verdict, decision.approvals, decision.disposition) == ("reject", None, "inconclusive")
    assert book.get_fraud_case(opening.case_id).proposal is None


def test_single_approval_decides_where_one_is_enough(book: CaseBook):
    opening = asked_for_two(book)
    decision = book.accept_decision(by("ana", opening, "lock_account"), ANALYST)
    assert isinstance(decision, Decision)
    assert decision.approvals is None


def test_first_approval_needs_the_role_as_well(book: CaseBook):
    opening = asked_for_two(book)
    with pytest.raises(NotAllowed):
        book.accept_decision(by("vera", opening), ("viewer",))
    assert book.get_fraud_case(opening.case_id).proposal is None


def test_the_proposer_alone_can_withdraw_and_may_propose_again(book: CaseBook):
    opening = asked_for_two(book)
    case = opening.case_id
    with pytest.raises(NoProposal):
        book.withdraw_proposal(case, "ana")
    for _ in range(2):
        book.accept_decision(by("ana", opening), ANALYST)
        with pytest.raises(NotTheProposer, match=r"Only ana, who gave it, can withdraw this approval"):
            book.withdraw_proposal(case, "ben")
        book.withdraw_proposal(case, "ana")
        assert book.get_fraud_case(case).proposal is None

    assert [event.type for event in book.case_events(case)][-4:] == ["approval_given", "approval_withdrawn"] * 2
    book.accept_decision(by("ben", opening), ANALYST)
    assert isinstance(book.accept_decision(by("ana", opening), ANALYST), Decision)


def test_escalating_expiring_and_moving_on_drop_the_proposal(book: CaseBook):
    escalated, expired, passed = (asked_for_two(book, number) for number in (1, 2, 3))
    for opening in (escalated, expired, passed):
        book.accept_decision(by("ana", opening), ANALYST)

    pass_time(book)
    book.escalate(an_escalation(escalated))
    book.expire_review(expired.case_id, expired.review.review_id)
    book.accept_decision(a_decision(passed, "reject", decided_by="ben"), ANALYST)

    assert [book.get_fraud_case(opening.case_id).proposal for opening in (escalated, expired, passed)] == [None] * 3
    with pytest.raises(NotAllowed, match="manager"):
        book.accept_decision(by("ben", escalated), ANALYST)
    assert isinstance(book.accept_decision(by("maria", escalated), ("manager",)), Proposal)


def test_first_approval_releases_the_claim(engine: Engine, book: CaseBook):
    opening = asked_for_two(book)
    WorkspaceApi(Transactions(engine)).claim(opening.case_id, "ana")
    with pytest.raises(ClaimedByOther, match="ana claimed this case at"):
        book.accept_decision(by("ben", opening), ANALYST)

    book.accept_decision(by("ana", opening), ANALYST)

    assert isinstance(book.accept_decision(by("ben", opening), ANALYST), Decision)


@pytest.mark.slow
@pytest.mark.parametrize("times", [15, pytest.param(50, marks=pytest.mark.long)])
def test_concurrent_first_approvals_propose_once_and_decide_once(engine: Engine, book: CaseBook, times: int):
    """So many times two people, and as often one person from two sessions."""
    openings = [asked_for_two(book, number) for number in range(1, 2 * times + 1)]
    together = threading.Barrier(2, timeout=60)

    def click(session: int) -> list[Decision | Proposal | CasebookError]:
        book = CaseBook(Transactions(engine))
        answers: list[Decision | Proposal | CasebookError] = []
        for number, opening in enumerate(openings):
            who = "ana" if session == 0 or number >= times else "ben"
            together.wait()
            try:
                answers.append(book.accept_decision(by(who, opening), ANALYST))
            except CasebookError as refused:
                answers.append(refused)
        return answers

    with ThreadPoolExecutor(2) as sessions:
        first, second = sessions.map(click, range(2))

    pairs = [{type(one), type(other)} for one, other in zip(first, second, strict=True)]
    assert pairs == [{Proposal, Decision}] * times + [{Proposal, SameApprover}] * times
    assert len(book.undelivered_decisions(limit=200)) == times
    assert AlreadyDecided not in {kind for pair in pairs for kind in pair}
