"""`python -m local.scheduler status`: the state of a scheduler, read from its files while it may be running."""

import sqlite3
import time
from pathlib import Path

from local.scheduler.errors import CannotOpen
from local.scheduler.store.database import APPLICATION_ID, FILE_NAME, SCHEMA_VERSION
from local.scheduler.store.rows import Kind, Status

LISTED = 20  # of each kind


def report(data: Path) -> str:
    """Hubs, instances by state, backlog, leases, the oldest timer and lost work, as text; raises CannotOpen.

    `data` is the scheduler's folder, or that of the stack, in which the scheduler's is.
    """
    path = next((path for path in (data / FILE_NAME, data / "scheduler" / FILE_NAME) if path.exists()), None)
    if path is None:
        raise CannotOpen(f"There is no scheduler database in '{data}', nor in its folder 'scheduler'.")
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            if int(connection.execute("PRAGMA application_id").fetchone()[0]) != APPLICATION_ID:
                raise CannotOpen(f"'{path}' belongs to another program.")
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version != SCHEMA_VERSION:
                raise CannotOpen(f"'{path}' has schema version {version}, this program knows {SCHEMA_VERSION}.")
            return _report(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise CannotOpen(f"'{path}' cannot be read ({error}).") from error


def _count(connection: sqlite3.Connection, query: str, *values: object) -> int:
    return int(connection.execute(query, values).fetchone()[0])


def _report(connection: sqlite3.Connection) -> str:
    lines: list[str] = []
    for hub, name in connection.execute("SELECT key, name FROM hub ORDER BY name").fetchall():
        states = connection.execute(
            "SELECT status, count(*) FROM instance WHERE hub = ? GROUP BY status ORDER BY status", (hub,)
        ).fetchall()
        named = ", ".join(f"{count} {Status(status).name.lower()}" for status, count in states)
        count = _count(connection, "SELECT count(*) FROM entity WHERE hub = ?", hub)
        lines.append(f"hub {name}: {named or 'no instances'}; {count} entities")
    if not lines:
        lines.append("no task hubs yet")
    waiting = _count(connection, "SELECT count(*) FROM inbox")
    queued = _count(connection, "SELECT count(*) FROM activity WHERE worker IS NULL")
    leased = _count(connection, "SELECT count(*) FROM activity WHERE worker IS NOT NULL")
    operations = _count(connection, "SELECT count(*) FROM entity_op")
    batches = _count(connection, "SELECT count(*) FROM entity WHERE batch IS NOT NULL")
    lines.append(f"backlog: {waiting} events, {queued} activities, {operations} entity operations")
    lines.append(f"leases: {leased} activities, {batches} entity batches")
    first = connection.execute("SELECT at FROM due ORDER BY at LIMIT 1").fetchone()
    if first is None:
        lines.append("timers: none")
    else:
        timers = _count(connection, "SELECT count(*) FROM due")
        lines.append(f"timers: {timers}, the first due at {_utc(first[0])}")
    lines += _lost_deliveries(connection)
    return "\n".join(lines)


def _lost_deliveries(connection: sqlite3.Connection) -> list[str]:
    """Work that workers did not survive: what is tried again, and what was given up, the newest first."""
    if not _count(connection, "SELECT count(*) FROM sqlite_master WHERE name = 'lost_delivery'"):
        return []  # not started since it knows of this
    lines: list[str] = []
    for given_up, title in ((0, "lost with their workers"), (1, "given up")):
        rows = connection.execute(
            "SELECT kind, name, owner_id, times, worker, at FROM lost_delivery WHERE given_up = ? "
            "ORDER BY at DESC LIMIT ?",
            (given_up, LISTED),
        ).fetchall()
        count = _count(connection, "SELECT count(*) FROM lost_delivery WHERE given_up = ?", given_up)
        lines.append(f"{title}: {count}")
        for kind, name, owner, times, worker, at in rows:
            what = {
                Kind.ORCHESTRATION: f"a turn of '{owner}' ({name})",
                Kind.ACTIVITY: f"activity '{name}' of '{owner}'",
                Kind.ENTITY: f"operations of entity '{owner}'",
            }[Kind(kind)]
            lines.append(f"  {what}: {times} times, last at {_utc(at)} with worker '{worker}'")
    return lines


def _utc(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at // 1_000_000))
