"""Carrying out what a person approved, and nothing else."""

import pytest

from casebook.errors import (
    IllegalMove,
    NotApproved,
    NotAsApproved,
)
from contracts.actions import EffectAction, RecommendedAction
from contracts.effect import Effect
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_decision,
    an_assessment,
    an_effect,
    an_opening,
    ask,
    asked_in_short,
    closing,
    open_case,
    put,
)


def test_an_approved_effect_is_followed_from_start_to_finish(book: CaseBook):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case)), MANAGER)

    book.start_effect(case, an_effect(case))
    assert book.get_fraud_case(case).state == "acting"
    assert book.get_fraud_case(case).effects == (an_effect(case),)

    book.finish_effect(case, an_effect(case, status="done"))
    assert book.get_fraud_case(case).effects == (an_effect(case, status="done"),)
    assert [event.type for event in book.case_events(case)][-2:] == ["effect_started", "effect_finished"]

    book.close_case(closing(case))
    seq = book.last_seq()
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="done"))
    assert book.last_seq() == seq


def test_an_effect_that_is_done_stays_done(book: CaseBook):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case)), MANAGER)
    book.finish_effect(case, an_effect(case, status="unknown"))
    book.finish_effect(case, an_effect(case, status="done"))

    book.finish_effect(case, an_effect(case, status="failed"))
    book.start_effect(case, an_effect(case))

    assert book.get_fraud_case(case).effects == (an_effect(case, status="done"),)


def test_effects_are_shown_in_starting_order(book: CaseBook):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case), action="lock_and_refund"), MANAGER)
    actions: tuple[EffectAction, ...] = ("refund_charges", "lock_account")
    for action in actions:
        book.start_effect(case, an_effect(case, action))

    assert tuple(effect.action for effect in book.get_fraud_case(case).effects) == actions


@pytest.mark.parametrize(
    ("approved", "allowed"),
    [
        ("clear", set[EffectAction]()),
        ("lock_account", {"lock_account"}),
        ("refund_charges", {"refund_charges"}),
        ("lock_and_refund", {"lock_account", "refund_charges"}),
    ],
)
def test_only_what_a_person_approved_can_happen(
    book: CaseBook, approved: RecommendedAction, allowed: set[EffectAction]
):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case), action=approved), MANAGER)
    actions: tuple[EffectAction, ...] = ("lock_account", "refund_charges")
    for action in actions:
        if action in allowed:
            book.start_effect(case, an_effect(case, action))
            continue
        with pytest.raises(NotApproved, match=action):
            book.start_effect(case, an_effect(case, action))
        with pytest.raises(NotApproved, match=action):
            book.finish_effect(case, an_effect(case, action, "done"))

    assert {effect.action for effect in book.get_fraud_case(case).effects} == allowed


def test_nothing_happens_on_a_rejection_or_before_a_decision(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    with pytest.raises(NotApproved):
        book.start_effect(case, an_effect(case))

    book.accept_decision(a_decision(opening, "reject"), MANAGER)

    with pytest.raises(NotApproved):
        book.start_effect(case, an_effect(case))


def test_an_acting_case_can_only_be_closed(book: CaseBook):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case)), MANAGER)
    book.start_effect(case, an_effect(case))

    with pytest.raises(IllegalMove, match="from 'acting' to 'investigating'"):
        book.start_round(case, 2)
    with pytest.raises(IllegalMove, match="from 'acting' to 'awaiting_review'"):
        book.open_review(an_opening(case, an_assessment(2)))


def test_an_approval_whose_facts_have_changed_allows_nothing(book: CaseBook):
    opening = asked_in_short(book)
    case = opening.case_id
    book.accept_decision(a_decision(opening), MANAGER)

    book.note_changed_facts(case, 1, ("The account is locked already.",))
    book.note_changed_facts(case, 1, ("The account is locked already.",))

    with pytest.raises(NotApproved):
        book.start_effect(case, an_effect(case))
    event = book.case_events(case)[-1]
    assert (event.type, event.data) == (
        "facts_changed",
        {"round": 1, "changes": ["The account is locked already."]},
    )
    again = an_opening(case, an_assessment(1).model_copy(update={"round": 2}))
    put(book, again)
    book.accept_decision(a_decision(again), MANAGER)
    book.start_effect(case, an_effect(case))
    assert book.get_fraud_case(case).state == "acting"


def test_changed_facts_are_asked_about_again(book: CaseBook):
    opening = asked_in_short(book, assessment=an_assessment(action="lock_and_refund"))
    case = opening.case_id
    book.accept_decision(a_decision(opening, action="lock_and_refund"), MANAGER)
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="done"))
    book.start_effect(case, an_effect(case, "refund_charges"))
    book.finish_effect(case, an_effect(case, "refund_charges", "failed"))

    book.note_changed_facts(case, 1, ("Charge ch-1 cannot be refunded: its status is refunded.",))
    rest = opening.assessment.model_copy(update={"round": 2, "recommended_action": "refund_charges"})
    again = an_opening(case, rest)
    book.open_review(again)
    asked = book.get_fraud_case(case)
    book.accept_decision(a_decision(again, action="refund_charges"), MANAGER)
    book.start_effect(case, an_effect(case, "refund_charges"))
    book.finish_effect(case, an_effect(case, "refund_charges", "done"))
    book.close_case(closing(case, "locked_and_refunded", 2))

    assert (asked.state, asked.round) == ("awaiting_review", 2)
    assert [effect.status for effect in asked.effects] == ["done", "failed"]
    assert [effect.status for effect in book.get_fraud_case(case).effects] == ["done", "done"]
    assert book.audit_case(case).broken is None


