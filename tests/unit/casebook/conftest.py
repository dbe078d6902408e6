import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from casebook.engine import open_engine, upgrade
from casebook.repository import CaseBook
from casebook.transactions import Transactions
from tests.unit.casebook.builders import SteppingClock


@pytest.fixture(scope="session")
def empty_casebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A freshly upgraded file. Tests that only need one copy it: migrating takes most of their time."""
    path = tmp_path_factory.mktemp("casebook") / "empty.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state' / 'casebook.db'}"


@pytest.fixture
def engine(url: str, empty_casebook: Path) -> Generator[Engine]:
    opened = open_engine(url)
    assert opened.url.database is not None
    shutil.copyfile(empty_casebook, opened.url.database)
    yield opened
    opened.dispose()


@pytest.fixture
def book(engine: Engine) -> CaseBook:
    return CaseBook(Transactions(engine, SteppingClock()))
