"""Every test of the casebook runs on SQLite and on a real PostgreSQL server, unless it says otherwise."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.workspace_api import WorkspaceApi
from tests.support.casebooks import CaseBook
from tests.support.postgres import TEMPLATE, PostgresServer
from tests.unit.casebook.builders import SteppingClock


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """A server with an upgraded casebook to copy: migrating takes most of a test's time."""
    with PostgresServer() as server:
        fresh = server.create_database()
        engine = open_engine(server.url(fresh))
        upgrade(engine)
        engine.dispose()
        server.rename_database(fresh, TEMPLATE)
        yield server


@pytest.fixture(scope="session")
def empty_casebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A freshly upgraded file. Tests that only need one copy it."""
    path = tmp_path_factory.mktemp("casebook") / "empty.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Which kind of database. A test that is about one kind asks for it: `@only_on("sqlite")`."""
    return request.param


@pytest.fixture
def url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Generator[str]:
    """Where there is no casebook yet."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path / 'state' / 'casebook.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    # What needs a casebook at once gets a copy of one; else the database is empty.
    name = server.create_database(TEMPLATE if "engine" in request.fixturenames else None)
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def engine(database: str, url: str, request: pytest.FixtureRequest) -> Generator[Engine]:
    opened = open_engine(url)
    if database == "sqlite":
        assert opened.url.database is not None
        shutil.copyfile(request.getfixturevalue("empty_casebook"), opened.url.database)
    yield opened
    opened.dispose()


@pytest.fixture
def book(engine: Engine) -> CaseBook:
    return CaseBook(Transactions(engine, SteppingClock()))


@pytest.fixture
def workspace(book: CaseBook) -> WorkspaceApi:
    return WorkspaceApi(book.transactions)
