"""Appends to the desk log, in the transaction of what changed."""

from sqlalchemy import Connection, insert, select, update

from casebook.case_log.desk_chain import Changed, chained, written
from casebook.schema.base import table_of
from casebook.schema.desk_log import DeskChangeRow, DeskLogHead

_CHANGES, _HEAD = table_of(DeskChangeRow), table_of(DeskLogHead)
_LOCK = select(_HEAD.c.last_number, _HEAD.c.last_hash).where(_HEAD.c.id == 1).with_for_update()
_APPEND = insert(_CHANGES)
_ADVANCE = update(_HEAD).where(_HEAD.c.id == 1)


def log_change(connection: Connection, changed: Changed) -> None:
    """Append what somebody changed; nothing when it is what it was before."""
    if changed.before == changed.after:
        return
    # Whoever appends waits here for the commit of the other: so the chain has one end.
    number, digest = connection.execute(_LOCK).one()
    change = chained(digest, number + 1, changed)
    values = {"before": written(change.before), "after": written(change.after)}
    connection.execute(_APPEND, {**dict(change), **values})
    connection.execute(_ADVANCE.values(last_number=change.number, last_hash=change.hash))
