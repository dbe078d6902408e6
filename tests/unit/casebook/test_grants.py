"""Grants: what people have approved is signed, and nothing else, and only as long as it is approved."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, update

from casebook.commands.grants import LIFE
from casebook.database.transactions import Transactions
from casebook.grants_api import GrantsApi
from casebook.queries.grants import RENEWED_BEFORE
from casebook.schema.grants import GrantRow
from casebook.workspace_api import WorkspaceApi
from contracts.effect import order_reason
from contracts.grants import Grant
from contracts.reversal import reversal_reason
from contracts.review import Decision
from contracts.write_calls import effect_call, reversal_call
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    SteppingClock,
    a_decision,
    an_assessment,
    an_effect,
    an_opening,
    asked_in_short,
    closing,
    decide,
    put,
)
from tests.unit.casebook.test_reversals import ask_back, closed_case


@dataclass
class Signer:
    """Fulfils `GrantSigner`, and remembers what it was shown."""

    signed: list[Grant] = field(default_factory=list[Grant])
    key_id: str = "first"

    def sign(self, grant: Grant) -> str:
        self.signed.append(grant)
        return f"signed {len(self.signed)}"


@pytest.fixture
def signer() -> Signer:
    return Signer()


def to_judge(grants: GrantsApi, key_id: str = "first") -> list[str]:
    return [each.case_id for each in grants.cases_to_judge(key_id)]


@pytest.fixture
def grants(book: CaseBook) -> GrantsApi:
    return GrantsApi(book.transactions)


def test_an_approved_lock_is_granted_once(book: CaseBook, grants: GrantsApi, signer: Signer) -> None:
    opening = asked_in_short(book)
    case, key = opening.case_id, an_effect(opening.case_id).key
    assert grants.sign(case, signer) == 0
    decision = decide(book, opening)

    assert [grants.sign(case, signer) for _ in range(2)] == [1, 0]

    (grant,) = signer.signed
    assert grant.call == effect_call(
        "lock_account", customer_id=1, key=key, reason=order_reason(case, "ana", decision.reason_code)
    )
    assert (grant.key, grant.approval, grant.assessment_hash) == (key, decision.review_id, decision.assessment_hash)
    assert grant.expires_at - grant.issued_at == LIFE
    assert book.grant_of(key) == "signed 1"
    assert book.grant_of(f"{key}:2") is None


def test_a_refund_is_granted_with_charges_and_total(book: CaseBook, grants: GrantsApi, signer: Signer) -> None:
    opening = asked_in_short(book, 1, an_assessment(action="lock_and_refund"))
    decide(book, opening, action="lock_and_refund")

    assert grants.sign(opening.case_id, signer) == 2
    assert [grant.call.tool for grant in signer.signed] == ["lock_account", "refund_charges"]
    assert signer.signed[1].call.arguments["charge_ids"] == list(opening.assessment.refund_charge_ids)


def test_what_can_be_taken_back_is_not_granted(
    engine: Engine, book: CaseBook, clock: SteppingClock, grants: GrantsApi, signer: Signer
) -> None:
    holding = WorkspaceApi(Transactions(engine, clock), decision_hold=timedelta(minutes=5))
    opening = asked_in_short(book)
    held = holding.accept_decision(
        a_decision(opening).model_copy(update={"decided_at": book.transactions.now()}), MANAGER
    )
    assert isinstance(held, Decision)
    assert held.held_until is not None

    assert grants.sign(opening.case_id, signer) == 0
    clock.now = held.held_until
    book.end_holds()
    assert grants.sign(opening.case_id, signer) == 1


def test_nothing_else_is_granted(book: CaseBook, grants: GrantsApi, signer: Signer) -> None:
    rejected, cleared, changed = asked_in_short(book), asked_in_short(book, 2), asked_in_short(book, 3)
    decide(book, rejected, "reject")
    decide(book, cleared, action="clear")
    decide(book, changed)
    book.note_changed_facts(changed.case_id, 1, ["Somebody else has locked the account."])

    assert [grants.sign(opening.case_id, signer) for opening in (rejected, cleared, changed)] == [0, 0, 0]


def test_an_effect_that_is_done_is_granted_no_more(book: CaseBook, grants: GrantsApi, signer: Signer) -> None:
    opening = asked_in_short(book)
    effect = an_effect(opening.case_id)
    decide(book, opening)
    grants.sign(opening.case_id, signer)
    book.start_effect(opening.case_id, effect)
    assert to_judge(grants) == []
    book.finish_effect(opening.case_id, an_effect(opening.case_id, status="done"))

    assert to_judge(grants) == [opening.case_id]
    assert grants.sign(opening.case_id, signer) == 0
    assert book.grant_of(effect.key) is None
    book.close_case(closing(opening.case_id))
    assert to_judge(grants) == []


def test_an_unfinished_effect_keeps_a_valid_grant(
    book: CaseBook, clock: SteppingClock, grants: GrantsApi, signer: Signer
) -> None:
    opening = asked_in_short(book)
    key = an_effect(opening.case_id).key
    decide(book, opening)
    grants.sign(opening.case_id, signer)
    clock.now += LIFE - RENEWED_BEFORE
    assert grants.sign(opening.case_id, signer) == 1
    assert book.grant_of(key) == "signed 2"

    clock.now += LIFE
    assert book.grant_of(key) is None
    assert grants.sign(opening.case_id, signer) == 1
    assert book.grant_of(key) == "signed 3"


def test_another_key_signs_again(book: CaseBook, grants: GrantsApi, signer: Signer) -> None:
    opening = asked_in_short(book)
    decide(book, opening)
    grants.sign(opening.case_id, signer)
    signer.key_id = "second"

    assert [grants.sign(opening.case_id, signer) for _ in range(2)] == [1, 0]
    assert book.grant_of(an_effect(opening.case_id).key) == "signed 2"


def test_a_reversal_is_granted_once_another_approves_it(book: CaseBook, grants: GrantsApi, signer: Signer) -> None:
    case = closed_case(book)
    asked = ask_back(book, case)
    assert grants.sign(case, signer) == 0
    approved = book.decide_reversal(case, 1, "approve", None, subject="maria", roles=MANAGER)

    assert to_judge(grants) == [case]
    assert [grants.sign(case, signer) for _ in range(2)] == [1, 0]
    (grant,) = signer.signed
    assert (grant.approval, grant.assessment_hash) == (asked.reversal_id, None)
    assert grant.call == reversal_call(
        "unlock_account", customer_id=1, undoes=asked.undoes, key=grant.key, reason=reversal_reason(approved)
    )
    assert book.grant_of(grant.key) == "signed 1"
    assert to_judge(grants) == []


def test_a_decision_without_an_effect_yet_is_judged(
    book: CaseBook, clock: SteppingClock, grants: GrantsApi, signer: Signer
) -> None:
    opening, undecided = asked_in_short(book), asked_in_short(book, 2)
    decide(book, opening)
    assert to_judge(grants) == [opening.case_id]
    grants.sign(opening.case_id, signer)

    assert to_judge(grants) == []
    assert to_judge(grants, "second") == [opening.case_id]
    clock.now += LIFE - RENEWED_BEFORE
    assert to_judge(grants) == [opening.case_id]
    assert undecided.case_id not in to_judge(grants)


def test_an_approval_whose_facts_changed_loses_its_grant(book: CaseBook, grants: GrantsApi, signer: Signer) -> None:
    opening = asked_in_short(book)
    decide(book, opening)
    grants.sign(opening.case_id, signer)
    book.note_changed_facts(opening.case_id, 1, ["Somebody else has locked the account."])

    assert to_judge(grants) == [opening.case_id]
    grants.sign(opening.case_id, signer)
    assert book.grant_of(an_effect(opening.case_id).key) is None


def test_a_grant_that_nothing_approves_is_judged(book: CaseBook, grants: GrantsApi, signer: Signer) -> None:
    opening = asked_in_short(book)
    effect = an_effect(opening.case_id)
    decide(book, opening)
    grants.sign(opening.case_id, signer)
    book.start_effect(opening.case_id, effect)
    book.finish_effect(opening.case_id, an_effect(opening.case_id, status="done"))
    book.close_case(closing(opening.case_id))

    assert to_judge(grants) == [opening.case_id]
    grants.sign(opening.case_id, signer)
    assert book.grant_of(effect.key) is None
    assert to_judge(grants) == []


def test_a_damaged_text_is_signed_again(engine: Engine, book: CaseBook, grants: GrantsApi, signer: Signer) -> None:
    opening = asked_in_short(book)
    decide(book, opening)
    grants.sign(opening.case_id, signer)
    with engine.begin() as connection:
        connection.execute(update(GrantRow).values(text="damaged"))

    assert grants.sign(opening.case_id, signer) == 1
    assert book.grant_of(an_effect(opening.case_id).key) == "signed 2"


@pytest.mark.parametrize("cases", [1, 8])
def test_fresh_grants_cost_three_statements(
    engine: Engine, book: CaseBook, grants: GrantsApi, signer: Signer, cases: int
) -> None:
    for number in range(1, cases + 1):
        opening = asked_in_short(book, number, an_assessment(action="lock_and_refund"))
        decide(book, opening, action="lock_and_refund")
        grants.sign(opening.case_id, signer)
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement.split(maxsplit=1)[0])

    event.listen(engine, "before_cursor_execute", note)
    assert to_judge(grants) == []
    assert [each for each in sent if each != "BEGIN"] == ["SELECT"] * 3


def test_a_later_approval_replaces_the_grant_of_its_key(book: CaseBook, grants: GrantsApi, signer: Signer) -> None:
    opening = asked_in_short(book)
    case = opening.case_id
    decide(book, opening)
    grants.sign(case, signer)
    book.note_changed_facts(case, 1, ["The charges have changed."])
    again = an_opening(case, opening.assessment.model_copy(update={"round": 2}))
    put(book, again)
    book.accept_decision(a_decision(again), MANAGER)

    assert grants.sign(case, signer) == 1
    assert [grant.approval for grant in signer.signed] == [f"{case}:r1", f"{case}:r2"]
    assert signer.signed[0].key == signer.signed[1].key
    assert book.grant_of(signer.signed[0].key) == "signed 2"
