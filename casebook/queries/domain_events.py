"""Reads the outbox of domain events, in order."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from casebook.schema.base import PlainRow, table_of
from casebook.schema.domain_events import ConsumerRow, DomainEventRow, SequenceRow
from contracts.domain_events import TYPE_PREFIX, CloudEvent

_EVENTS, _CONSUMERS, _SEQUENCE = table_of(DomainEventRow), table_of(ConsumerRow), table_of(SequenceRow)
NEWEST = select(_SEQUENCE.c.last_number).where(_SEQUENCE.c.name == "domain_event")
"""The number of the newest event that is on record; 0: none is."""
_AFTER = select(_EVENTS).where(_EVENTS.c.number > bindparam("after")).order_by(_EVENTS.c.number)
_CURSOR = select(_CONSUMERS.c.number).where(_CONSUMERS.c.name == bindparam("of_name"))


def events_after(connection: Connection, source: str, number: int, limit: int) -> list[tuple[int, CloudEvent]]:
    """The events after this number, as they are delivered, each with its number; `source` says who sends them."""
    return [(row.number, cloud_event(source, row)) for row in rows_after(connection, number, limit)]


def rows_after(connection: Connection, number: int, limit: int) -> Sequence[PlainRow]:
    """The rows of the events after this number, in order."""
    return connection.execute(_AFTER.limit(limit), {"after": number}).all()


def cloud_event(source: str, row: PlainRow) -> CloudEvent:
    """The event of a row of the outbox, as it is delivered."""
    return CloudEvent(
        id=f"{row.number}-{row.type}",
        source=source,
        type=TYPE_PREFIX + row.type,
        subject=row.subject,
        time=row.at,
        sequence=f"{row.number:020d}",
        data=json.loads(row.data),
    )


def cursor_of(connection: Connection, consumer: str) -> int:
    """The number up to which a consumer has handled all events."""
    return connection.execute(_CURSOR, {"of_name": consumer}).scalar() or 0


def newest_event(connection: Connection) -> int:
    """The number of the newest event that is on record; 0: none is."""
    return connection.execute(NEWEST).scalar_one()


def is_behind(connection: Connection, consumer: str) -> bool:
    """Whether there are events that a consumer has not handled."""
    return cursor_of(connection, consumer) < newest_event(connection)
