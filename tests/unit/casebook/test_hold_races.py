"""Taking a decision back at the moment in which its hold ends: either it is taken back, or it counts; never both."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine

from casebook.database.transactions import Transactions
from casebook.errors import AlreadyDecided, CasebookError, DecisionInEffect
from contracts.investigation import ReviewOpening
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import MANAGER, NOON, a_decision, an_effect, an_escalation, asked_in_short

HOLD = timedelta(seconds=5)
Step = Callable[[CaseBook, ReviewOpening], bool]


def ended_by_the_relay(book: CaseBook, opening: ReviewOpening) -> bool:
    """What a backend and a worker do when the time is over. Whether an effect began."""
    case = opening.case_id
    book.end_holds()
    if book.accepted_decision(case, opening.review.review_id, announced=0) is None:
        return False
    book.start_effect(case, an_effect(case))
    return True


def ended_by_the_deadline(book: CaseBook, opening: ReviewOpening) -> bool:
    """What a worker does that finds the decision when the deadline passes."""
    try:
        if book.escalate(an_escalation(opening, 400)) is None:
            return False
    except CasebookError:
        return False
    book.start_effect(opening.case_id, an_effect(opening.case_id))
    return True


@pytest.mark.slow
@pytest.mark.parametrize("step", [ended_by_the_relay, ended_by_the_deadline], ids=lambda step: step.__name__)
@pytest.mark.parametrize("times", [60, pytest.param(500, marks=pytest.mark.long)])
def test_a_decision_is_withdrawn_or_carried_out(engine: Engine, step: Step, times: int):
    """Whoever lets it count has a clock that is ahead: the decision could still be taken back by the other's."""
    transactions = (Transactions(engine, lambda at=at: at) for at in (NOON, NOON + HOLD))
    desk, ahead = (CaseBook(each, decision_hold=HOLD) for each in transactions)
    openings = [asked_in_short(desk, number) for number in range(1, times + 1)]
    together = Barrier(2, timeout=60)
    withdrawn: set[str] = set()
    done: set[str] = set()

    def withdraw() -> None:
        for opening in openings:
            together.wait()
            try:
                desk.withdraw_decision(opening.case_id, "ana")
                withdrawn.add(opening.case_id)
            except DecisionInEffect:
                pass
            together.wait()

    def act() -> None:
        for opening in openings:
            together.wait()
            if step(ahead, opening):
                done.add(opening.case_id)
            together.wait()

    for opening in openings:
        desk.accept_decision(a_decision(opening), MANAGER)
    with ThreadPoolExecutor(2) as people:
        for each in [people.submit(withdraw), people.submit(act)]:
            each.result()

    assert not withdrawn & done
    assert withdrawn | done == {opening.case_id for opening in openings}
    for opening in openings:
        view = desk.get_fraud_case(opening.case_id)
        assert (bool(view.effects), bool(view.decisions)) == (opening.case_id in done,) * 2
    assert desk.verify_case_log() is None


@pytest.mark.slow
@pytest.mark.parametrize("times", [60, pytest.param(300, marks=pytest.mark.long)])
def test_two_backends_let_a_decision_count_once(engine: Engine, times: int):
    desk = CaseBook(Transactions(engine, lambda: NOON), decision_hold=HOLD)
    backends = [CaseBook(Transactions(engine, lambda: NOON + HOLD)) for _ in range(2)]
    for number in range(1, times + 1):
        desk.accept_decision(a_decision(asked_in_short(desk, number)), MANAGER)

    with ThreadPoolExecutor(2) as pool:
        counted = [pool.submit(each.end_holds, 1_000) for each in backends]
        assert [each.result() for each in counted] == [None, None]

    ended = [event.case_id for event in desk.events_after(0, 100_000) if event.type == "hold_ended"]
    assert len(ended) == len({*ended}) == times
    assert desk.verify_case_log() is None


def test_two_tabs_take_a_decision_back_once(engine: Engine):
    desk = CaseBook(Transactions(engine, lambda: NOON), decision_hold=HOLD)
    opening = asked_in_short(desk)
    desk.accept_decision(a_decision(opening), MANAGER)

    def withdraw(_: int) -> bool:
        try:
            desk.withdraw_decision(opening.case_id, "ana")
        except CasebookError:
            return False
        return True

    with ThreadPoolExecutor(4) as tabs:
        assert sorted(tabs.map(withdraw, range(4))) == [False] * 3 + [True]
    desk.accept_decision(a_decision(opening), MANAGER)
    with pytest.raises(AlreadyDecided):
        desk.accept_decision(a_decision(opening, decided_by="bo"), MANAGER)
