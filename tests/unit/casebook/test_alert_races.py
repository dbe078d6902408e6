"""Alerts that come at the same moment as others, or as a decision."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import pytest
from sqlalchemy import Engine

from casebook.database.transactions import Transactions
from casebook.errors import NewEvidence
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from contracts.review import Decision
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import MANAGER, SteppingClock, a_decision, an_alert, ask, later


@pytest.fixture
def joins() -> JoinPolicy:
    return JoinPolicy(JoinRule(hours=72))


def test_simultaneous_alerts_on_two_backends_open_one_case(engine: Engine, joins: JoinPolicy):
    backends = [CaseBook(Transactions(engine), joins=joins) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        for customer in range(1, 26):
            alerts = [later(10 * customer + number, customer) for number in range(4)]
            sent = [*alerts, *alerts]
            turns = cycle(backends)
            came = [*pool.map(CaseBook.open_case, [next(turns) for _ in sent], sent)]
            assert len({each.case_id for each in came}) == 1
            assert (sum(each.created for each in came), sum(each.joined for each in came)) == (1, 3)
    assert backends[0].verify_case_log() is None


def race(book: CaseBook, other: CaseBook, pool: ThreadPoolExecutor, customer: int) -> bool:
    """One decision against one alert; whether the decision counts."""
    case = book.open_case(an_alert(customer)).case_id
    opening = ask(book, case)

    def decided() -> bool:
        try:
            decision = a_decision(opening).model_copy(update={"decided_at": book.transactions.now()})
            return isinstance(book.accept_decision(decision, MANAGER), Decision)
        except NewEvidence:
            return False

    answer = pool.submit(decided)
    alert = pool.submit(lambda: other.open_case(later(10_000 + customer, customer)))
    joined, counts = alert.result(), answer.result()
    assert counts is not joined.joined
    view = book.get_fraud_case(case)
    assert len(view.alerts) == (1 if counts else 2)
    assert bool(view.decisions) is counts
    assert view.followed_by == ((joined.case_id,) if counts else ())
    return counts


def run_races(engine: Engine, joins: JoinPolicy, races: int) -> set[bool]:
    clock = SteppingClock()
    book, other = (CaseBook(Transactions(engine, clock), joins=joins) for _ in range(2))
    with ThreadPoolExecutor(2) as pool:
        results = {race(book, other, pool, customer) for customer in range(1, races + 1)}
    assert book.verify_case_log() is None
    return results


def test_no_decision_counts_that_had_not_seen_an_alert(engine: Engine, joins: JoinPolicy):
    run_races(engine, joins, 25)


@pytest.mark.long
def test_five_hundred_races_of_alerts_against_decisions(engine: Engine, joins: JoinPolicy):
    assert run_races(engine, joins, 500) == {True, False}
