"""A store that the release before made: it opens, and goes on under its own keys."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mcp_server.records.bundle import Dataset
from mcp_server.store.errors import ChargeAlreadyRefunded
from mcp_server.store.sqlite.database import SCHEMA_VERSION
from mcp_server.store.sqlite.store import SqliteCustomerStore
from mcp_server.tools.billing import BillingTools
from tests.unit.mcp_server.store.accounts import SOMEBODY

OF_THE_RELEASE_BEFORE = Path(__file__).with_name("schema_version_2.sql")


def no_dataset() -> Dataset:
    raise AssertionError("an existing store is not filled")


@pytest.fixture
def older(tmp_path: Path) -> Path:
    path = tmp_path / "customers.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OF_THE_RELEASE_BEFORE.read_text("utf-8"))
    return path


def schema(path: Path) -> set[str]:
    """The tables, indexes and triggers, by what they are made of."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT type, name, tbl_name FROM sqlite_master").fetchall()
        columns = [
            (name, *column[1:])
            for kind, name, _ in rows
            if kind == "table"
            for column in connection.execute(f"PRAGMA table_info({name})")
        ]
        return {str(each) for each in (*rows, *columns)}


def test_older_store_becomes_what_a_new_one_is(older: Path, store_path: Path) -> None:
    SqliteCustomerStore(older, no_dataset).close()

    with closing(sqlite3.connect(older)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert schema(older) == schema(store_path)


def test_effects_of_older_orders_are_told_with_their_people(older: Path) -> None:
    with closing(SqliteCustomerStore(older, no_dataset)) as store:
        told = store.account_effects(SOMEBODY)
        with pytest.raises(ChargeAlreadyRefunded, match=r"^Charge ch-0012-001 .*Z by case-a, approved by ana: nothing"):
            store.refund_charges(SOMEBODY, ["ch-0012-001"], "case-c: approved by ben", "case-c:refund_charges:12")

    assert [lock.idempotency_key for lock in told.locks] == ["case-a:lock_account:12", "case-b:lock_account:12"]
    assert [(refund.charge_id, refund.reversed_at is None) for refund in told.refunds] == [
        ("ch-0012-001", True),
        ("ch-0012-002", True),
        ("ch-0012-003", False),
    ]


def test_older_orders_are_repeated_and_reversed_under_their_keys(older: Path) -> None:
    lock, refund = "case-a:lock_account:12", "case-a:refund_charges:12"
    with closing(SqliteCustomerStore(older, no_dataset)) as store:
        assert store.lock_account(SOMEBODY, "case-a: approved by ana", lock).replayed
        again = store.refund_charges(SOMEBODY, ["ch-0012-001", "ch-0012-002"], "case-a: approved by ana", refund)
        assert again.replayed
        unlocked = store.unlock_account(SOMEBODY, "case-a: no", "case-a:unlock_account:12:1", lock)
        BillingTools(store).record_refund_reversal(SOMEBODY, refund, "case-a: no", "case-a:reverse_refund:12:2")
        charges = {charge.charge_id: charge for charge in store.charges(SOMEBODY, 200)}

    assert [left.idempotency_key for left in unlocked.still_locked_by] == ["case-b:lock_account:12"]
    assert charges["ch-0012-001"].status == "posted"


def test_charge_whose_older_refund_was_reversed_is_refunded(older: Path) -> None:
    with closing(SqliteCustomerStore(older, no_dataset)) as store:
        result = store.refund_charges(SOMEBODY, ["ch-0012-003"], "case-c: approved by ben", "case-c:refund_charges:12")

    assert [charge.charge_id for charge in result.refunded] == ["ch-0012-003"]


def test_migration_that_is_cut_off_leaves_the_older_store(older: Path) -> None:
    with closing(sqlite3.connect(older)) as connection:
        connection.execute("CREATE TABLE refund_in_full (taken)")
        connection.commit()

    with pytest.raises(Exception, match="refund_in_full"):
        SqliteCustomerStore(older, no_dataset)
    with closing(sqlite3.connect(older)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        connection.execute("DROP TABLE refund_in_full")
        connection.commit()

    with closing(SqliteCustomerStore(older, no_dataset)) as store:
        assert len(store.account_effects(SOMEBODY).refunds) == 3
