"""Every test of the casebook runs on SQLite and on a real PostgreSQL server, unless it says otherwise."""

import shutil
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.workspace_api import WorkspaceApi
from contracts.ids import case_id
from tests.support.casebooks import CaseBook
from tests.support.postgres import PostgresServer
from tests.unit.casebook.builders import NOON, SteppingClock, an_alert
from tests.unit.casebook.story import tell

Fill = Callable[[CaseBook], None]
"""Writes into an empty casebook what many tests begin with."""


def fill_casebook(url: str, fill: Fill | None) -> None:
    """Make a casebook there, and let `fill` write into it."""
    engine = open_engine(url)
    upgrade(engine)
    if fill is not None:
        fill(CaseBook(Transactions(engine, SteppingClock())))
    engine.dispose()


class SqliteTemplates:
    """Casebooks to copy: making one takes most of a test's time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[Fill | None, Path] = {}

    def get(self, fill: Fill | None) -> Path:
        """The file that `fill` has written into."""
        if fill not in self._made:
            path = self._folder / f"{len(self._made)}.db"
            fill_casebook(f"sqlite:///{path}", fill)
            self._made[fill] = path
        return self._made[fill]


class PostgresTemplates:
    """As `SqliteTemplates`, on a server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._made: dict[Fill | None, str] = {}

    def get(self, fill: Fill | None) -> str:
        """The database that `fill` has written into."""
        if fill not in self._made:
            name = self._server.create_database()
            fill_casebook(self._server.url(name), fill)
            self._made[fill] = name
        return self._made[fill]


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_templates(postgres: PostgresServer) -> PostgresTemplates:
    return PostgresTemplates(postgres)


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplates:
    return SqliteTemplates(tmp_path_factory.mktemp("casebook"))


@pytest.fixture(scope="session")
def empty_casebook(sqlite_templates: SqliteTemplates) -> Path:
    """A freshly upgraded file. Tests that only need one copy it."""
    return sqlite_templates.get(None)


def story(book: CaseBook) -> None:
    """Of three cases, with something in every table."""
    tell(book, WorkspaceApi(book.transactions))


@pytest.fixture
def fill(request: pytest.FixtureRequest) -> Fill | None:
    """What is in the casebook that a test begins with: nothing, unless it asks for the `case` of the story."""
    return story if "case" in request.fixturenames else None


@pytest.fixture
def case(engine: Engine) -> str:
    """The first case of the story, with which the casebook of this test begins."""
    return case_id(an_alert(1).alert_id)


@pytest.fixture
def clock(fill: Fill | None) -> SteppingClock:
    """What a test does comes after what its casebook begins with."""
    return SteppingClock(NOON if fill is None else NOON + timedelta(weeks=1))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Which kind of database. A test that is about one kind asks for it: `@only_on("sqlite")`."""
    return request.param


@pytest.fixture
def url(database: str, tmp_path: Path, fill: Fill | None, request: pytest.FixtureRequest) -> Generator[str]:
    """Where there is no casebook yet."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path / 'state' / 'casebook.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    # What needs a casebook at once gets a copy of one; else the database is empty.
    copied = "engine" in request.fixturenames
    name = server.create_database(request.getfixturevalue("postgres_templates").get(fill) if copied else None)
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def engine(database: str, url: str, fill: Fill | None, request: pytest.FixtureRequest) -> Generator[Engine]:
    opened = open_engine(url)
    if database == "sqlite":
        assert opened.url.database is not None
        shutil.copyfile(request.getfixturevalue("sqlite_templates").get(fill), opened.url.database)
    yield opened
    opened.dispose()


@pytest.fixture
def book(engine: Engine, clock: SteppingClock) -> CaseBook:
    return CaseBook(Transactions(engine, clock))


@pytest.fixture
def workspace(book: CaseBook) -> WorkspaceApi:
    return WorkspaceApi(book.transactions)
