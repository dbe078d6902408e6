"""Notes how far the consumers of domain events have come."""

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from casebook.schema.base import table_of
from casebook.schema.domain_events import ConsumerRow

_CONSUMERS = table_of(ConsumerRow)


def advance(connection: Connection, consumer: str, number: int) -> None:
    """A consumer has handled all events up to this number; one that has come further already stays there."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = dialect.insert(_CONSUMERS).values(name=consumer, number=number)
    further = _CONSUMERS.c.number < number
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"number": number}, where=further))
