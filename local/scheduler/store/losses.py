"""SQL for work whose worker was lost."""

import sqlite3

from local.scheduler.store.rows import LostWork

COLUMNS = "kind, target, hub, owner, owner_id, name, times, worker, at, given_up"
KEPT = 1000  # rows of work that was given up
# Work that has ended by itself since the scheduler stopped: the activity is gone, the instance or entity is.
_ORPHANS = (
    "DELETE FROM lost_work WHERE NOT given_up AND ("
    "kind = 0 AND target NOT IN (SELECT key FROM instance) OR "
    "kind = 1 AND target NOT IN (SELECT key FROM activity) OR "
    "kind = 2 AND target NOT IN (SELECT key FROM entity))"
)


class LossTables:
    """Work whose worker was lost."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def losses(self) -> list[tuple[int, int, int]]:
        self._run(_ORPHANS)
        return self._run("SELECT kind, target, times FROM lost_work WHERE NOT given_up").fetchall()

    def save_loss(self, row: LostWork) -> None:
        self._run(f"INSERT OR REPLACE INTO lost_work ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608 -- a constant
        if row.given_up:
            self._run(
                "DELETE FROM lost_work WHERE given_up AND at < "
                "(SELECT at FROM lost_work WHERE given_up ORDER BY at DESC LIMIT 1 OFFSET ?)",
                (KEPT - 1,),
            )

    def forget_loss(self, kind: int, target: int) -> None:
        self._run("DELETE FROM lost_work WHERE kind = ? AND target = ?", (kind, target))

    def forget_losses_of(self, owner: int) -> None:
        self._run("DELETE FROM lost_work WHERE owner = ?", (owner,))
