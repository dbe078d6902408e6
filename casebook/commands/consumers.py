"""Notes how far the consumers of domain events have come, and who delivers to them."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from casebook.database.upserts import upsert
from casebook.queries.deliveries import free_for
from casebook.schema.base import table_of
from casebook.schema.domain_events import ConsumerRow

_CONSUMERS = table_of(ConsumerRow)
_OWN = update(_CONSUMERS).where(
    _CONSUMERS.c.name == bindparam("of_name"), _CONSUMERS.c.lease_owner == bindparam("of_owner")
)
_LOCK = select(_CONSUMERS.c.number).where(_CONSUMERS.c.name == bindparam("of_name")).with_for_update()
_RELEASE = _OWN.values(lease_owner=None, lease_until=None)


def advance(connection: Connection, consumer: str, number: int) -> None:
    """A consumer has handled all events up to this number; one that has come further already stays there."""
    row = upsert(connection, _CONSUMERS).values(name=consumer, number=number)
    further = _CONSUMERS.c.number < number
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"number": number}, where=further))


def lock_consumer(connection: Connection, consumer: str) -> int:
    """Become the only one that handles events for this consumer, until the commit; up to which number it has."""
    row = upsert(connection, _CONSUMERS).values(name=consumer, number=0)
    connection.execute(row.on_conflict_do_nothing(index_elements=["name"]))
    return connection.execute(_LOCK, {"of_name": consumer}).scalar_one()


def take_lease(connection: Connection, consumer: str, owner: str, now: datetime, until: datetime) -> bool:
    """Whether only `owner` delivers to this consumer from now on until then; False: another process does."""
    lease = {"lease_owner": owner, "lease_until": until}
    row = upsert(connection, _CONSUMERS).values(name=consumer, number=0, **lease)
    taken = row.on_conflict_do_update(index_elements=["name"], set_=lease, where=free_for(owner, now))
    return connection.execute(taken.returning(_CONSUMERS.c.name)).first() is not None


def advance_leased(connection: Connection, consumer: str, owner: str, number: int) -> bool:
    """Whether `owner` still delivers to this consumer. Then it has handled all events up to this number."""
    of = {"of_name": consumer, "of_owner": owner}
    return connection.execute(_OWN.values(number=number), of).rowcount > 0


def release_lease(connection: Connection, consumer: str, owner: str) -> None:
    """Let another process deliver to this consumer."""
    connection.execute(_RELEASE, {"of_name": consumer, "of_owner": owner})
