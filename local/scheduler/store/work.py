# ruff: noqa: S608 -- every name in these statements is a constant of this module, every value a parameter
"""SQL for activities, entities, workers, hubs, and what a start has to read."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from local.scheduler.store.rows import (
    TERMINAL,
    Activity,
    ActivityLease,
    Entity,
    EntityLease,
    EntityOp,
    OpKind,
    Status,
)

_ACTIVITY = "key, hub, instance, generation, task, name, version, request, attempt, worker, leased_at"
_ENTITY = (
    "key, hub, id, state, modified_at, lock_section, lock_instance, lock_generation, lock_owner, "
    "attempt, batch, worker, leased_at"
)
_OP = "key, kind, request_id, caller, generation, event"
_ENDED = ", ".join(str(int(status)) for status in sorted(TERMINAL))


class WorkTables:
    """Activities, workers and hubs."""

    def __init__(self, connection: sqlite3.Connection, next_key: Callable[[], int]) -> None:
        self._run = connection.execute
        self._many = connection.executemany
        self._next_key = next_key

    def insert_activity(self, row: Activity) -> None:
        self._run(f"INSERT INTO activity ({_ACTIVITY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def activity(self, key: int) -> Activity | None:
        row = self._run(f"SELECT {_ACTIVITY} FROM activity WHERE key = ?", (key,)).fetchone()
        return Activity._make(row) if row else None

    def lease_activity(self, key: int, worker: int, at: int) -> tuple[int, bytes] | None:
        return self._run(
            "UPDATE activity SET attempt = attempt + 1, worker = ?, leased_at = ? WHERE key = ? "
            "RETURNING attempt, request",
            (worker, at, key),
        ).fetchone()

    def release_activity(self, key: int) -> None:
        self._run("UPDATE activity SET worker = NULL, leased_at = NULL WHERE key = ?", (key,))

    def finish_activity(self, key: int, attempt: int) -> tuple[int, int, int] | None:
        return self._run(
            "DELETE FROM activity WHERE key = ? AND attempt = ? RETURNING instance, generation, task", (key, attempt)
        ).fetchone()

    def worker_key(self, worker_id: str, local_pid: int | None) -> int:
        row = self._run("SELECT key FROM worker WHERE id = ?", (worker_id,)).fetchone()
        if row:
            return row[0]
        key = self._next_key()
        self._run("INSERT INTO worker (key, id, local_pid) VALUES (?, ?, ?)", (key, worker_id, local_pid))
        return key

    def hubs(self) -> dict[str, int]:
        return dict(self._run("SELECT name, key FROM hub").fetchall())

    def insert_hub(self, name: str, at: int) -> int:
        key = self._next_key()
        self._run("INSERT INTO hub (key, name, created_at) VALUES (?, ?, ?)", (key, name, at))
        return key

    def hub_part(self, hub: int, limit: int) -> tuple[list[int], list[int]]:
        instances = self._run("SELECT key FROM instance WHERE hub = ? LIMIT ?", (hub, limit)).fetchall()
        entities = self._run("SELECT key FROM entity WHERE hub = ? LIMIT ?", (hub, limit)).fetchall()
        return [row[0] for row in instances], [row[0] for row in entities]

    def delete_hub(self, hub: int) -> None:
        self._run("DELETE FROM hub WHERE key = ?", (hub,))

    def ready_instances(self) -> list[tuple[int, int, str, str | None, int]]:
        return self._run(
            "SELECT i.hub, i.key, i.name, i.version, i.status FROM instance i "
            "JOIN (SELECT instance, min(key) AS first FROM inbox GROUP BY instance) n ON n.instance = i.key "
            f"WHERE i.delayed = 0 AND i.status NOT IN ({_ENDED}) ORDER BY n.first"
        ).fetchall()

    def unfinished_activities(self) -> list[ActivityLease]:
        rows = self._run("SELECT key, hub, name, version, attempt, worker, leased_at FROM activity ORDER BY key")
        return [ActivityLease._make(row) for row in rows]

    def entities_with_ops(self) -> list[tuple[int, int, str]]:
        return self._run(
            "SELECT e.hub, e.key, e.id FROM entity e "
            "JOIN (SELECT entity, min(key) AS first FROM entity_op GROUP BY entity) n ON n.entity = e.key "
            "ORDER BY n.first"
        ).fetchall()

    def entity_leases(self) -> list[EntityLease]:
        rows = self._run(
            "SELECT e.key, e.attempt, e.worker, e.leased_at FROM entity e "
            "WHERE e.worker IS NOT NULL AND e.key IN (SELECT entity FROM entity_op)"
        )
        return [EntityLease._make(row) for row in rows]

    def workers(self) -> list[tuple[int, str, int | None]]:
        self._run(
            "DELETE FROM worker WHERE key NOT IN (SELECT worker FROM activity WHERE worker IS NOT NULL) "
            "AND key NOT IN (SELECT worker FROM entity "
            "WHERE worker IS NOT NULL AND key IN (SELECT entity FROM entity_op))"
        )
        return self._run("SELECT key, id, local_pid FROM worker").fetchall()


class EntityTables:
    """Entities and their queues."""

    def __init__(self, connection: sqlite3.Connection, next_key: Callable[[], int]) -> None:
        self._run = connection.execute
        self._many = connection.executemany
        self._next_key = next_key

    def entity(self, key: int) -> Entity | None:
        row = self._run(f"SELECT {_ENTITY} FROM entity WHERE key = ?", (key,)).fetchone()
        return Entity._make(row) if row else None

    def find_entity(self, hub: int, entity_id: str) -> Entity | None:
        row = self._run(f"SELECT {_ENTITY} FROM entity WHERE hub = ? AND id = ?", (hub, entity_id)).fetchone()
        return Entity._make(row) if row else None

    def insert_entity(self, hub: int, entity_id: str, at: int) -> Entity:
        row = Entity(self._next_key(), hub, entity_id, None, at, None, None, None, None, 0, None, None, None)
        self._run(f"INSERT INTO entity ({_ENTITY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return row

    def save_entity(self, row: Entity) -> None:
        self._run(
            "UPDATE entity SET state = ?, modified_at = ?, lock_section = ?, lock_instance = ?, lock_generation = ?, "
            "lock_owner = ?, attempt = ?, batch = ?, worker = ?, leased_at = ? WHERE key = ?",
            (*row[3:], row.key),
        )

    def delete_entity(self, key: int) -> None:
        self._run("DELETE FROM entity WHERE key = ?", (key,))
        self._run("DELETE FROM entity_op WHERE entity = ?", (key,))
        self._run("DELETE FROM due WHERE target = ?", (key,))
        self._run("DELETE FROM lost_delivery WHERE owner = ?", (key,))

    def add_op(self, entity: int, op: EntityOp) -> None:
        self._run(
            f"INSERT INTO entity_op (entity, {_OP}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (entity, *op),
        )

    def ops(self, entity: int, limit: int) -> list[EntityOp]:
        rows = self._run(f"SELECT {_OP} FROM entity_op WHERE entity = ? ORDER BY key LIMIT ?", (entity, limit))
        return [EntityOp._make(row) for row in rows]

    def ops_of(self, entity: int, caller: int, generation: int, limit: int) -> list[EntityOp]:
        rows = self._run(
            f"SELECT {_OP} FROM entity_op WHERE entity = ? AND caller = ? AND generation = ? AND kind = ? "
            "ORDER BY key LIMIT ?",
            (entity, caller, generation, OpKind.CALL, limit),
        )
        return [EntityOp._make(row) for row in rows]

    def has_ops(self, entity: int) -> bool:
        return self._run("SELECT 1 FROM entity_op WHERE entity = ? LIMIT 1", (entity,)).fetchone() is not None

    def count_ops(self, entity: int) -> int:
        return self._run("SELECT count(*) FROM entity_op WHERE entity = ?", (entity,)).fetchone()[0]

    def ops_by_key(self, keys: Sequence[int]) -> list[EntityOp]:
        found: list[EntityOp] = []
        for key in keys:
            row = self._run(f"SELECT {_OP} FROM entity_op WHERE key = ?", (key,)).fetchone()
            if row:
                found.append(EntityOp._make(row))
        return found

    def delete_ops(self, keys: Iterable[int]) -> None:
        self._many("DELETE FROM entity_op WHERE key = ?", ((key,) for key in keys))

    def locked_by(self, instance: int) -> list[Entity]:
        rows = self._run(f"SELECT {_ENTITY} FROM entity WHERE lock_instance = ?", (instance,))
        return [Entity._make(row) for row in rows]

    def lock_requests_of(self, instance: int) -> list[tuple[int, int, str]]:
        return self._run(
            "SELECT key, entity, request_id FROM entity_op WHERE caller = ? AND kind = 2", (instance,)
        ).fetchall()


__all__ = ["EntityTables", "Status", "WorkTables"]
