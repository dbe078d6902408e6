"""Reads how far the consumers of domain events are behind, and what waits for subscriptions."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from casebook.queries.domain_events import newest_event
from casebook.schema.base import table_of
from casebook.schema.deliveries import DeadLetterRow, PendingDeliveryRow
from casebook.schema.domain_events import ConsumerRow

_CONSUMERS, _PENDING, _DEAD = table_of(ConsumerRow), table_of(PendingDeliveryRow), table_of(DeadLetterRow)
_POSITIONS = select(_CONSUMERS.c.name, _CONSUMERS.c.number).order_by(_CONSUMERS.c.name)
_WAITING = select(_PENDING.c.subscription_id, func.count().label("deliveries")).group_by(_PENDING.c.subscription_id)
_GIVEN_UP = select(_DEAD.c.subscription_id, func.count().label("deliveries")).group_by(_DEAD.c.subscription_id)


@dataclass(frozen=True)
class ConsumerState:
    """How a consumer of domain events is doing."""

    name: str
    """Of a subscription its id."""
    behind: int
    """How many events it has not handled yet, those that it does not want included."""
    waiting: int
    """Deliveries that failed, or wait behind one that did."""
    dead_letters: int


def consumer_states(connection: Connection) -> list[ConsumerState]:
    """Each consumer that has handled something, or has a subscription."""
    newest = newest_event(connection)
    waiting = {row.subscription_id: row.deliveries for row in connection.execute(_WAITING)}
    dead = {row.subscription_id: row.deliveries for row in connection.execute(_GIVEN_UP)}
    return [
        ConsumerState(name, max(0, newest - number), waiting.get(name, 0), dead.get(name, 0))
        for name, number in connection.execute(_POSITIONS)
    ]
