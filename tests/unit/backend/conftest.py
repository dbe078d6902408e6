import shutil
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from backend.live.broadcast import Broadcast
from backend.services import customer_store, readiness
from backend.wiring import Wiring, wire
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from tests.support.casebooks import CaseBook
from tests.support.stack import free_ports
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import CONFIG, FOR_EVER, SIGN_IN, RunningBackend, answering, task_hub


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no outage: on one, even a free thread or a new process takes seconds to answer."""
    monkeypatch.setattr(readiness, "ANSWER_TIMEOUT_S", 60.0)
    monkeypatch.setattr(customer_store, "TIMEOUT_S", 60.0)


@pytest.fixture(scope="session")
def empty_casebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("casebook") / "empty.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def engine(tmp_path: Path, empty_casebook: Path) -> Generator[Engine]:
    path = tmp_path / "casebook.db"
    shutil.copyfile(empty_casebook, path)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def book(engine: Engine) -> CaseBook:
    return CaseBook(Transactions(engine))


@pytest.fixture
def scheduler() -> FakeScheduler:
    return FakeScheduler()


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def hub(port: int) -> Generator[str]:
    with task_hub(port) as address:
        yield address


@pytest.fixture
def wiring(book: CaseBook, scheduler: FakeScheduler) -> Wiring:
    return wire(book, scheduler, SIGN_IN, Broadcast(), CONFIG, kept_for=FOR_EVER)


@pytest.fixture
async def client(wiring: Wiring) -> AsyncGenerator[httpx.AsyncClient]:
    async with answering(wiring) as opened:
        yield opened


@pytest.fixture
def backend(book: CaseBook, scheduler: FakeScheduler) -> Generator[RunningBackend]:
    running = RunningBackend(book, scheduler)
    running.start()
    yield running
    running.stop()
