"""A casebook on a database server: what is said of it when it is not there, and that its log can be followed."""

import threading
import time

import pytest
from sqlalchemy import text

from casebook.database.engine import for_writing, open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import (
    CasebookForeign,
    CasebookMissing,
    CasebookRefused,
    CasebookUnavailable,
    CasebookUrlInvalid,
)
from casebook.workspace_api import WorkspaceApi
from tests.support.casebooks import CaseBook
from tests.support.ports import free_port
from tests.support.postgres import PASSWORD, QUOTED_PASSWORD, PostgresServer
from tests.unit.casebook.builders import (
    an_alert,
    ask,
    only_on,
    open_case,
)

WRITERS = 6
EACH = 25


def refusal(url: str) -> CasebookUnavailable:
    engine = open_engine(url)
    with pytest.raises(CasebookUnavailable) as refused:
        upgrade(engine)
    engine.dispose()
    said = refused.value.sentence
    assert PASSWORD not in said
    assert QUOTED_PASSWORD not in said
    assert "\n" not in said
    return refused.value


def test_wrong_password_is_refused_in_one_sentence(postgres: PostgresServer) -> None:
    refused = refusal(postgres.url("postgres", password="guessed"))
    assert type(refused) is CasebookRefused
    assert "refuses the user 'casewright': check the user and the password in CASEBOOK_URL." in refused.sentence
    assert "guessed" not in refused.sentence


def test_a_database_that_is_not_there_is_one_sentence(postgres: PostgresServer) -> None:
    missing = refusal(postgres.url("elsewhere"))
    assert type(missing) is CasebookMissing
    assert "create it, or name another in CASEBOOK_URL" in missing.sentence


def test_a_server_that_is_down_is_worth_waiting_for() -> None:
    down = refusal(f"postgresql://casewright:{QUOTED_PASSWORD}@127.0.0.1:{free_port()}/casebook")
    assert type(down) is CasebookUnavailable
    assert "cannot be reached" in down.sentence
    assert "Connection refused" in down.sentence


def test_tables_of_another_program_are_left_alone(postgres: PostgresServer) -> None:
    name = postgres.create_database()
    engine = open_engine(postgres.url(name))
    with for_writing(engine).begin() as connection:
        connection.execute(text('CREATE TABLE "case" (id integer)'))
    with pytest.raises(CasebookForeign):
        upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar_one() == 1
    engine.dispose()
    postgres.drop_database(name)


def test_a_casebook_outlives_a_restart_of_its_server(postgres: PostgresServer) -> None:
    name = postgres.create_database()
    engine = open_engine(postgres.url(name))
    upgrade(engine)
    book = CaseBook(Transactions(engine))
    case = open_case(book)

    postgres.stop()
    with pytest.raises(CasebookUnavailable, match="cannot be reached"):
        book.get_fraud_case(case)
    postgres.start()

    # The pool's connections are of the old server: none is used without a look at it.
    for _ in range(3):
        assert book.get_fraud_case(case).alert == an_alert()
    ask(book, case)
    engine.dispose()
    postgres.drop_database(name)


def test_transaction_cut_off_by_server_leaves_nothing(postgres: PostgresServer) -> None:
    name = postgres.create_database()
    engine = open_engine(postgres.url(name))
    upgrade(engine)
    book = CaseBook(Transactions(engine))
    case = open_case(book)
    before = book.last_seq()

    def be_cut_off() -> None:
        with book.transactions.write() as connection:
            connection.execute(text("UPDATE log_head SET last_seq = last_seq + 1"))
            postgres.stop()
            postgres.start()
            connection.execute(text("SELECT 1"))

    with pytest.raises(CasebookUnavailable, match="cannot be reached"):
        be_cut_off()

    assert book.last_seq() == before
    assert book.get_fraud_case(case).last_seq == before
    engine.dispose()
    postgres.drop_database(name)


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("postgresql://u:p@h/d", "postgresql"),
        ("postgres://u:p@h/d", "postgresql"),
        ("postgresql+psycopg://u:p@h/d", "postgresql"),
        ("cockroachdb://u:p@h:26257/d?sslmode=verify-full", "cockroachdb"),
        ("cockroachdb+psycopg://u:p@h:26257/d", "cockroachdb"),
    ],
)
def test_every_supported_server_has_a_url(url: str, dialect: str) -> None:
    engine = open_engine(url)
    assert (engine.dialect.name, engine.dialect.driver) == (dialect, "psycopg")
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@h:port/d",
        "postgresql:/u:hunter2@h",
        "u:hunter2@h/d",
        "mssql://u:hunter2@h/d",
        "hunter2",
        "postgresql://h/d?password=hunter2&port=abc",
        "postgresql://h/d?pasword=hunter2",
        "postgresql://u:p@hunter2@h/d",
        "sqlite:///d?timeout=hunter2",
    ],
)
def test_a_url_that_is_refused_gives_no_password_away(url: str) -> None:
    with pytest.raises(CasebookUrlInvalid) as refused:
        open_engine(url)
    assert "hunter2" not in str(refused.value)


@only_on("postgresql")
def test_log_reader_never_finds_smaller_seq_later(book: CaseBook, url: str) -> None:
    """Writers commit as they please, each at its own pace; whoever follows the log sees every event once, in order."""
    cases = [open_case(book, number) for number in range(1, WRITERS + 1)]
    started = book.last_seq()
    done = threading.Event()
    failures: list[BaseException] = []

    def write(number: int) -> None:
        engine = open_engine(url)
        workspace = WorkspaceApi(transactions := Transactions(engine))
        try:
            for step in range(EACH):
                workspace.add_note(cases[number], "ana", f"Note {step}.")
                with transactions.write() as connection:
                    # One that holds the head of the log for a while, and one that gives its number back.
                    connection.execute(text("UPDATE log_head SET last_seq = last_seq + 1"))
                    time.sleep(0.002 * (number % 3))
                    connection.rollback()
        except BaseException as failure:
            failures.append(failure)
        engine.dispose()

    def follow() -> list[int]:
        seen: list[int] = []
        at = started
        while True:
            is_last = done.is_set()
            events = book.events_after(at, limit=7)
            seen += [event.seq for event in events]
            at = seen[-1] if seen else at
            if is_last and not events:
                return seen

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    seen: list[int] = []
    tailer = threading.Thread(target=lambda: seen.extend(follow()))
    tailer.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    tailer.join()

    assert failures == []
    assert seen == list(range(started + 1, started + 1 + WRITERS * EACH))
    assert book.verify_case_log() is None
