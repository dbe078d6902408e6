"""The whole product with its case record on PostgreSQL."""

from collections.abc import Generator
from pathlib import Path

import pytest

from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from contracts.case import CaseSummary
from tests.support.alerts import foreign_login
from tests.support.casebooks import CaseBook
from tests.support.postgres import PASSWORD, QUOTED_PASSWORD, PostgresServer
from tests.support.stack import LocalStack


@pytest.fixture(scope="module")
def server() -> Generator[PostgresServer]:
    with PostgresServer() as running:
        yield running


def test_case_runs_to_its_outcome_despite_a_server_restart(server: PostgresServer, tmp_path: Path) -> None:
    url = server.url(server.create_database())
    with LocalStack(tmp_path / "data", "--no-simulator", env={"CASEBOOK_URL": url}) as stack:
        case_id = stack.start_case(foreign_login(stack.customer("account_takeover")))
        asked = stack.wait_for_case(case_id, lambda view: view.state == "awaiting_review")

        handed = stack.http.post("/api/cases/next")
        assert handed.status_code == 200, handed.text
        assert CaseSummary.model_validate_json(handed.content).case_id == case_id
        assert stack.http.post("/api/cases/next").status_code == 204
        noted = stack.http.post(f"/api/cases/{case_id}/notes", json={"text": "Rang: never left Norway."})
        assert noted.status_code == 201, noted.text
        found = stack.http.get("/api/cases", params={"q": "norway", "sort": "due"}).json()["items"]
        assert [case["case_id"] for case in found] == [case_id]

        server.stop()
        answer = stack.http.get(f"/api/cases/{case_id}")
        assert (answer.status_code, answer.json()["id"]) == (503, "casebook-unavailable")
        server.start()

        decided = stack.decide(asked, "approve", action="lock_account")
        assert decided.status_code == 202, decided.text
        closed = stack.wait_for_case(case_id, lambda view: view.state == "closed")
        assert closed.outcome == "account_locked"
        assert [effect.status for effect in closed.effects] == ["done"]
        said = "\n".join(stack.lines)
        assert PASSWORD not in said
        assert QUOTED_PASSWORD not in said
    assert not (tmp_path / "data" / "casebook.db").exists()
    engine = open_engine(url)
    assert CaseBook(Transactions(engine)).verify_case_log() is None
    engine.dispose()


def test_stack_with_wrong_password_says_so_and_ends(server: PostgresServer, tmp_path: Path) -> None:
    url = server.url("postgres", password="guessed")
    with (
        pytest.raises(AssertionError, match="check the user and the password in CASEBOOK_URL"),
        LocalStack(tmp_path / "data", "--no-simulator", env={"CASEBOOK_URL": url}),
    ):
        pass
