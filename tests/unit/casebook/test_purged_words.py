"""Words of purged cases go out of SQLite's files: out of the tables, the full-text index and the write-ahead log."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from casebook import retention_api
from casebook.commands import purges
from casebook.commands.attachments import Upload
from casebook.database import transactions
from casebook.retention_api import RetentionApi
from casebook.workspace_api import WorkspaceApi
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import an_alert, only_on, open_case
from tests.unit.casebook.test_purges import KEPT, clear, cleared, grow_old

SECRET = "Zqxerxes"
"""A word that stands nowhere else."""


@pytest.fixture
def retention(book: CaseBook) -> RetentionApi:
    return RetentionApi(book.transactions)


@only_on("sqlite")
def test_log_in_use_is_emptied_later(book: CaseBook, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "WAL_TRIES", 2)
    retention = RetentionApi(book.transactions)
    cleared(book)
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM case_event")).scalar_one()
        book.add_note(cleared(book, 2), "ana", "Written meanwhile.")
        assert not retention.empty_log()
        assert retention.log_holds_erased()
    assert retention.empty_log()
    assert not retention.log_holds_erased()


@only_on("sqlite")
def test_log_is_emptied_between_the_reads_of_others(
    book: CaseBook, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as reading:
        reader = reading.enter_context(engine.connect())
        reader.execute(text("SELECT count(*) FROM case_event")).scalar_one()
        book.add_note(cleared(book), "ana", "Written meanwhile.")

        def end_reading(_: float) -> None:
            reading.close()

        monkeypatch.setattr(transactions.time, "sleep", end_reading)
        assert RetentionApi(book.transactions).empty_log()


@only_on("sqlite")
def test_file_holds_no_word_of_purged_case(
    book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi, engine: Engine
) -> None:
    alert = an_alert(1).model_copy(update={"description": f"{SECRET} was in Lisbon."})
    case = book.open_case(alert).case_id
    for number in range(2, 40):
        workspace.add_note(open_case(book, number), "ana", f"Case {number} is about nobody else.")
    for number in range(100):
        workspace.add_note(case, "ana", f"{SECRET} rang for the {number}th time.")
    workspace.add_attachment(case, "ana", Upload("call.txt", "text/plain", f"{SECRET}. ".encode() * 9_000))
    clear(book, case)
    grow_old(book)
    assert planted(engine)
    assert retention.purge_cases("fraud", KEPT).purged == 1
    assert not retention.forget_words()
    assert not planted(engine)
    assert book.verify_case_log() is None


def planted(engine: Engine) -> list[str]:
    """The files of the database that hold the secret, in whatever case."""
    assert engine.url.database is not None
    file = Path(engine.url.database)
    return [
        each.name for each in file.parent.glob(f"{file.name}*") if SECRET.lower().encode() in each.read_bytes().lower()
    ]


@only_on("sqlite")
def test_words_are_forgotten_a_part_at_a_time(
    book: CaseBook, workspace: WorkspaceApi, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purges, "MERGED_PAGES", 1)
    monkeypatch.setattr(retention_api, "MERGES_AT_ONCE", 2)
    case = open_case(book)
    workspace.add_note(case, "ana", SECRET)
    # What is merged is what stays.
    for number in range(2, 32):
        said = " ".join(f"word{number}x{word}" for word in range(200))
        workspace.add_note(open_case(book, number), "ana", said)
    clear(book, case)
    grow_old(book)
    assert RetentionApi(book.transactions).purge_cases("fraud", KEPT).purged == 1
    calls = 1
    # Each time another process goes on: the one before was killed.
    while RetentionApi(book.transactions).forget_words():
        calls += 1
        assert calls < 1_000, "it begins anew each time"
    assert calls > 2
    assert not planted(engine)
    assert not words_left(engine)


def words_left(engine: Engine) -> bool:
    with engine.connect() as connection:
        return purges.words_are_left(connection)


@only_on("sqlite")
def test_words_purged_during_a_merge_need_another(
    book: CaseBook, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    retention = RetentionApi(book.transactions)
    for number in (1, 2):
        cleared(book, number)
        if number == 1:
            grow_old(book)
            retention.purge_cases("fraud", KEPT)
            with monkeypatch.context() as patch:
                patch.setattr(retention_api, "MERGES_AT_ONCE", 1)
                assert retention.forget_words()
    grow_old(book)
    retention.purge_cases("fraud", KEPT)
    assert retention.forget_words()
    assert words_left(engine)
    assert not retention.forget_words()
    assert not words_left(engine)
