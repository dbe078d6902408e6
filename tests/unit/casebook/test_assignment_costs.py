"""The cost of an assignment and of the next case: the same in a large casebook, whoever has its cases."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from casebook.database.engine import for_writing, open_engine
from casebook.database.transactions import Transactions
from casebook.queries import assignments
from contracts.assignment import AssignmentMode, AssignmentRules
from contracts.investigation import ReviewOpening
from tests.bench.casebook import NEW
from tests.bench.casebook import fill as fill_to
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import SteppingClock, an_alert, an_opening, conclude
from tests.unit.casebook.test_assignments import member
from tests.unit.casebook.test_cursors import plans, recorded

SIZES = (300, 3_000)
POOL = 5
"""Cases that nobody has; `ben`, who is there, has nine in ten of the others, and `ana` the rest."""


@pytest.fixture(scope="module")
def casebooks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Casebooks with 300 and with 3,000 cases on SQLite, nearly all of those that wait assigned to somebody."""
    folder = tmp_path_factory.mktemp("assignments")
    paths = {size: folder / f"{size}.db" for size in SIZES}
    for size, path in paths.items():
        engine = open_engine(f"sqlite:///{path}")
        fill_to(engine, size)
        with for_writing(engine).begin() as connection:
            waiting = f'SELECT case_id FROM "case" WHERE due_at IS NOT NULL ORDER BY due_at DESC LIMIT -1 OFFSET {POOL}'
            connection.execute(
                text(
                    "UPDATE \"case\" SET assigned_to = CASE WHEN opened_seq % 10 = 0 THEN 'ana' ELSE 'ben' END, "
                    f"assigned_by = 'system', assigned_at = opened_at WHERE case_id IN ({waiting})"
                )
            )
        engine.dispose()
    return paths


class Cost:
    """What a call costs: instructions of SQLite's machine, statements, and how each of them finds its rows."""

    def __init__(self, path: Path, prepare: Callable[[CaseBook], Callable[[], object]]) -> None:
        engine = open_engine(f"sqlite:///{path}")
        book, self.steps = CaseBook(Transactions(engine, SteppingClock())), 0
        call = prepare(book)
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
        driver.set_progress_handler(self._take, 10)
        with recorded(engine) as statements:
            self.result = call()
        driver.set_progress_handler(None, 0)
        self.statements = len(statements)
        self.plans = plans(engine, [each for each in statements if not each[0].startswith("INSERT")])
        engine.dispose()

    def _take(self) -> None:
        self.steps += 10


def next_of(subject: str) -> Callable[[CaseBook], Callable[[], object]]:
    def prepare(book: CaseBook) -> Callable[[], object]:
        book.next_case(f"{subject}-before", as_manager=True)
        return lambda: book.next_case(subject, as_manager=True)

    return prepare


def asking(mode: AssignmentMode) -> Callable[[CaseBook], Callable[[], object]]:
    def prepare(book: CaseBook) -> Callable[[], object]:
        rules = AssignmentRules(mode=mode, members=(member("ben"), member("ana"), member("cleo")))
        book.change_assignment(book.assignment().version, rules, "maria")
        number = book.last_seq() + NEW
        openings: list[ReviewOpening] = []
        for each in (number, number + 1):
            opening = an_opening(book.open_case(an_alert(each)).case_id)
            conclude(book, opening.case_id, opening.assessment)
            openings.append(opening)
        book.open_review(openings[0])
        return lambda: book.open_review(openings[1])

    return prepare


CALLS = {
    "next from the pool": next_of("cleo"),
    "next of one's own": next_of("ana"),
    "assign in turn": asking("round_robin"),
    "assign by load": asking("by_load"),
}


@pytest.mark.parametrize("name", CALLS)
def test_assignment_costs_as_much_in_tenfold_casebook(
    casebooks: dict[int, Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(assignments, "COUNTED", 10)
    few, many = (Cost(path, CALLS[name]) for path in casebooks.values())
    assert None not in (few.result, many.result)
    assert many.statements == few.statements
    assert 0 < many.steps < 1.5 * few.steps, (few.steps, many.steps)
    assert [step for step in many.plans if step.startswith("SCAN case") or "TEMP B-TREE FOR ORDER" in step] == []


def test_next_case_follows_an_index_by_deadline(casebooks: dict[int, Path]) -> None:
    steps = Cost(casebooks[SIZES[0]], next_of("nobody")).plans
    assert any("ix_case_by_pool_due" in step for step in steps), steps
    assert any("ix_case_by_assigned_due" in step for step in steps), steps
