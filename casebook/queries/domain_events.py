"""Reads the outbox of domain events, in order."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from casebook.schema.base import PlainRow, table_of
from casebook.schema.domain_events import ConsumerRow, DomainEventRow
from contracts.domain_events import TYPE_PREFIX, CloudEvent

_EVENTS, _CONSUMERS = table_of(DomainEventRow), table_of(ConsumerRow)
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
