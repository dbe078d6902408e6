"""A real casebook with one open case, for the activities to write into."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from tests.support.casebooks import CaseBook
from tests.unit.worker.support.cases import an_alert


@pytest.fixture
def casebook(tmp_path: Path) -> Iterator[CaseBook]:
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    book = CaseBook(Transactions(engine))
    book.open_case(an_alert())
    yield book
    engine.dispose()
