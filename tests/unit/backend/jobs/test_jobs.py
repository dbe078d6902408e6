"""Jobs do once a day what schedules do, and say what they did."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from backend.jobs.main import main
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.schedules_api import SchedulesApi
from contracts.schedules import RESET_COUNTS
from tests.support.casebooks import CaseBook

TODAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays today: a job that runs twice may run before and after midnight otherwise."""

    def transactions(engine: Engine) -> Transactions:
        return Transactions(engine, lambda: TODAY)

    monkeypatch.setattr("backend.jobs.main.Transactions", transactions)


@pytest.fixture(autouse=True)
def own_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' logging stays as it is."""

    def set_up(*_: str) -> None:
        pass

    monkeypatch.setattr("backend.jobs.main.set_up_logging", set_up)


@pytest.fixture
def schedules(book: CaseBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SchedulesApi:
    monkeypatch.setenv("CASEBOOK_URL", f"sqlite:///{tmp_path / 'casebook.db'}")
    with book.transactions.read() as connection:
        begun = SchedulesApi(Transactions(connection.engine, lambda: YESTERDAY))
    begun.begin(RESET_COUNTS)
    return begun


def test_job_resets_once_a_day(schedules: SchedulesApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert [main([RESET_COUNTS]) for _ in range(2)] == [0, 0]
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "The message counts of all users are 0.",
        "Nothing was done: the counts were reset today already, or are counted since today.",
    ]
    (schedule,) = schedules.list_schedules().items
    assert schedule.last_run_by == "job"


def test_job_looks_up_only_its_own_secret(
    schedules: SchedulesApi, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRANT_KEY_FILE", "/nowhere/grants.pem")
    with caplog.at_level(logging.INFO, "casewright.settings"):
        assert main([RESET_COUNTS]) == 0
    assert schedules.list_schedules().items[0].last_run_by == "job"
    assert caplog.messages == ["Secrets and where they came from: CASEBOOK_URL: environment."]


def test_job_of_a_paused_schedule_does_nothing(schedules: SchedulesApi, capsys: pytest.CaptureFixture[str]) -> None:
    schedules.pause(RESET_COUNTS, "maria")
    assert main([RESET_COUNTS]) == 0
    assert capsys.readouterr().out == "Nothing was done: the schedule is paused.\n"


def test_job_makes_a_casebook_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASEBOOK_URL", f"sqlite:///{tmp_path / 'new.db'}")
    assert main([RESET_COUNTS]) == 0
    assert capsys.readouterr().out.startswith("Nothing was done")
    engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM schedule_run")).scalar_one() == 0
    engine.dispose()


def test_job_that_cannot_work_says_why(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CASEBOOK_URL", "mysql://nowhere/x")
    assert main([RESET_COUNTS]) == 1
    assert capsys.readouterr().err.startswith("jobs: ")


@pytest.mark.parametrize("arguments", [[], ["tidy-up"]])
def test_unknown_job_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
