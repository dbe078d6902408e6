# ruff: noqa: A002 -- input is the protocol's word
# ruff: noqa: S608 -- every name in these statements is a constant of this module, every value a parameter
"""SQL for instances, payloads, histories and inboxes."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from local.scheduler.store.rows import Due, InboxRow, Instance, Payload

COLUMNS = (
    "key, hub, id, execution_id, generation, name, version, status, created_at, updated_at, completed_at, start_at, "
    "delayed, rewinding, parent_key, parent_generation, parent_task, parent_id, tags, custom_status, trace, "
    "history_bytes, uses"
)
CACHED_ROWS = 4096
_MARKS = ", ".join("?" * 23)


def instance_row(row: Sequence[object]) -> Instance:
    """A row of `COLUMNS` as an Instance."""
    return Instance._make(row)  # pyright: ignore[reportArgumentType] -- STRICT tables guarantee the types


class InstanceTables:
    """Instances and what belongs to each."""

    def __init__(self, connection: sqlite3.Connection, next_key: Callable[[], int]) -> None:
        self._run = connection.execute
        self._many = connection.executemany
        self._next_key = next_key
        # Rows of instances that are at work: a turn would otherwise read its row three times.
        self._rows: dict[int, Instance] = {}

    def _remember(self, row: Instance) -> None:
        if len(self._rows) >= CACHED_ROWS:
            self._rows.clear()
        self._rows[row.key] = row

    def forget_cache(self) -> None:
        """Call when a transaction was rolled back."""
        self._rows.clear()

    def next_key(self) -> int:
        return self._next_key()

    def insert_instance(self, row: Instance, input: str | None) -> None:
        self._run(f"INSERT INTO instance ({COLUMNS}) VALUES ({_MARKS})", row)
        self._run("INSERT INTO payload (instance, input) VALUES (?, ?)", (row.key, input))
        self._remember(row)

    def instance(self, key: int) -> Instance | None:
        cached = self._rows.get(key)
        if cached is not None:
            return cached
        row = self._run(f"SELECT {COLUMNS} FROM instance WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        found = instance_row(row)
        if not found.ended:
            self._remember(found)
        return found

    def find_instance(self, hub: int, instance_id: str) -> Instance | None:
        row = self._run(f"SELECT {COLUMNS} FROM instance WHERE hub = ? AND id = ?", (hub, instance_id)).fetchone()
        return instance_row(row) if row else None

    def payload(self, key: int) -> Payload:
        row = self._run("SELECT input, output, failure FROM payload WHERE instance = ?", (key,)).fetchone()
        return Payload._make(row) if row else Payload(None, None, None)

    def save_instance(self, row: Instance) -> None:
        if row.ended:
            self._rows.pop(row.key, None)
        else:
            self._remember(row)
        self._run(
            "UPDATE instance SET execution_id = ?, generation = ?, name = ?, version = ?, status = ?, updated_at = ?, "
            "completed_at = ?, start_at = ?, delayed = ?, rewinding = ?, custom_status = ?, trace = ?, "
            "history_bytes = ?, uses = ? "
            "WHERE key = ?",
            (
                row.execution_id, row.generation, row.name, row.version, row.status, row.updated_at,
                row.completed_at,
                row.start_at, row.delayed, row.rewinding, row.custom_status, row.trace, row.history_bytes, row.uses,
                row.key,
            ),
        )  # fmt: skip

    def save_input(self, key: int, input: str | None) -> None:
        self._run("UPDATE payload SET input = ?, output = NULL, failure = NULL WHERE instance = ?", (input, key))

    def save_result(self, key: int, output: str | None, failure: bytes | None) -> None:
        self._run("UPDATE payload SET output = ?, failure = ? WHERE instance = ?", (output, failure, key))

    def delete_instance(self, key: int) -> None:
        self._rows.pop(key, None)
        for statement in (
            "DELETE FROM instance WHERE key = ?",
            "DELETE FROM payload WHERE instance = ?",
            "DELETE FROM history WHERE instance = ?",
            "DELETE FROM inbox WHERE instance = ?",
            "DELETE FROM activity WHERE instance = ?",
            "DELETE FROM due WHERE target = ?",
            "DELETE FROM lost_delivery WHERE owner = ?",
        ):
            self._run(statement, (key,))

    def children(self, key: int) -> list[Instance]:
        rows = self._run(f"SELECT {COLUMNS} FROM instance WHERE parent_key = ?", (key,))
        return [instance_row(row) for row in rows]

    def append_history(self, key: int, events: bytes) -> None:
        self._run("INSERT INTO history (key, instance, events) VALUES (?, ?, ?)", (self._next_key(), key, events))

    def replace_history(self, key: int, events: bytes | None) -> None:
        self._run("DELETE FROM history WHERE instance = ?", (key,))
        if events is not None:
            self.append_history(key, events)

    def history(self, key: int) -> bytes:
        return b"".join(self.history_parts(key))

    def history_parts(self, key: int) -> list[bytes]:
        rows = self._run("SELECT events FROM history WHERE instance = ? ORDER BY key", (key,))
        return [row[0] for row in rows]

    def post(self, instance: int, generation: int | None, kind: int, event: bytes) -> int:
        key = self._next_key()
        self._run(
            "INSERT INTO inbox (key, instance, generation, kind, event) VALUES (?, ?, ?, ?, ?)",
            (key, instance, generation, kind, event),
        )
        return key

    def inbox(self, instance: int) -> list[InboxRow]:
        rows = self._run("SELECT key, generation, kind, event FROM inbox WHERE instance = ? ORDER BY key", (instance,))
        return [InboxRow._make(row) for row in rows]

    def has_inbox(self, instance: int, kinds: Sequence[int] = ()) -> bool:
        wanted = f" AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
        found = self._run(f"SELECT 1 FROM inbox WHERE instance = ?{wanted} LIMIT 1", (instance, *kinds)).fetchone()
        return found is not None

    def take_inbox(self, keys: Iterable[int]) -> None:
        self._many("DELETE FROM inbox WHERE key = ?", ((key,) for key in keys))

    def clear_inbox(self, instance: int) -> None:
        self._run("DELETE FROM inbox WHERE instance = ?", (instance,))

    def add_due(self, row: Due) -> None:
        self._run("INSERT INTO due (key, at, kind, target, generation, event) VALUES (?, ?, ?, ?, ?, ?)", row)

    def due(self, until: int, limit: int) -> list[Due]:
        rows = self._run(
            "SELECT key, at, kind, target, generation, event FROM due WHERE at <= ? ORDER BY at, key LIMIT ?",
            (until, limit),
        )
        return [Due._make(row) for row in rows]

    def take_due(self, keys: Iterable[int]) -> None:
        self._many("DELETE FROM due WHERE key = ?", ((key,) for key in keys))

    def clear_due(self, target: int) -> None:
        self._run("DELETE FROM due WHERE target = ?", (target,))

    def has_due(self, target: int) -> bool:
        return self._run("SELECT 1 FROM due WHERE target = ? LIMIT 1", (target,)).fetchone() is not None

    def next_due(self) -> int | None:
        row = self._run("SELECT at FROM due ORDER BY at LIMIT 1").fetchone()
        return row[0] if row else None
