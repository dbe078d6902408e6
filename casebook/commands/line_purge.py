"""Deletes the oldest lines of a record that is kept for a limited time. Inside one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, select, update

PURGED_AT_ONCE = 10_000
"""Lines of one transaction: nobody who appends meanwhile waits for long."""


@dataclass(frozen=True)
class PurgedLines:
    """The lines that one transaction deleted."""

    count: int
    last: int
    """The number of the last of them."""


class LinePurger:
    """Deletes from the table `lines`, both of whose ends are in the one row of `head`."""

    def __init__(self, lines: Table[Any], head: Table[Any]) -> None:
        self._lock = select(head).where(head.c.id == 1).with_for_update()
        self._change_head = update(head).where(head.c.id == 1)
        self._first_kept = (
            select(lines.c.number)
            .where(lines.c.number > bindparam("after"), lines.c.at >= bindparam("before"))
            .order_by(lines.c.number)
            .limit(1)
        )
        self._hash = select(lines.c.hash).where(lines.c.number == bindparam("of_number"))
        self._delete = delete(lines).where(lines.c.number <= bindparam("upto"))

    def purge(self, connection: Connection, before: datetime) -> PurgedLines | None:
        """Delete the oldest lines, at most `PURGED_AT_ONCE`, up to the first that is younger; None: there are none.

        What is kept still follows from the hash of the last line that is gone. The caller says on record what is gone.
        """
        head = connection.execute(self._lock).one()
        since = {"after": head.purged_number, "before": before}
        kept = connection.execute(self._first_kept, since).scalar_one_or_none()
        oldest = head.last_number if kept is None else kept - 1
        last = min(oldest, head.purged_number + PURGED_AT_ONCE)
        if last == head.purged_number:
            return None
        digest = connection.execute(self._hash, {"of_number": last}).scalar_one()
        connection.execute(self._delete, {"upto": last})
        connection.execute(self._change_head.values(purged_number=last, purged_hash=digest))
        return PurgedLines(last - head.purged_number, last)
