"""Holds in a forged log with valid hashes: each is named."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from casebook.audit.verify import audit_case
from casebook.database.engine import for_writing
from contracts.case import CaseEvent
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    SteppingClock,
    a_decision,
    carry_out,
)
from tests.unit.casebook.held_decisions import ANALYST, HOLD, held, holding, over_on_record, withdrawn
from tests.unit.casebook.test_forged_logs import Bend, saying, without, write_anew
from tests.unit.casebook.test_four_eyes import asked_for_two, by


@pytest.fixture
def book(engine: Engine, clock: SteppingClock) -> CaseBook:
    return holding(engine, clock)


def by_somebody_else(log: list[CaseEvent]) -> list[CaseEvent]:
    return [each.model_copy(update={"actor": "mallory"}) if each.type == "decision_withdrawn" else each for each in log]


def moved(kind: str, by_: timedelta) -> Bend:
    return lambda log: [each.model_copy(update={"at": each.at + by_}) if each.type == kind else each for each in log]


def acted(book: CaseBook) -> str:
    case = over_on_record(book)
    carry_out(book, case)
    return case


def twice(book: CaseBook) -> str:
    opening = held(book)
    book.withdraw_decision(opening.case_id, "ana")
    book.accept_decision(a_decision(opening), MANAGER)
    return opening.case_id


def second_withdrawn(book: CaseBook) -> str:
    opening = asked_for_two(book)
    for who in ("ana", "ben"):
        book.accept_decision(by(who, opening), ANALYST)
    book.withdraw_decision(opening.case_id, "ben")
    return opening.case_id


FORGED: dict[str, tuple[Callable[[CaseBook], str], Bend, str]] = {
    "acted in the hold": (
        acted,
        without("hold_ended"),
        "'effect_started': the decision on round 1 can still be taken back",
    ),
    "acted after it was taken back": (
        acted,
        lambda log: [
            each.model_copy(
                update={
                    "type": "decision_withdrawn",
                    "actor": "ana",
                    "at": each.at - HOLD,
                    "data": each.data | {"due_at": log[-1].at.isoformat(), "disposition": None, "proposal": None},
                }
            )
            if each.type == "hold_ended"
            else each
            for each in log
        ],
        "'decision_withdrawn': the case is not as it was before the decision",
    ),
    "ended early": (acted, moved("hold_ended", -HOLD), "'hold_ended': it ends the hold before its time"),
    "another action": (
        acted,
        saying("hold_ended", action="refund_charges"),
        "'hold_ended': something else was decided",
    ),
    "held for longer": (
        acted,
        saying("decision_accepted", held_until="2026-12-24T12:00:00Z"),
        "'decision_accepted': it is held for too long, or not at all",
    ),
    "held without an effect": (
        acted,
        saying("decision_accepted", action="clear"),
        "'decision_accepted': it is held, and does nothing",
    ),
    "taken back by another": (withdrawn, by_somebody_else, "'decision_withdrawn': it was ana's decision"),
    "taken back too late": (
        withdrawn,
        moved("decision_withdrawn", HOLD),
        "'decision_withdrawn': it was too late for that",
    ),
    "taken back without a hold": (
        withdrawn,
        saying("decision_accepted", held_until=None),
        "'decision_withdrawn': no decision could be taken back",
    ),
    "taken back with a later deadline": (
        withdrawn,
        saying("decision_withdrawn", due_at="2026-12-24T12:00:00Z"),
        "'decision_withdrawn': the case is not as it was before the decision",
    ),
    "taken back with an invented approval": (
        withdrawn,
        saying(
            "decision_withdrawn",
            proposal={"review_id": "case-impossible_travel-1:r1", "action": "lock_account", "approvals": []},
        ),
        "'decision_withdrawn': another first approval waits again than was given",
    ),
    "taken back with the approval": (
        second_withdrawn,
        saying("decision_withdrawn", proposal=None),
        "'decision_withdrawn': another first approval waits again than was given",
    ),
    "taken back unseen": (
        twice,
        without("decision_withdrawn", "claimed"),
        "'decision_accepted': nobody was being asked",
    ),
    "counted wrongly": (
        twice,
        lambda log: [
            each.model_copy(update={"data": {**each.data, "withdrawals": 2}}) if each.data.get("withdrawals") else each
            for each in log
        ],
        "'decision_accepted': 1 decisions on it were taken back before it",
    ),
}


@pytest.mark.parametrize("how", FORGED)
def test_forged_hold_with_valid_hashes_is_named(book: CaseBook, engine: Engine, how: str):
    make, bend, why = FORGED[how]
    case = make(book)
    assert book.audit().broken is None

    with for_writing(engine).connect() as connection:
        write_anew(connection, case, bend(book.case_events(case)))
        named = audit_case(connection, case).broken
        connection.rollback()

    assert named is not None
    assert named.reason == f"nothing before it justifies {why}"
