"""Opening and upgrading: together, twice, and on what is no casebook."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable

from casebook.database.driver_errors import translate_driver_errors
from casebook.database.engine import APPLICATION_ID, VERSION_TABLE, for_writing, open_engine, require_current, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import (
    CasebookCorrupt,
    CasebookEmpty,
    CasebookForeign,
    CasebookNewer,
    CasebookUnavailable,
    CasebookUnwritable,
    CasebookUrlInvalid,
)
from casebook.schema.base import Base
from contracts.journal import JournalEntry
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    an_alert,
    begin,
    only_on,
    open_case,
)

ROOT = Path(__file__).resolve().parents[3]


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def pragma(url: str, name: str) -> object:
    engine = open_engine(url)
    with engine.connect() as connection:
        value = connection.execute(text(f"PRAGMA {name}")).scalar_one()
    engine.dispose()
    return value


def test_a_new_casebook_is_created_with_its_folder(tmp_path: Path):
    path = tmp_path / "new" / "100% new" / "casebook.db"
    engine = open_engine(url_of(path))
    upgrade(engine)

    assert CaseBook(Transactions(engine)).last_seq() == 0
    assert path.is_file()
    engine.dispose()


@only_on("sqlite")
def test_a_casebook_is_durable_and_keeps_its_references(book: CaseBook, url: str):
    assert pragma(url, "journal_mode") == "wal"
    assert pragma(url, "synchronous") == 2  # FULL
    assert pragma(url, "foreign_keys") == 1
    assert pragma(url, "busy_timeout") == 30_000
    assert pragma(url, "application_id") == APPLICATION_ID


def test_upgrading_again_keeps_everything(url: str, book: CaseBook):
    case = open_case(book)
    engine = open_engine(url)

    upgrade(engine)

    assert CaseBook(Transactions(engine)).get_fraud_case(case).alert == an_alert()
    engine.dispose()


GENERATED = {"words", "due_ascending", "due_descending", "score_ascending", "score_descending"}


def not_generated(name: str | None, *_: object) -> bool:
    return not (name or "").startswith(("case_fts", "ix_case_text", "ix_case_by_"))


def test_migrations_build_exactly_the_declared_tables(url: str, book: CaseBook):
    engine = open_engine(url)
    with engine.connect() as connection:
        options: dict[str, Any] = {
            "version_table": VERSION_TABLE,
            "compare_server_default": True,
            # What the databases keep for themselves to search and sort by is no business of the code.
            "include_name": not_generated,
            "include_object": lambda _object, name, *_: name not in GENERATED,  # pyright: ignore[reportUnknownLambdaType]
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_tables_compile_for_postgresql():
    dialect = postgresql.dialect()
    for table in Base.metadata.sorted_tables:
        assert f"CREATE TABLE {dialect.identifier_preparer.quote(table.name)}" in str(
            CreateTable(table).compile(dialect=dialect)
        )
        for index in table.indexes:
            assert "CREATE" in str(CreateIndex(index).compile(dialect=dialect))


def test_threads_that_start_together_all_find_the_current_schema(url: str):
    together = threading.Barrier(4)
    failures: list[BaseException] = []

    def start(number: int) -> None:
        engine = open_engine(url)
        together.wait()
        try:
            upgrade(engine)
            open_case(CaseBook(Transactions(engine)), number)
        except BaseException as failure:
            failures.append(failure)
        engine.dispose()

    threads = [threading.Thread(target=start, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    engine = open_engine(url)
    assert len(CaseBook(Transactions(engine)).list_cases().items) == 4
    engine.dispose()


@pytest.mark.integration
def test_processes_that_start_together_all_find_the_current_schema(url: str):
    program = (
        "import sys\n"
        "from casebook.database.engine import open_engine, upgrade\n"
        "from tests.support.casebooks import CaseBook\n"
        "from casebook.database.transactions import Transactions\n"
        "import alembic.command\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "engine = open_engine(sys.argv[1])\n"
        "upgrade(engine)\n"
        "print(CaseBook(Transactions(engine)).last_seq(), flush=True)\n"
        "engine.dispose()\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in ("worker", "backend")
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    results = [process.communicate(timeout=300) for process in processes]

    assert [(out, err) for out, err in results] == [("0\n", "")] * 2


def test_a_writer_waits_for_the_one_before_it(url: str, book: CaseBook):
    case = open_case(book)
    other = open_engine(url)
    finished = threading.Event()

    def write() -> None:
        begin(book, case)
        finished.set()

    thread = threading.Thread(target=write)
    with for_writing(other).begin() as connection:
        connection.execute(text("UPDATE log_head SET last_seq = last_seq"))
        thread.start()
        assert not finished.wait(0.2)
        assert book.get_fraud_case(case).state == "investigating"  # a reader does not wait
    assert finished.wait(60)
    thread.join()
    other.dispose()


def test_readers_then_writers_in_threads_never_hit_a_lock(url: str, book: CaseBook):
    case = open_case(book)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(5):
                book.save_journal(case, [JournalEntry(f"r{number}-aggregator-m{step}", "{}")])
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(book.start_assessment(case, 7).journal) == 5


def test_newer_casebook_is_refused_and_left_unchanged(url: str, book: CaseBook):
    engine = open_engine(url)
    with for_writing(engine).begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))

    with pytest.raises(CasebookNewer, match=r"another release \(schema '9999'\)"):
        upgrade(engine)

    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one() == "9999"
    engine.dispose()


@pytest.mark.parametrize("application_id", [0, 7])
def test_foreign_database_is_refused_and_left_unchanged(tmp_path: Path, application_id: int):
    path = tmp_path / "customers.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY)")
        connection.execute(f"PRAGMA application_id = {application_id}")
    connection.close()
    path.chmod(0o644)
    before = path.read_bytes()
    engine = open_engine(url_of(path))

    with pytest.raises(CasebookForeign, match="database of another program"):
        upgrade(engine)

    engine.dispose()
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o644


def test_casebook_that_others_may_read_is_closed_to_them(tmp_path: Path):
    path = tmp_path / "casebook.db"
    path.touch(0o644)
    engine = open_engine(url_of(path))
    upgrade(engine)
    engine.dispose()
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_empty_file_is_called_empty(tmp_path: Path):
    path = tmp_path / "casebook.db"
    path.touch()
    engine = open_engine(url_of(path))

    with pytest.raises(CasebookEmpty) as refused:
        require_current(engine)

    engine.dispose()
    assert refused.value.sentence.startswith(f"'{path}' is empty: point CASEBOOK_URL at a casebook, restore it from")
    assert path.stat().st_size == 0


def test_file_that_is_no_database_is_left_unchanged(tmp_path: Path):
    path = tmp_path / "casebook.db"
    path.write_text("Dear diary,\n" * 500)
    before = path.read_bytes()
    engine = open_engine(url_of(path))

    with pytest.raises(CasebookCorrupt, match="is damaged or no database"):
        upgrade(engine)

    engine.dispose()
    assert path.read_bytes() == before


def test_a_damaged_casebook_is_named_as_such(tmp_path: Path):
    path = tmp_path / "casebook.db"
    engine = open_engine(url_of(path))
    upgrade(engine)
    engine.dispose()
    whole = bytearray(path.read_bytes())
    page = 4096
    assert len(whole) > 4 * page
    for start in range(100, len(whole), page):
        whole[start : start + 200] = b"\xff" * 200
    path.write_bytes(whole)

    with pytest.raises(CasebookCorrupt):
        upgrade(engine)
    engine.dispose()


def test_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(CasebookUnwritable, match="make the folder writable, or point CASEBOOK_URL elsewhere"):
        open_engine(url_of(tmp_path / "file" / "casebook.db"))


def test_folder_in_place_of_the_file_is_named(tmp_path: Path):
    (tmp_path / "casebook.db").mkdir()
    engine = open_engine(url_of(tmp_path / "casebook.db"))

    with pytest.raises(CasebookUnwritable, match="unable to open database file"):
        upgrade(engine)
    engine.dispose()


def test_a_read_only_casebook_is_named_with_the_remedy(tmp_path: Path):
    path = tmp_path / "casebook.db"
    engine = open_engine(url_of(path))
    upgrade(engine)
    engine.dispose()
    read_only = open_engine(f"sqlite:///file:{path}?mode=ro&uri=true")

    with pytest.raises(CasebookUnwritable, match="readonly database"):
        open_case(CaseBook(Transactions(read_only)))
    read_only.dispose()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "is no database URL"),
        ("casebook.db", "is no database URL"),
        ("sqlite+aiosqlite:///casebook.db", "must begin with sqlite:///"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite:///file:x?mode=memory&uri=true", "must name a file"),
        ("oracle9000://host/x", "driver for 'oracle9000'"),
    ],
)
def test_unusable_url_is_one_clear_sentence(url: str, sentence: str):
    with pytest.raises(CasebookUrlInvalid, match=sentence) as refused:
        open_engine(url)
    assert isinstance(refused.value, CasebookUnavailable)
    assert refused.value.status == 503


def test_casebook_never_upgraded_says_what_to_do(tmp_path: Path):
    engine = open_engine(url_of(tmp_path / "casebook.db"))
    with pytest.raises(CasebookUnavailable, match="has `upgrade` been run on it"):
        CaseBook(Transactions(engine)).last_seq()
    engine.dispose()


def test_unreachable_server_is_casebook_unavailable(engine: Engine):
    refused = OperationalError("SELECT 1", {}, ConnectionRefusedError("connection refused"))

    with (
        pytest.raises(CasebookUnavailable, match=r"cannot be reached \(connection refused\)"),
        translate_driver_errors(engine),
    ):
        raise refused


def test_violated_constraint_is_not_casebook_unavailable(engine: Engine):
    with (
        pytest.raises(IntegrityError, match=r"(?i)unique"),
        translate_driver_errors(engine),
        for_writing(engine).begin() as connection,
    ):
        connection.execute(text("INSERT INTO log_head (id, last_seq) VALUES (1, 0)"))


def test_an_operator_s_own_tools_can_read_the_file(url: str, book: CaseBook):
    open_case(book)
    plain = create_engine(url)
    with plain.connect() as connection:
        assert connection.execute(text('SELECT customer_id FROM "case"')).scalars().all() == [1]
    plain.dispose()
