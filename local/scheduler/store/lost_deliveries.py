"""SQL for work whose worker was lost."""

import sqlite3

from local.scheduler.store.rows import LostDelivery

COLUMNS = "kind, target, hub, owner, owner_id, name, times, worker, at, given_up"
KEPT = 1000  # rows of work that was given up
# Work that has ended by itself since the scheduler stopped: the activity is gone, the instance or entity is.
_ORPHANS = (
    "DELETE FROM lost_delivery WHERE NOT given_up AND ("
    "kind = 0 AND target NOT IN (SELECT key FROM instance) OR "
    "kind = 1 AND target NOT IN (SELECT key FROM activity) OR "
    "kind = 2 AND target NOT IN (SELECT key FROM entity))"
)


class LostDeliveryTables:
    """Work whose worker was lost."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def lost_deliveries(self) -> list[tuple[int, int, int]]:
        self._run(_ORPHANS)
        return self._run("SELECT kind, target, times FROM lost_delivery WHERE NOT given_up").fetchall()

    def save_lost_delivery(self, row: LostDelivery) -> None:
        self._run(f"INSERT OR REPLACE INTO lost_delivery ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608 -- a constant
        if row.given_up:
            self._run(
                "DELETE FROM lost_delivery WHERE given_up AND at < "
                "(SELECT at FROM lost_delivery WHERE given_up ORDER BY at DESC LIMIT 1 OFFSET ?)",
                (KEPT - 1,),
            )

    def forget_lost_delivery(self, kind: int, target: int) -> None:
        self._run("DELETE FROM lost_delivery WHERE kind = ? AND target = ?", (kind, target))

    def forget_lost_deliveries_of(self, owner: int) -> None:
        self._run("DELETE FROM lost_delivery WHERE owner = ?", (owner,))
