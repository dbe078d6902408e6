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


class Templates:
    """Casebooks to copy: making one takes most of a test's time. `new` makes a place for one, `url` is its address."""

    def __init__(self, new: Callable[[], str], url: Callable[[str], str]) -> None:
        self._new = new
        self._url = url
        self._made: dict[Fill | None, str] = {}

    def get(self, fill: Fill | None) -> str:
        """The place of the casebook that `fill` has written into."""
        if fill not in self._made:
            place = self._new()
            engine = open_engine(self._url(place))
            upgrade(engine)
            if fill is not None:
                fill(CaseBook(Transactions(engine, SteppingClock())))
            engine.dispose()
            self._made[fill] = place
        return self._made[fill]


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_templates(postgres: PostgresServer) -> Templates:
    return Templates(postgres.create_database, postgres.url)


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(lambda: str(tmp_path_factory.mktemp("casebook") / "casebook.db"), "sqlite:///{}".format)


@pytest.fixture(scope="session")
def empty_casebook(sqlite_templates: Templates) -> Path:
    """A freshly upgraded file. Tests that only need one copy it."""
    return Path(sqlite_templates.get(None))


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
