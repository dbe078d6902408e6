"""What only the SQLite store must prove: its file is made once and whole, outlives crashes; bad files are refused."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from mcp_server.records.bundle import Dataset
from mcp_server.records.effect import LockResult
from mcp_server.store.errors import LockNotActive, StoreUnavailable, StoreUnusable
from mcp_server.store.sqlite.database import Database
from mcp_server.store.sqlite.store import SqliteCustomerStore
from tests.unit.mcp_server.support import NOW, ROOT

OPEN = """
import os, sys
from datetime import datetime
from pathlib import Path
from mcp_server.contoso.generator import generate
from mcp_server.store.sqlite import initial_data
from mcp_server.store.sqlite.database import Database
from mcp_server.store.sqlite.store import SqliteCustomerStore
path, as_of = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
def dataset():
    return generate(7, as_of)
def die():
    os.kill(os.getpid(), 9)
"""
OPEN_AND_TELL = OPEN + "print(SqliteCustomerStore(path, dataset).as_of().isoformat())"
DIE_BEFORE_THE_SEED_IS_COMMITTED = (
    OPEN + "Database(path, lambda connection: (initial_data.fill(connection, dataset()), die()))"
)
DIE_AFTER_THE_COMMIT = (
    OPEN
    + """
store = SqliteCustomerStore(path, dataset, after_commit=die)
store.refund_charges(12, ["ch-0012-001"], "Reason.", "key")
"""
)
DIE_BEFORE_THE_COMMIT = DIE_AFTER_THE_COMMIT.replace("after_commit", "before_commit")
ONE_MINUTE_LATER = "2026-03-15T12:01:00+00:00"


def child(program: str, path: Path, as_of: str = "2026-03-15T12:00:00+00:00") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(path), as_of], cwd=ROOT, text=True, stdout=subprocess.PIPE
    )


def end_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=60)
    return process.returncode, said.strip()


def no_dataset() -> Dataset:
    raise AssertionError("The store exists: nothing may be generated.")


def test_a_store_and_its_folder_are_made_when_absent(tmp_path: Path, dataset: Dataset) -> None:
    path = tmp_path / "new" / "folder" / "customers.db"

    with closing(SqliteCustomerStore(path, lambda: dataset)) as store:
        assert store.customer(250).customer_id == 250


def test_an_existing_store_is_used_as_it_is(store_path: Path) -> None:
    with closing(SqliteCustomerStore(store_path, no_dataset)) as store:
        assert store.lock_account(5, "Reason.", "key").status == "locked"
    with closing(SqliteCustomerStore(store_path, no_dataset)) as store:
        assert store.customer(5).status == "locked"


@pytest.mark.integration
def test_store_half_made_at_a_crash_is_recreated(tmp_path: Path) -> None:
    path = tmp_path / "customers.db"

    assert end_of(child(DIE_BEFORE_THE_SEED_IS_COMMITTED, path))[0] == -signal.SIGKILL
    assert end_of(child(OPEN_AND_TELL, path, ONE_MINUTE_LATER)) == (0, ONE_MINUTE_LATER)


@pytest.mark.integration
def test_processes_that_start_together_make_one_store(tmp_path: Path) -> None:
    path = tmp_path / "customers.db"
    children = [child(OPEN_AND_TELL, path, f"2026-03-15T12:0{number}:00+00:00") for number in range(3)]

    ends = [end_of(process) for process in children]

    assert [code for code, _ in ends] == [0, 0, 0]
    assert len({as_of for _, as_of in ends}) == 1


@pytest.mark.integration
def test_retry_after_kill_behind_commit_returns_first_result(store_path: Path) -> None:
    assert end_of(child(DIE_AFTER_THE_COMMIT, store_path))[0] == -signal.SIGKILL

    with closing(SqliteCustomerStore(store_path, no_dataset, clock=lambda: NOW)) as store:
        row = store.effect("key")
        again = store.refund_charges(12, ["ch-0012-001"], "Reason.", "key")

        assert row is not None
        assert again.replayed
        assert again.model_dump(mode="json") == row.result | {"replayed": True}
        refunded = [charge.charge_id for charge in store.charges(12, 200) if charge.status == "refunded"]
        assert refunded == ["ch-0012-001"]


@pytest.mark.integration
def test_kill_before_commit_leaves_neither_effect_nor_ledger_row(store_path: Path) -> None:
    assert end_of(child(DIE_BEFORE_THE_COMMIT, store_path))[0] == -signal.SIGKILL

    with closing(SqliteCustomerStore(store_path, no_dataset)) as store:
        assert store.effect("key") is None
        assert {charge.status for charge in store.charges(12, 200)} == {"posted"}
        assert not store.refund_charges(12, ["ch-0012-001"], "Reason.", "key").replayed


def test_two_stores_on_one_file_share_one_ledger(store_path: Path) -> None:
    def lock(store: SqliteCustomerStore) -> LockResult:
        return store.lock_account(5, "Reason.", "key")

    with (
        closing(SqliteCustomerStore(store_path, no_dataset)) as one,
        closing(SqliteCustomerStore(store_path, no_dataset)) as other,
        ThreadPoolExecutor(8) as callers,
    ):
        results = list(callers.map(lock, [one, other] * 4))

    assert sorted(result.replayed for result in results) == [False] + [True] * 7


def test_nothing_is_done_in_file_that_was_taken_away(store_path: Path, tmp_path: Path) -> None:
    aside = tmp_path / "aside.db"
    with closing(SqliteCustomerStore(store_path, no_dataset)) as store:
        store.lock_account(230, "Reason.", "before")
        store_path.rename(aside)
        with pytest.raises(StoreUnavailable) as refused:
            store.lock_account(231, "Reason.", "meanwhile")
        assert not store_path.exists()
        aside.rename(store_path)
        store.lock_account(232, "Reason.", "after")

        assert [store.effect(key) is not None for key in ("before", "meanwhile", "after")] == [True, False, True]
    assert "its file was taken away: put it back, or start the tool server anew" in str(refused.value)


def test_the_ledger_cannot_be_changed_or_shortened(store_path: Path) -> None:
    with closing(SqliteCustomerStore(store_path, no_dataset)) as store:
        store.lock_account(5, "Reason.", "key")
    with closing(sqlite3.connect(store_path)) as connection:
        for statement in ("UPDATE effect SET action = 'nothing'", "DELETE FROM effect"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)


def test_commits_are_synced_to_a_write_ahead_log(store_path: Path) -> None:
    with closing(Database(store_path, lambda _: None)) as database, database.read() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def refusal(path: Path) -> str:
    with pytest.raises(StoreUnusable) as refused:
        SqliteCustomerStore(path, no_dataset)
    return str(refused.value)


def test_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes. " * 100)
    path.chmod(0o644)

    assert (
        refusal(path)
        == f"{path} is not a customer store and is left as it is: set CUSTOMER_STORE_PATH to another file."
    )
    assert path.read_text().startswith("These are my notes.")
    assert path.stat().st_mode & 0o777 == 0o644


def test_store_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "customers.db"
    with closing(Database(path, lambda _: None)):
        path.chmod(0o644)
    with closing(Database(path, lambda _: None)):
        assert path.stat().st_mode & 0o777 == 0o600


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE something (else_ TEXT)")

    assert refusal(path).startswith(f"{path} is not a customer store and is left as it is: ")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("something",)]


def test_a_store_of_another_schema_version_is_refused(store_path: Path) -> None:
    with closing(sqlite3.connect(store_path)) as connection:
        connection.execute("PRAGMA user_version = 99")

    assert "has schema version 99 and this program needs 3: use the release" in refusal(store_path)


def test_recorded_lock_outlasts_the_lock_of_a_case(tmp_path: Path, dataset: Dataset) -> None:
    seventh = next(records for records in dataset.customers if records.customer.customer_id == 7)
    locked = seventh.customer.model_copy(
        update={"status": "locked", "locked_at": NOW, "lock_reason": "The records say so."}
    )
    records = seventh.model_copy(update={"customer": locked})
    only = dataset.model_copy(update={"customers": (records,)})

    with closing(SqliteCustomerStore(tmp_path / "customers.db", lambda: only)) as store:
        with pytest.raises(LockNotActive):
            store.unlock_account(7, "No.", "back of nobody's", "case-1:lock_account:7")
        store.lock_account(7, "case-1: takeover", "own")
        left = store.unlock_account(7, "No.", "back of own", "own")

    assert left.status == "locked"
    assert [lock.reason for lock in left.still_locked_by] == ["The records say so."]


def test_repeated_unlocking_answers_its_first_result(store_path: Path) -> None:
    with closing(SqliteCustomerStore(store_path, no_dataset)) as store:
        store.lock_account(5, "Reason.", "lock")
        first = store.unlock_account(5, "No.", "unlock")

        assert store.unlock_account(5, "No.", "unlock", "lock") == first.model_copy(update={"replayed": True})


def test_a_cut_off_store_is_refused(store_path: Path) -> None:
    os.truncate(store_path, 10_000)

    assert str(store_path) in refusal(store_path)


@pytest.mark.parametrize("place", ["a file/customers.db", "a folder"])
def test_unwritable_path_is_refused_in_one_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").write_text("")
    (tmp_path / "a folder").mkdir()

    sentence = refusal(tmp_path / place)

    assert sentence.startswith(f"The customer store {tmp_path / place} cannot be opened for writing (")
    assert "\n" not in sentence
