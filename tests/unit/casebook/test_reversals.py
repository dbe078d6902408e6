"""Reversals: asked for by one person, approved by another, carried out once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from casebook.commands.reversals import MOST
from casebook.database.transactions import Transactions
from casebook.errors import (
    CasebookError,
    EffectNotFound,
    NotAllowed,
    NothingToReverse,
    NotReversible,
    ReversalAlreadyDecided,
    ReversalExists,
    ReversalNotFound,
    SameRequester,
    TooManyReversals,
)
from contracts.actions import EffectAction, ReversalAction
from contracts.effect import Effect, EffectOrder, EffectStatus
from contracts.reversal import Reversal
from contracts.review import Role
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_decision,
    an_alert,
    an_assessment,
    an_effect,
    an_opening,
    asked_in_short,
    closing,
    put,
)

ANALYST: tuple[Role, ...] = ("analyst",)


def closed_case(book: CaseBook, number: int = 1, status: EffectStatus = "done") -> str:
    """Account locked and charges refunded, and the case closed."""
    opening = asked_in_short(book, number, an_assessment(action="lock_and_refund"))
    case = opening.case_id
    decision = a_decision(opening, action="lock_and_refund")
    book.accept_decision(decision.model_copy(update={"decided_at": book.transactions.now()}), MANAGER)
    actions: tuple[EffectAction, ...] = ("lock_account", "refund_charges")
    for action in actions:
        book.start_effect(case, an_effect(case, action))
        book.finish_effect(case, an_effect(case, action, status))
    book.close_case(closing(case, "locked_and_refunded" if status == "done" else "failed"))
    return case


def ask_back(book: CaseBook, case: str, action: EffectAction = "lock_account", who: str = "ana") -> Reversal:
    return book.request_reversal(
        case, an_effect(case, action).key, "The customer was travelling.", subject=who, roles=ANALYST
    )


def approve(book: CaseBook, case: str, number: int = 1, who: str = "maria") -> Reversal:
    return book.decide_reversal(case, number, "approve", "Indeed.", subject=who, roles=MANAGER)


def undoing(
    case: str, status: EffectStatus = "pending", action: ReversalAction = "unlock_account", number: int = 1
) -> Effect:
    return Effect(key=f"{case}:{action}:{case.rsplit('-', 1)[-1]}:{number}", action=action, status=status)


def types(book: CaseBook, case: str) -> list[str]:
    return [event.type for event in book.case_events(case)]


def test_reversal_leaves_a_closed_case_closed(book: CaseBook):
    case = closed_case(book)

    asked = ask_back(book, case)
    approved = approve(book, case)
    assert book.unscheduled_reversals() == [approved]
    book.mark_reversal_scheduled(approved.reversal_id)
    assert (book.unscheduled_reversals(), book.unfinished_reversals()) == ([], [approved])
    book.start_reversal(case, approved.reversal_id, undoing(case))
    book.finish_reversal(case, approved.reversal_id, undoing(case, "done"))

    assert (asked.reversal_id, asked.status, asked.requested_by) == (f"{case}:unlock_account:1", "requested", "ana")
    assert (approved.status, approved.decided_by, approved.comment) == ("approved", "maria", "Indeed.")
    view = book.get_fraud_case(case)
    done = approved.model_copy(update={"status": "done", "effect": undoing(case, "done")})
    assert (view.state, view.outcome, view.reversals) == ("closed", "locked_and_refunded", (done,))
    assert view.effects == (an_effect(case, status="done"), an_effect(case, "refund_charges", "done"))
    assert types(book, case)[-4:] == [
        "reversal_requested",
        "reversal_decided",
        "reversal_started",
        "reversal_finished",
    ]
    assert (book.unscheduled_reversals(), book.unfinished_reversals()) == ([], [])


def test_every_step_of_the_worker_may_be_repeated(book: CaseBook):
    case = closed_case(book)
    ask_back(book, case)
    wanted = approve(book, case).reversal_id
    for _ in range(2):
        book.start_reversal(case, wanted, undoing(case))
    for status in ("unknown", "unknown", "done", "done", "failed", "unknown"):
        book.finish_reversal(case, wanted, undoing(case, status))
    book.start_reversal(case, wanted, undoing(case))
    book.mark_reversal_scheduled(wanted)
    book.mark_reversal_scheduled(wanted)

    assert book.get_fraud_case(case).reversals[0].status == "done"
    assert types(book, case).count("reversal_started") == 1
    assert types(book, case).count("reversal_finished") == 2


def test_reversal_in_doubt_stays_approved_and_says_so(book: CaseBook):
    case = closed_case(book)
    ask_back(book, case)
    wanted = approve(book, case).reversal_id
    book.finish_reversal(case, wanted, undoing(case, "unknown"))

    (reversal,) = book.get_fraud_case(case).reversals
    assert (reversal.status, reversal.effect) == ("approved", undoing(case, "unknown"))
    with pytest.raises(ReversalExists, match="Reversing this has been asked for already, by ana"):
        ask_back(book, case, who="ben")


def test_nobody_approves_their_own_request(book: CaseBook):
    case = closed_case(book)
    ask_back(book, case, who="maria")

    with pytest.raises(SameRequester, match="another person must approve it"):
        approve(book, case, who="maria")
    with pytest.raises(NotAllowed, match="'manager'"):
        book.decide_reversal(case, 1, "approve", None, subject="ben", roles=ANALYST)

    assert book.get_fraud_case(case).reversals[0].status == "requested"


def test_requester_may_withdraw_the_request(book: CaseBook):
    case = closed_case(book)
    ask_back(book, case)
    refused = book.decide_reversal(case, 1, "reject", None, subject="ana", roles=ANALYST)
    assert (refused.status, refused.decided_by) == ("refused", "ana")
    assert book.unscheduled_reversals() == []
    with pytest.raises(ReversalAlreadyDecided, match=r"already decided by ana; it is 'refused'"):
        approve(book, case)


def test_only_refused_or_failed_reversals_can_be_requested_again(book: CaseBook):
    case = closed_case(book)
    ask_back(book, case)
    book.decide_reversal(case, 1, "reject", "No.", subject="maria", roles=MANAGER)
    second = ask_back(book, case)
    approve(book, case, 2)
    book.finish_reversal(case, second.reversal_id, undoing(case, "failed", number=2))
    third = ask_back(book, case)
    approve(book, case, 3)
    book.finish_reversal(case, third.reversal_id, undoing(case, "done", number=3))

    assert [each.status for each in book.get_fraud_case(case).reversals] == ["refused", "failed", "done"]
    with pytest.raises(ReversalExists, match="This was reversed already, by ana"):
        ask_back(book, case)
    other = ask_back(book, case, "refund_charges")
    assert other.reversal_id == f"{case}:reverse_refund:4"


def test_only_effects_done_in_this_case_are_reversed(book: CaseBook):
    failed, other = closed_case(book, 1, "failed"), closed_case(book, 2)
    with pytest.raises(NothingToReverse, match="'lock_account' is 'failed' in this case"):
        ask_back(book, failed)
    with pytest.raises(EffectNotFound):
        book.request_reversal(failed, an_effect(other).key, "Why.", subject="ana", roles=ANALYST)
    with pytest.raises(NotAllowed):
        book.request_reversal(other, an_effect(other).key, "Why.", subject="vera", roles=("viewer",))
    assert types(book, failed)[-1] == types(book, other)[-1] == "case_closed"


def test_nothing_is_carried_out_that_nobody_approved(book: CaseBook):
    case = closed_case(book)
    asked = ask_back(book, case)
    with pytest.raises(NotReversible):
        book.start_reversal(case, asked.reversal_id, undoing(case))
    approve(book, case)
    with pytest.raises(NotReversible, match="'reverse_refund'"):
        book.finish_reversal(case, asked.reversal_id, undoing(case, "done", "reverse_refund"))
    with pytest.raises(ReversalNotFound):
        book.start_reversal(case, f"{case}:unlock_account:9", undoing(case))
    with pytest.raises(ReversalNotFound):
        approve(book, case, 9)
    with pytest.raises(ReversalNotFound):
        book.mark_reversal_scheduled(f"{case}:unlock_account:9")


def test_concurrent_reversal_requests_and_decisions_count_once(engine: Engine, book: CaseBook):
    cases = [closed_case(book, number) for number in range(1, 21)]
    together = threading.Barrier(2, timeout=60)

    def press(who: str) -> list[str]:
        workspace = CaseBook(Transactions(engine))
        answers: list[str] = []
        for case in cases:
            together.wait()
            try:
                ask_back(workspace, case, who=who)
                answers.append("asked")
            except CasebookError as refused:
                answers.append(refused.id)
            together.wait()
            try:
                approve(workspace, case, who=f"manager-{who}")
                answers.append("approved")
            except CasebookError as refused:
                answers.append(refused.id)
        return answers

    with ThreadPoolExecutor(2) as people:
        first, second = people.map(press, ("ana", "ben"))

    pairs = [{one, other} for one, other in zip(first, second, strict=True)]
    assert pairs == [{"asked", "reversal-exists"}, {"approved", "reversal-decided"}] * len(cases)
    assert len(book.unscheduled_reversals()) == len(cases)
    first_seen = book.unscheduled_reversals(limit=2)
    after = book.unscheduled_reversals(after=first_seen[-1].reversal_id)
    assert [each.case_id for each in first_seen + after] == cases


def test_failed_reversal_is_not_started_again(book: CaseBook):
    case = closed_case(book)
    ask_back(book, case)
    wanted = approve(book, case).reversal_id
    failed = book.fail_reversal(case, wanted, "It was terminated.")
    assert failed is not None
    assert book.fail_reversal(case, wanted, "It was terminated.") is None
    with pytest.raises(NotReversible):
        book.start_reversal(case, wanted, undoing(case))
    assert book.get_fraud_case(case).reversals == (failed,)
    with pytest.raises(ReversalNotFound):
        book.fail_reversal(case, f"{case}:unlock_account:9", "It was terminated.")


@pytest.mark.parametrize("anew", [False, True])
def test_late_success_of_an_abandoned_reversal_is_shown(book: CaseBook, anew: bool):
    case = closed_case(book)
    ask_back(book, case)
    wanted = approve(book, case).reversal_id
    book.start_reversal(case, wanted, undoing(case))
    book.fail_reversal(case, wanted, "It was terminated.")
    if anew:
        ask_back(book, case, who="ben")
    for status in ("failed", "unknown", "done", "done"):
        book.finish_reversal(case, wanted, undoing(case, status))

    statuses = [reversal.status for reversal in book.get_fraud_case(case).reversals]
    assert statuses == (["failed", "requested"] if anew else ["done"])
    with pytest.raises(ReversalExists, match="by ben" if anew else "by ana"):
        ask_back(book, case, who="maria")
    assert book.verify_case_log() is None


LOCKS_OF_ONE_CUSTOMER: list[tuple[int, EffectStatus]] = [(1, "done"), (2, "done"), (3, "unknown")]


def locking_case(book: CaseBook, number: int, customer: int = 1, status: EffectStatus = "done") -> str:
    """A case of a customer whose approved lock has come so far."""
    case = book.open_case(an_alert(number).model_copy(update={"customer_id": customer})).case_id
    opening = an_opening(case)
    put(book, opening)
    book.accept_decision(a_decision(opening), MANAGER)
    effect = an_effect(case, status=status).model_copy(update={"key": f"{case}:lock_account:{customer}"})
    book.start_effect(case, effect)
    book.finish_effect(case, effect)
    return case


def test_reversal_of_a_lock_names_other_cases_locks(book: CaseBook):
    first, second, waiting = (locking_case(book, number, status=status) for number, status in LOCKS_OF_ONE_CUSTOMER)
    locking_case(book, 4, status="failed")
    locking_case(book, 5, customer=2)
    before = book.get_fraud_case(first).also_locked_by

    book.request_reversal(second, f"{second}:lock_account:1", "Lisbon.", subject="ana", roles=ANALYST)
    reversal = approve(book, second)
    asked = book.get_fraud_case(first).also_locked_by
    undone = Effect(key=f"{second}:unlock_account:1:1", action="unlock_account", status="done")
    book.finish_reversal(second, reversal.reversal_id, undone)

    assert before == asked == (second, waiting)
    (told,) = book.get_fraud_case(first).other_locks
    done = next(event for event in book.case_events(waiting) if event.type == "effect_started")
    assert told == EffectOrder(key=f"{waiting}:lock_account:1", at=done.at, case_id=waiting, approved_by="ana")
    assert book.get_fraud_case(first).also_locked_by == (waiting,)
    assert book.get_fraud_case(second).also_locked_by == (first, waiting)


def test_a_case_takes_so_many_requests_and_no_more(book: CaseBook) -> None:
    case = closed_case(book)
    for number in range(1, MOST + 1):
        ask_back(book, case)
        book.decide_reversal(case, number, "reject", "No.", subject="maria", roles=MANAGER)

    with pytest.raises(TooManyReversals, match="at most 100 requests"):
        ask_back(book, case)
    assert book.verify_case_log() is None
