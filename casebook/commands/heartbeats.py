"""Heartbeats of workers."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from casebook.schema.base import table_of
from casebook.schema.workers import WorkerRow

KEPT_FOR = timedelta(days=1)
"""The row of a worker without a heartbeat for this long is deleted with the next heartbeat of another."""

_WORKER = table_of(WorkerRow)
_SEEN = update(_WORKER).where(_WORKER.c.worker_id == bindparam("worker")).values(seen_at=bindparam("now"))
_FIRST = insert(_WORKER).values(worker_id=bindparam("worker"), seen_at=bindparam("now"))
_FORGET = delete(_WORKER).where(_WORKER.c.seen_at < bindparam("before"))
_ALL = select(_WORKER.c.worker_id, _WORKER.c.seen_at)


def sign(connection: Connection, worker_id: str, now: datetime) -> None:
    """The worker with this id is alive."""
    if not connection.execute(_SEEN, {"worker": worker_id, "now": now}).rowcount:
        connection.execute(_FIRST, {"worker": worker_id, "now": now})
    connection.execute(_FORGET, {"before": now - KEPT_FOR})


def signs(connection: Connection) -> Mapping[str, datetime]:
    """When each worker was last alive, by its own clock."""
    return {row.worker_id: row.seen_at for row in connection.execute(_ALL)}
