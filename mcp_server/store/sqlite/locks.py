"""The active lock orders of an account: it is locked while one is active, with the reason of the oldest."""

import sqlite3
from datetime import datetime

from mcp_server.records.effect import ActiveLock
from mcp_server.store.errors import LockNotActive, SeveralActiveLocks
from mcp_server.store.sqlite.rows import insert, instant_text, select

RECORDED_LOCK = "records:{customer_id}"
"""The key of a lock that no write tool made: it was there when the store was made."""


def active_locks(connection: sqlite3.Connection, customer_id: int) -> tuple[ActiveLock, ...]:
    """The lock orders on an account, oldest first."""
    tail = "WHERE customer_id = ? ORDER BY rowid"
    return select(connection, ActiveLock, "account_lock", tail, (customer_id,))


def add_lock(
    connection: sqlite3.Connection, customer_id: int, reason: str, idempotency_key: str, now: datetime
) -> None:
    """One more order to lock the account."""
    row = {
        "idempotency_key": idempotency_key,
        "customer_id": customer_id,
        "locked_at": instant_text(now),
        "reason": reason,
    }
    insert(connection, "account_lock", [row])
    _show_oldest(connection, customer_id)


def reverse_lock(connection: sqlite3.Connection, customer_id: int, lock_key: str | None) -> tuple[ActiveLock, ...]:
    """Reverse the order under `lock_key`; None: the only one there is. Returns those that are still active.

    Raises `LockNotActive` or `SeveralActiveLocks`.
    """
    active = active_locks(connection, customer_id)
    keys = [lock.idempotency_key for lock in active]
    if lock_key is None and len(keys) > 1:
        raise SeveralActiveLocks(customer_id, keys)
    if lock_key is not None and lock_key not in keys:
        raise LockNotActive(customer_id, lock_key, keys)
    taken = keys if lock_key is None else [lock_key]
    connection.executemany("DELETE FROM account_lock WHERE idempotency_key = ?", [(key,) for key in taken])
    _show_oldest(connection, customer_id)
    return tuple(lock for lock in active if lock.idempotency_key not in taken)


def note_recorded_locks(connection: sqlite3.Connection) -> None:
    """Add a lock for each account that is locked in the generated records: no reversal removes it."""
    rows = connection.execute(
        "SELECT customer_id, locked_at, lock_reason FROM customer WHERE status = 'locked'"
    ).fetchall()
    insert(
        connection,
        "account_lock",
        [
            {
                "idempotency_key": RECORDED_LOCK.format(customer_id=customer_id),
                "customer_id": customer_id,
                "locked_at": locked_at,
                "reason": reason,
            }
            for customer_id, locked_at, reason in rows
        ],
    )


def _show_oldest(connection: sqlite3.Connection, customer_id: int) -> None:
    active = active_locks(connection, customer_id)
    shown = ("locked", instant_text(active[0].locked_at), active[0].reason) if active else ("active", None, None)
    connection.execute(
        "UPDATE customer SET status = ?, locked_at = ?, lock_reason = ? WHERE customer_id = ?", (*shown, customer_id)
    )
