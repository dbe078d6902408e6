"""The worker acts on no decision that can still be taken back, whatever time its own clock says."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Engine

from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import NotApproved
from contracts.investigation import ReviewOpening
from contracts.review import Decision
from contracts.steps import ReadDecisionInput
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import MANAGER, NOON, a_decision, an_effect, asked_in_short
from tests.unit.worker.support.record import CTX
from worker.activities.review import ReviewActivities

HOLD = timedelta(seconds=5)


class Held(NamedTuple):
    """A held decision at the desk, and a worker that believes it is an hour later."""

    desk: CaseBook
    worker: CaseBook
    opening: ReviewOpening

    def read(self, announced: int = 1) -> Decision | None:
        review = self.opening.review.review_id
        reading = ReadDecisionInput(case_id=self.opening.case_id, review_id=review, announced=announced)
        return ReviewActivities(self.worker).read_decision(CTX, reading)

    def refusals(self) -> list[str]:
        return [each.reason for each in self.worker.refusals(self.opening.case_id)]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'held.db'}")
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def held(engine: Engine) -> Held:
    desk = CaseBook(Transactions(engine, lambda: NOON), decision_hold=HOLD)
    worker = CaseBook(Transactions(engine, lambda: NOON + timedelta(hours=1)))
    opening = asked_in_short(desk)
    desk.accept_decision(a_decision(opening), MANAGER)
    return Held(desk, worker, opening)


def test_forged_event_in_the_hold_hastens_nothing(held: Held) -> None:
    assert [held.read() for _ in range(3)] == [None] * 3
    assert held.refusals() == ["no-accepted-decision"]
    with pytest.raises(NotApproved):
        held.worker.start_effect(held.opening.case_id, an_effect(held.opening.case_id))
    assert held.refusals() == ["no-accepted-decision", "not-approved"]

    held.desk.withdraw_decision(held.opening.case_id, "ana")
    assert held.read(announced=0) is None


def test_decision_is_read_once_its_hold_has_ended(held: Held, engine: Engine) -> None:
    backend = CaseBook(Transactions(engine, lambda: NOON + HOLD))
    assert backend.end_holds() is None

    decision = held.read()

    assert decision is not None
    assert decision.held_until == NOON + HOLD
    held.worker.start_effect(held.opening.case_id, an_effect(held.opening.case_id))
    assert held.refusals() == []
