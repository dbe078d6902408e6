"""Puts domain events into the outbox, in the transaction of what they tell of."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, insert, select, update

from casebook.schema.base import table_of
from casebook.schema.domain_events import DomainEventRow, SequenceRow
from contracts.domain_events import DomainEvent
from contracts.hashing import canonical_json

_SEQUENCE = table_of(SequenceRow)
_DRAW = (
    update(_SEQUENCE)
    .where(_SEQUENCE.c.name == bindparam("of_name"))
    .values(last_number=_SEQUENCE.c.last_number + 1)
    .returning(_SEQUENCE.c.last_number)
)
_LOCK = select(_SEQUENCE.c.last_number).where(_SEQUENCE.c.name == "domain_event").with_for_update()
_PUBLISH = insert(table_of(DomainEventRow))


def draw(connection: Connection, sequence: Literal["domain_event", "chat_change"]) -> int:
    """The next number of a sequence. From here to its commit, the transaction is the only one that draws.

    So whoever reads in the order of the numbers misses nothing. The log of cases is locked before, never after.
    """
    return connection.execute(_DRAW, {"of_name": sequence}).scalar_one()


def lock_outbox(connection: Connection) -> None:
    """Become the only one that publishes, until the commit. For whoever locks rows of its own before it publishes."""
    connection.execute(_LOCK)


def publish(connection: Connection, event: DomainEvent, subject_id: str, now: datetime) -> int:
    """Put an event about this subject into the outbox; its number."""
    number = draw(connection, "domain_event")
    row = {
        "number": number,
        "type": type(event).__name__,
        "subject": f"{event.about}/{subject_id}",
        "at": now,
        "data": canonical_json(event.model_dump(mode="json")),
    }
    connection.execute(_PUBLISH, row)
    return number
