# ruff: noqa: S608 -- every name in these statements is a constant of this module, every value a parameter
"""The store in SQLite: one writer, and a reader for long reads."""

import itertools
import sqlite3

from local.scheduler.store.instances import COLUMNS, InstanceTables, instance_row
from local.scheduler.store.interface import EntityFilter, InstanceFilter
from local.scheduler.store.lost_deliveries import LostDeliveryTables
from local.scheduler.store.rows import Entity, EntityPage, IdPage, Instance, InstancePage, Payload
from local.scheduler.store.work import EntityTables, WorkTables

COMMON = 1000  # instances


class SqliteStore(InstanceTables, WorkTables, EntityTables, LostDeliveryTables):
    """Implements `interface.Store` on the writer's connection."""

    def __init__(self, connection: sqlite3.Connection, first_key: int) -> None:
        """`first_key` starts a range of keys that no earlier run has used."""
        counter = itertools.count(first_key + 1)
        InstanceTables.__init__(self, connection, counter.__next__)


def prefix_end(prefix: str) -> str:
    """The smallest string that sorts after everything that starts with `prefix`."""
    return prefix + "\U0010ffff"


class SqliteReader:
    """Implements `interface.Reader`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def query_instances(
        self, where: InstanceFilter, after: tuple[int, int] | None, limit: int, payloads: bool
    ) -> InstancePage:
        # A unary plus keeps SQLite from using an index: what many share is met soon when walking in order, what few
        # share is looked up and sorted.
        identity, created = "id", "created_at"
        if where.id_prefix:
            if self._is_common(where.hub, where.id_prefix):
                identity = "+id"
            else:
                created = "+created_at"
        clauses: list[str] = []
        values: list[object] = []
        created_from = where.created_from
        if after is not None and (created_from is None or after[0] >= created_from):
            created_from = None  # two lower bounds, and SQLite would start at the wrong one
            clauses.append(f"AND ({created}, key) > (?, ?) ")
            values.extend(after)
        for clause, value in (
            (f"{created} >= ?", created_from),
            (f"{created} < ?", where.created_to),
            (f"{identity} >= ?", where.id_prefix or None),
            (f"{identity} < ?", prefix_end(where.id_prefix) if where.id_prefix else None),
        ):
            if value is not None:
                clauses.append(f"AND {clause} ")
                values.append(value)
        # One index walk per status keeps a page flat however many instances have another status.
        found: list[tuple[int, int]] = []
        for status in where.statuses or (None,):
            only = "" if status is None else "AND status = ? "
            rows = self._run(
                f"SELECT created_at, key FROM instance WHERE hub = ? {only}{''.join(clauses)}"
                f"ORDER BY {created}, key LIMIT ?",
                (where.hub, *(() if status is None else (status,)), *values, limit + 1),
            )
            found.extend(rows)
        found.sort()
        page, more = found[:limit], len(found) > limit
        items = [self._item(key, payloads) for _, key in page]
        return InstancePage([item for item in items if item], page[-1] if more else None)

    def _is_common(self, hub: int, prefix: str) -> bool:
        """Whether so many instances start with this that walking through all in order finds a page sooner."""
        found = self._run(
            "SELECT count(*) FROM (SELECT 1 FROM instance WHERE hub = ? AND id >= ? AND id < ? LIMIT ?)",
            (hub, prefix, prefix_end(prefix), COMMON),
        ).fetchone()
        return found[0] == COMMON

    def _item(self, key: int, payloads: bool) -> tuple[Instance, Payload] | None:
        row = self._run(f"SELECT {COLUMNS} FROM instance WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        wanted = "input, output, failure" if payloads else "NULL, NULL, failure"
        payload = self._run(f"SELECT {wanted} FROM payload WHERE instance = ?", (key,)).fetchone()
        return instance_row(row), Payload._make(payload) if payload else Payload(None, None, None)

    def ended_instances(
        self,
        hub: int,
        statuses: tuple[int, ...],
        ended_from: int | None,
        ended_to: int | None,
        after: tuple[int, int] | None,
        limit: int,
    ) -> IdPage:
        clauses = ["hub = ?", "completed_at IS NOT NULL"]
        values: list[object] = [hub]
        if statuses:
            clauses.append(f"status IN ({', '.join('?' * len(statuses))})")
            values.extend(statuses)
        if after is not None and (ended_from is None or after[0] >= ended_from):
            ended_from = None  # as above
            clauses.append("(completed_at, key) > (?, ?)")
            values.extend(after)
        if ended_from is not None:
            clauses.append("completed_at >= ?")
            values.append(ended_from)
        if ended_to is not None:
            clauses.append("completed_at < ?")
            values.append(ended_to)
        rows = self._run(
            f"SELECT id, completed_at, key FROM instance WHERE {' AND '.join(clauses)} "
            "ORDER BY completed_at, key LIMIT ?",
            (*values, limit + 1),
        ).fetchall()
        page = rows[:limit]
        return IdPage([row[0] for row in page], (page[-1][1], page[-1][2]) if len(rows) > limit else None)

    def query_entities(self, where: EntityFilter, after: str | None, limit: int) -> EntityPage:
        clauses = ["hub = ?"]
        values: list[object] = [where.hub]
        for clause, value in (
            ("id >= ?", where.id_prefix or None),
            ("id < ?", prefix_end(where.id_prefix) if where.id_prefix else None),
            ("modified_at >= ?", where.modified_from),
            ("modified_at < ?", where.modified_to),
            ("id > ?", after),
        ):
            if value is not None:
                clauses.append(clause)
                values.append(value)
        if not where.include_transient:
            clauses.append("state IS NOT NULL")
        rows = self._run(
            "SELECT key, hub, id, state, modified_at, lock_section, lock_instance, lock_generation, lock_owner, "
            "attempt, batch, worker, leased_at, (SELECT count(*) FROM entity_op o WHERE o.entity = entity.key) "
            f"FROM entity WHERE {' AND '.join(clauses)} ORDER BY id LIMIT ?",
            (*values, limit + 1),
        ).fetchall()
        page = rows[:limit]
        items = [(Entity._make(row[:13]), int(row[13])) for row in page]
        return EntityPage(items, items[-1][0].id if len(rows) > limit else None)

    def expired_instances(self, before: int, limit: int) -> list[int]:
        rows = self._run(
            "SELECT i.key FROM hub h JOIN instance i ON i.hub = h.key AND i.completed_at < ? LIMIT ?", (before, limit)
        )
        return [row[0] for row in rows]

    def history_parts(self, key: int) -> list[bytes]:
        rows = self._run("SELECT events FROM history WHERE instance = ? ORDER BY key", (key,))
        return [row[0] for row in rows]
