"""Held decisions for the casebook's tests."""

from datetime import timedelta

from sqlalchemy import Engine

from casebook.database.transactions import Transactions
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from contracts.investigation import ReviewOpening
from contracts.review import Role
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
    pass_time,
)

ANALYST: tuple[Role, ...] = ("analyst",)
HOLD = timedelta(minutes=5)


def holding(engine: Engine, clock: SteppingClock) -> CaseBook:
    """A casebook that holds what has an effect."""
    return CaseBook(Transactions(engine, clock), decision_hold=HOLD, joins=JoinPolicy(JoinRule(hours=72)))


def held(book: CaseBook, number: int = 1) -> ReviewOpening:
    """A lock of the account that can be taken back."""
    opening = ask(book, open_case(book, number))
    book.accept_decision(a_decision(opening), MANAGER)
    return opening


def let_it_end(book: CaseBook) -> None:
    pass_time(book, HOLD / timedelta(hours=1))
    book.end_holds()


def types_of(book: CaseBook, case: str, last: int) -> list[str]:
    return [event.type for event in book.case_events(case)][-last:]


def nothing_decided(book: CaseBook) -> str:
    return ask(book, open_case(book)).case_id


def rejected(book: CaseBook) -> str:
    opening = ask(book, open_case(book))
    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    return opening.case_id


def in_the_next_round(book: CaseBook) -> str:
    case = rejected(book)
    ask(book, case, 2)
    return case


def withdrawn(book: CaseBook) -> str:
    case = held(book).case_id
    book.withdraw_decision(case, "ana")
    return case


def over_by_the_clock(book: CaseBook) -> str:
    case = held(book).case_id
    pass_time(book, HOLD / timedelta(hours=1))
    return case


def over_on_record(book: CaseBook) -> str:
    case = held(book).case_id
    let_it_end(book)
    return case


def acting(book: CaseBook) -> str:
    case = over_on_record(book)
    book.start_effect(case, an_effect(case))
    return case


def closed(book: CaseBook) -> str:
    case = over_on_record(book)
    carry_out(book, case)
    book.close_case(closing(case))
    return case
