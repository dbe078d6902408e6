"""A worker that has another casebook than the backend says so and takes no work."""

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.relay_api import RelayApi
from tests.support.alerts import foreign_login
from tests.support.casebooks import CaseBook, freeze
from tests.support.postgres import PostgresServer
from tests.support.stack import LocalStack
from tests.unit.worker.support.process import WorkerProcess, environment


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[tuple[str, str]]:
    """The casebook of the stack, and that of the stray worker."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'right.db'}", f"sqlite:///{tmp_path / 'wrong.db'}"
        return
    with PostgresServer() as server:
        yield server.url(server.create_database()), server.url(server.create_database())


def casebook_id(url: str) -> str:
    engine = open_engine(url)
    try:
        return RelayApi(Transactions(engine)).identity()
    finally:
        engine.dispose()


def cases_in(url: str) -> int:
    engine = open_engine(url)
    try:
        return len(CaseBook(Transactions(engine)).list_cases().items)
    finally:
        engine.dispose()


def test_stray_worker_leaves_the_work_to_the_right_one(urls: tuple[str, str], tmp_path: Path) -> None:
    right, wrong = urls
    with LocalStack(tmp_path / "data", "--no-simulator", env={"CASEBOOK_URL": right}) as stack:
        scheduler, model = stack.env["SCHEDULER_PORT"], f"{stack.model_url}/v1"
        env = environment(tmp_path, stack.mcp_url, int(scheduler), OPENAI_BASE_URL=model, CASEBOOK_URL=wrong)
        # The stray worker is the only one that can take the case.
        freeze(stack.pid("worker"), right)
        case = stack.start_case(foreign_login(stack.customer("account_takeover")))
        key = {"MCP_CALLER_KEY_FILE": str(stack.data / "keys" / "worker.pem")}
        stray = WorkerProcess(env | key | {"OPENAI_MODEL": "casewright-rules-1"})
        try:
            said = stray.says("another casebook")
            assert (
                f"Waiting for the task hub at default of http://127.0.0.1:{scheduler}: it holds the work of another "
                f"casebook ({casebook_id(right)}) than this worker's ({casebook_id(wrong)}); no work is taken: "
                "set CASEBOOK_URL to the backend's casebook, or DTS_TASKHUB to this one's hub"
            ) in said
            os.kill(stack.pid("worker"), signal.SIGCONT)
            stack.wait_for_case(case, lambda view: view.state == "awaiting_review")
            assert not (tmp_path / "ready").exists()
            stray.signal(signal.SIGTERM)
            assert stray.exit_code() == 0
        finally:
            stray.close()
        assert "Taking work" not in stray.output
        assert case not in stray.output
    assert cases_in(wrong) == 0
