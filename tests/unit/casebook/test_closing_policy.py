"""What must be filled in before a case is decided: the policy of the installation, checked when it counts."""

from typing import Any

import pytest

from casebook.errors import FieldsMissing, UnknownReasonCode
from casebook.workspace_api import WorkspaceApi
from contracts.case import Proposal
from contracts.closing import KNOWN_REASON_CODES, REASON_CODES, ClosingPolicy
from contracts.review import Decision, Role
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import MANAGER, a_decision, an_opening, asked_in_short, open_case, put

ANALYST: tuple[Role, ...] = ("analyst",)
POLICY = ClosingPolicy(
    required={
        "lock_account": ("disposition", "reason_code"),
        "clear": ("reason", "comment"),
        "reject": ("disposition", "comment"),
    }
)


@pytest.fixture
def strict(book: CaseBook) -> WorkspaceApi:
    return WorkspaceApi(book.transactions, closing_policy=POLICY)


def saying(decision: Decision, **fields: Any) -> Decision:
    return decision.model_copy(update={"disposition": None, "reason_code": None, "comment": None, **fields})


def test_decision_without_required_fields_is_refused(book: CaseBook, strict: WorkspaceApi) -> None:
    opening = asked_in_short(book)
    lock, before = a_decision(opening), book.last_seq()
    with pytest.raises(FieldsMissing) as refused:
        strict.accept_decision(saying(lock), ANALYST)
    assert str(refused.value) == (
        "Approving 'lock_account' takes a disposition and a reason code here: add what is missing, and decide again."
    )
    assert [name for name, _ in refused.value.fields] == ["disposition", "reason_code"]
    with pytest.raises(FieldsMissing, match="takes a reason code here"):
        strict.accept_decision(saying(lock, disposition="confirmed_fraud"), ANALYST)
    assert book.last_seq() == before
    strict.accept_decision(saying(lock, disposition="confirmed_fraud", reason_code="sim_swap"), ANALYST)


def test_feedback_of_a_rejection_is_its_comment(book: CaseBook, strict: WorkspaceApi) -> None:
    rejection = a_decision(asked_in_short(book), "reject")
    with pytest.raises(FieldsMissing, match="Rejecting takes a disposition here"):
        strict.accept_decision(saying(rejection), ANALYST)
    strict.accept_decision(saying(rejection, disposition="inconclusive"), ANALYST)


def test_one_comment_is_reason_and_comment(book: CaseBook, strict: WorkspaceApi) -> None:
    clear = a_decision(asked_in_short(book), action="clear")
    with pytest.raises(FieldsMissing, match="takes a comment here"):
        strict.accept_decision(saying(clear, reason_code="known_device"), ANALYST)
    strict.accept_decision(saying(clear, comment="Her own telephone."), ANALYST)


def test_second_approval_confirms_what_the_first_filled_in(book: CaseBook, strict: WorkspaceApi) -> None:
    opening = an_opening(open_case(book))
    policy = {"approvals_required": 2, "four_eyes_actions": ("lock_account",)}
    opening = opening.model_copy(update={"review": opening.review.model_copy(update=policy)})
    put(book, opening)
    first, second = (a_decision(opening, decided_by=who) for who in ("ana", "ben"))
    with pytest.raises(FieldsMissing):
        strict.accept_decision(saying(first), ANALYST)
    whole = saying(first, disposition="confirmed_fraud", reason_code="sim_swap")
    assert isinstance(strict.accept_decision(whole, ANALYST), Proposal)
    recorded = strict.accept_decision(saying(second), ANALYST)
    assert isinstance(recorded, Decision)
    assert recorded.disposition == "confirmed_fraud"


def test_unknown_reason_code_is_refused_by_name(book: CaseBook) -> None:
    lock = saying(a_decision(asked_in_short(book)), reason_code="gut_feeling")
    with pytest.raises(UnknownReasonCode, match=r"There is no reason code 'gut_feeling': use one of account_takeover,"):
        book.accept_decision(lock, MANAGER)


def test_every_offered_reason_code_is_known() -> None:
    offered = [code for codes in REASON_CODES.values() for code in codes]
    assert len(offered) == len({*offered})
    assert {*offered, "bulk_false_positive"} == {*KNOWN_REASON_CODES}
