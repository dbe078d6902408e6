"""The cost of an alert, whether it opens a case, joins one or is known: the same in a large casebook."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from casebook.database.engine import for_writing, open_engine
from casebook.database.transactions import Transactions
from casebook.policy.alert_joins import JoinPolicy
from casebook.queries.cursors import OpenedCase
from tests.bench.casebook import NEW, an_alert_of
from tests.bench.casebook import fill as fill_to
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, SteppingClock, an_alert, ask, only_on
from tests.unit.casebook.test_cursors import plans, recorded

SIZES = (300, 3_000)
VETERAN = NEW - 1
"""A customer with many old cases: all that are closed, and so ten times as many in the larger casebook."""
WAITING = 20


@pytest.fixture(scope="module")
def casebooks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Casebooks with 300 and with 3,000 cases of three alerts each on average, on SQLite; and a few that wait."""
    folder = tmp_path_factory.mktemp("alerts")
    paths = {size: folder / f"{size}.db" for size in SIZES}
    for size, path in paths.items():
        engine = open_engine(f"sqlite:///{path}")
        fill_to(engine, size, most_alerts=5)
        with for_writing(engine).begin() as connection:
            connection.execute(text(f"UPDATE \"case\" SET customer_id = {VETERAN} WHERE state = 'closed'"))
        book = joining(engine)
        for number in range(WAITING):
            ask(book, book.open_case(an_alert(NEW + number)).case_id)
        engine.dispose()
    return paths


def joining(engine: Engine) -> CaseBook:
    return CaseBook(Transactions(engine, SteppingClock()), joins=JoinPolicy())


def opens(book: CaseBook, number: int) -> OpenedCase:
    return book.open_case(an_alert(2 * NEW + number))


def opens_beside_many(book: CaseBook, number: int) -> OpenedCase:
    # Further from any other alert of the customer than alerts of one case may be.
    at = NOON + timedelta(days=7 * (number + 1))
    return book.open_case(an_alert_of(VETERAN, 3 * NEW + number).model_copy(update={"raised_at": at}))


def joins_a_waiting(book: CaseBook, number: int) -> OpenedCase:
    return book.open_case(an_alert_of(NEW + number, 4 * NEW + number))


def is_known(book: CaseBook, number: int) -> OpenedCase:
    return book.open_case(an_alert(number + 1))


ALERTS: dict[str, tuple[Callable[[CaseBook, int], OpenedCase], tuple[bool, bool]]] = {
    "opens a case": (opens, (True, False)),
    "opens a case beside many closed ones": (opens_beside_many, (True, False)),
    "joins a case that waits": (joins_a_waiting, (False, True)),
    "is known": (is_known, (False, False)),
}
"""What an alert does, and what comes of it."""


class Cost:
    """What an alert costs: instructions of SQLite's machine, statements, and how each of them finds its rows."""

    def __init__(self, path: Path, send: Callable[[CaseBook, int], OpenedCase], came: tuple[bool, bool], first: int):
        engine = open_engine(f"sqlite:///{path}")
        book, self.steps = joining(engine), 0
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
        send(book, first)  # what is prepared once does not count
        driver.set_progress_handler(self._take, 10)
        with recorded(engine) as statements:
            opened = send(book, first + 1)
        driver.set_progress_handler(None, 0)
        self.statements = len(statements)
        self.plans = plans(engine, statements)
        engine.dispose()
        assert (opened.created, opened.joined) == came

    def _take(self) -> None:
        self.steps += 10


@pytest.mark.parametrize("name", ALERTS)
def test_alert_costs_as_much_in_tenfold_casebook(casebooks: dict[int, Path], name: str) -> None:
    few, many = (Cost(path, *ALERTS[name], first=2) for path in casebooks.values())
    assert many.statements == few.statements
    assert many.steps < 1.5 * few.steps, (few.steps, many.steps)
    assert many.steps > 0
    assert [step for step in many.plans if step.startswith("SCAN") and "CONSTANT" not in step] == []


@only_on("sqlite")
def test_overtaken_cases_are_found_without_a_scan(engine: Engine) -> None:
    book = joining(engine)
    with recorded(engine) as statements:
        book.overtaken_cases()
    steps = plans(engine, statements)
    assert steps
    assert all(step.startswith("SEARCH") for step in steps), steps
