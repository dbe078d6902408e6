"""Reads subscriptions, how far each has come, and what was given up."""

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import JsonValue
from sqlalchemy import BigInteger, Connection, bindparam, cast, func, select

from casebook.errors import SubscriptionNotFound
from casebook.queries.cursors import page_length, read_cursor, write_cursor
from casebook.queries.domain_events import NEWEST
from casebook.schema.base import PlainRow, StorableText, table_of
from casebook.schema.deliveries import DeadLetterRow, PendingDeliveryRow, SubscriptionRow, SubscriptionSecretRow
from casebook.schema.domain_events import ConsumerRow, DomainEventRow
from contracts.domain_events import TYPE_PREFIX, EventName
from contracts.hashing import text_hash
from contracts.subscriptions import DeadLetter, DeadLetterPage, Progress, Subscription, SubscriptionSecret

_SUBSCRIPTIONS, _SECRETS = table_of(SubscriptionRow), table_of(SubscriptionSecretRow)
_PENDING, _DEAD = table_of(PendingDeliveryRow), table_of(DeadLetterRow)
_CONSUMERS, _EVENTS = table_of(ConsumerRow), table_of(DomainEventRow)

_OF = bindparam("of_subscription", type_=StorableText)
_ONE = select(_SUBSCRIPTIONS).where(_SUBSCRIPTIONS.c.subscription_id == _OF)
_ALL = select(_SUBSCRIPTIONS).order_by(_SUBSCRIPTIONS.c.created_at, _SUBSCRIPTIONS.c.subscription_id)
_SECRETS_OF = (
    select(_SECRETS).where(_SECRETS.c.subscription_id == _OF).order_by(_SECRETS.c.created_at, _SECRETS.c.secret_id)
)
_PROGRESS = select(
    select(_CONSUMERS.c.number).where(_CONSUMERS.c.name == _OF).scalar_subquery().label("handled"),
    NEWEST.scalar_subquery().label("newest"),
    select(func.count()).where(_PENDING.c.subscription_id == _OF).scalar_subquery().label("waiting"),
    select(func.min(_PENDING.c.due_at)).where(_PENDING.c.subscription_id == _OF).scalar_subquery().label("due_at"),
    select(func.count()).where(_DEAD.c.subscription_id == _OF).scalar_subquery().label("dead_letters"),
)
_DEAD_LETTERS = (
    select(_DEAD, _EVENTS.c.type)
    .join(_EVENTS, _EVENTS.c.number == _DEAD.c.number)
    .where(_DEAD.c.subscription_id == _OF, _DEAD.c.number > cast(bindparam("after"), BigInteger))
    .order_by(_DEAD.c.number)
)
_COUNT_DEAD = select(func.count()).where(_DEAD.c.subscription_id == _OF)


def subscription_row(connection: Connection, subscription_id: str, *, locked: bool = False) -> PlainRow:
    """The row of a subscription; nobody else changes a locked one. Raises SubscriptionNotFound."""
    row = connection.execute(_ONE.with_for_update() if locked else _ONE, {"of_subscription": subscription_id}).first()
    if row is None:
        raise SubscriptionNotFound(subscription_id)
    return row


def secrets_of(connection: Connection, subscription_id: str) -> Sequence[PlainRow]:
    """The secrets of a subscription, the oldest first."""
    return connection.execute(_SECRETS_OF, {"of_subscription": subscription_id}).all()


def read_subscription(connection: Connection, row: PlainRow) -> Subscription:
    """The subscription as admins see it: without its secrets."""
    progress = connection.execute(_PROGRESS, {"of_subscription": row.subscription_id}).one()
    return Subscription(
        subscription_id=row.subscription_id,
        revision=row.revision,
        url=row.url,
        description=row.description,
        events=events_of(row),
        state=row.state,
        paused_because=row.paused_because,
        secrets=tuple(
            SubscriptionSecret(secret_id=each.secret_id, created_at=each.created_at)
            for each in secrets_of(connection, row.subscription_id)
        ),
        created_by=row.created_by,
        created_at=row.created_at,
        changed_at=row.changed_at,
        progress=Progress(
            handled=progress.handled,
            newest=progress.newest,
            waiting=progress.waiting,
            dead_letters=progress.dead_letters,
            retry_at=row.retry_at or progress.due_at,
            last_fault=row.last_fault,
            delivered_at=row.delivered_at,
        ),
    )


def list_subscriptions(connection: Connection) -> tuple[Subscription, ...]:
    """All of them, the oldest first."""
    return tuple(read_subscription(connection, row) for row in connection.execute(_ALL).all())


def events_of(row: PlainRow) -> tuple[EventName, ...] | None:
    """The names of the events that are sent; None: all."""
    return None if row.events is None else tuple(json.loads(row.events))


def subscription_values(row: PlainRow, secret_ids: Sequence[str]) -> dict[str, JsonValue]:
    """What the desk log says of a subscription. Of its address only the host: a path may be a secret of the receiver.

    Raises ValueError when the row was tampered out of shape.
    """
    return {
        "host": urlsplit(str(row.url)).netloc,
        "url_hash": text_hash(row.url),
        "description": row.description,
        "events": None if row.events is None else json.loads(row.events),
        "state": row.state,
        "secrets": [*secret_ids],
    }


def list_dead_letters(connection: Connection, subscription_id: str, limit: int, cursor: str | None) -> DeadLetterPage:
    """One page of what was given up, the oldest event first. Raises SubscriptionNotFound, MalformedCursor."""
    subscription_row(connection, subscription_id)
    listed = f"dead letters of {subscription_id}"
    length = page_length(limit)
    of = {"of_subscription": subscription_id, "after": 0 if cursor is None else read_cursor(listed, cursor)}
    rows = connection.execute(_DEAD_LETTERS.limit(length + 1), of).all()
    return DeadLetterPage(
        items=tuple(
            DeadLetter(
                number=row.number,
                event_id=f"{row.number}-{row.type}",
                type=TYPE_PREFIX + row.type,
                subject=row.subject,
                attempts=row.attempts,
                first_tried_at=row.first_tried_at,
                given_up_at=row.given_up_at,
                fault=row.fault,
            )
            for row in rows[:length]
        ),
        next_cursor=write_cursor(listed, rows[length - 1].number) if len(rows) > length else None,
        total=connection.execute(_COUNT_DEAD, of).scalar_one(),
    )