def test_an_approval_of_an_earlier_round_allows_nothing(book: CaseBook):
    opening = asked_in_short(book)
    case = opening.case_id
    book.accept_decision(a_decision(opening), MANAGER)
    book.note_changed_facts(case, 1, ("The account is locked already.",))
    book.start_round(case, 2)
    with pytest.raises(NotApproved):
        book.finish_effect(case, an_effect(case, status="done"))


def approve_again(book: CaseBook, case: str, action: RecommendedAction, round_number: int = 2) -> None:
    """What was approved in the round before no longer holds, and a person approves `action`."""
    book.note_changed_facts(case, round_number - 1, ("Something else.",))
    again = an_opening(case, an_assessment(1).model_copy(update={"round": round_number}))
    put(book, again)
    book.accept_decision(a_decision(again, action=action), MANAGER)


def finish(book: CaseBook, effect: Effect) -> None:
    book.start_effect(effect.key.split(":")[0], effect)
    book.finish_effect(effect.key.split(":")[0], effect.model_copy(update={"status": "done", "result": {}}))


def second(case: str, action: EffectAction) -> Effect:
    first = an_effect(case, action)
    return first.model_copy(update={"key": f"{first.key}:2"})


def test_refused_effect_goes_on_under_its_key(book: CaseBook):
    opening = asked_in_short(book)
    case = opening.case_id
    book.accept_decision(a_decision(opening), MANAGER)
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="failed"))
    approve_again(book, case, "lock_account")

    with pytest.raises(NotAsApproved):
        book.start_effect(case, second(case, "lock_account"))
    assert book.approved_action(case, f"{case}:r2").keys == {"lock_account": an_effect(case).key}
    finish(book, an_effect(case))
    assert book.audit_case(case).broken is None


def test_lock_that_lasts_is_not_ordered_twice(book: CaseBook):
    opening = asked_in_short(book)
    case = opening.case_id
    book.accept_decision(a_decision(opening), MANAGER)
    finish(book, an_effect(case))
    approve_again(book, case, "lock_account")

    assert book.approved_action(case, f"{case}:r2").keys == {"lock_account": an_effect(case).key}
    with pytest.raises(NotAsApproved):
        book.start_effect(case, second(case, "lock_account"))


def test_reversed_lock_is_another_order_when_approved_again(book: CaseBook):
    opening = asked_in_short(book)
    case = opening.case_id
    book.accept_decision(a_decision(opening), MANAGER)
    finish(book, an_effect(case))
    asked = book.request_reversal(case, an_effect(case).key, "It was them.", subject="ana", roles=("analyst",))
    book.decide_reversal(case, 1, "approve", None, subject="maria", roles=MANAGER)
    undone = Effect(key=f"{case}:unlock_account:1:1", action="unlock_account", status="done")
    book.start_reversal(case, asked.reversal_id, undone)
    book.finish_reversal(case, asked.reversal_id, undone)

    # The approval that was carried out and reversed allows no other order.
    assert book.approved_action(case, f"{case}:r1").keys == {"lock_account": an_effect(case).key}
    approve_again(book, case, "lock_account")
    finish(book, second(case, "lock_account"))

    assert [effect.status for effect in book.get_fraud_case(case).effects] == ["done", "done"]
    book.request_reversal(case, second(case, "lock_account").key, "Again.", subject="ana", roles=("analyst",))
    book.decide_reversal(case, 2, "approve", None, subject="maria", roles=MANAGER)
    undone = Effect(key=f"{case}:unlock_account:1:2", action="unlock_account", status="done")
    book.start_reversal(case, f"{case}:unlock_account:2", undone)
    book.finish_reversal(case, f"{case}:unlock_account:2", undone)
    book.close_case(closing(case, round_number=2))
    assert book.audit_case(case).broken is None


def test_refund_of_a_later_approval_is_another_order(book: CaseBook):
    opening = asked_in_short(book)
    case = opening.case_id
    book.accept_decision(a_decision(opening, action="refund_charges"), MANAGER)
    finish(book, an_effect(case, "refund_charges"))
    approve_again(book, case, "refund_charges")

    finish(book, second(case, "refund_charges"))
    book.start_effect(case, second(case, "refund_charges"))
    book.close_case(closing(case, "charges_refunded", 2))

    assert book.audit_case(case).broken is None


def test_what_was_done_counts_although_a_later_order_fails(book: CaseBook):
    opening = asked_in_short(book)
    case = opening.case_id
    book.accept_decision(a_decision(opening, action="refund_charges"), MANAGER)
    finish(book, an_effect(case, "refund_charges"))
    approve_again(book, case, "refund_charges")
    book.start_effect(case, second(case, "refund_charges"))
    book.finish_effect(case, second(case, "refund_charges").model_copy(update={"status": "failed"}))

    book.close_case(closing(case, "failed", 2))

    assert [effect.status for effect in book.get_fraud_case(case).effects] == ["done", "failed"]
    assert book.audit_case(case).broken is None
