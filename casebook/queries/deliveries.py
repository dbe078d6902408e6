"""Reads what is to be delivered to subscriptions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, exists, func, or_, select

from casebook.queries.domain_events import NEWEST, cloud_event, newest_event
from casebook.queries.subscriptions import events_of, secrets_of
from casebook.schema.base import PlainRow, StorableText, table_of
from casebook.schema.deliveries import PendingDeliveryRow, SubscriptionRow
from casebook.schema.domain_events import ConsumerRow, DomainEventRow
from contracts.domain_events import CloudEvent

MAX_WAITING = 1_000
"""New events are not read while so many deliveries of a subscription wait."""
NEW_AT_ONCE = 100
DUE_AT_ONCE = 50

_SUBSCRIPTIONS, _PENDING = table_of(SubscriptionRow), table_of(PendingDeliveryRow)
_CONSUMERS, _EVENTS = table_of(ConsumerRow), table_of(DomainEventRow)
_OF = bindparam("of_subscription", type_=StorableText)
_WAITING = select(func.count()).where(_PENDING.c.subscription_id == _OF)
_HEADS = (
    select(_PENDING.c.attempts, _PENDING.c.first_tried_at, _EVENTS)
    .join(_EVENTS, _EVENTS.c.number == _PENDING.c.number)
    .where(_PENDING.c.subscription_id == _OF, _PENDING.c.due_at.is_not(None))
)
_DUE = _HEADS.where(_PENDING.c.due_at <= bindparam("now")).order_by(_PENDING.c.due_at, _PENDING.c.number)
_OLDEST = _HEADS.order_by(_PENDING.c.number).limit(1)
# What is published while a batch is put together belongs to the next one.
_NEW = (
    select(_EVENTS)
    .where(_EVENTS.c.number > bindparam("after"), _EVENTS.c.number <= bindparam("newest"))
    .order_by(_EVENTS.c.number)
)
_NAMED = _EVENTS.c.type.in_(bindparam("names", expanding=True))
_POSITION = select(_CONSUMERS.c.number).where(_CONSUMERS.c.name == _OF)
_SUBJECTS = select(_PENDING.c.subject).where(
    _PENDING.c.subscription_id == _OF, _PENDING.c.subject.in_(bindparam("subjects", expanding=True))
)


@dataclass(frozen=True)
class Delivery:
    """An event that is to be delivered."""

    number: int
    event: CloudEvent
    attempts: int = 0
    """How often it failed."""
    first_tried_at: datetime | None = None


@dataclass(frozen=True)
class DeliveryBatch:
    """What is to be sent to a subscription at once."""

    subscription_id: str
    url: str
    secrets: tuple[str, ...]
    outages: int
    """How often the receiver could not be reached at all since it last could. Then one event tries whether it can."""
    due: tuple[Delivery, ...]
    """At most one of a subject."""
    new: tuple[Delivery, ...]
    waiting: frozenset[str]
    """Subjects of new events of which earlier ones wait."""
    reached: int
    """The number up to which everything is handled once this batch is on record."""


def subscriptions_with_work(connection: Connection, owner: str, now: datetime) -> list[str]:
    """Those to which something is to be sent, and to which no other process delivers."""
    _is = _PENDING.c.subscription_id == _SUBSCRIPTIONS.c.subscription_id
    is_behind = _CONSUMERS.c.number < NEWEST.scalar_subquery()
    has_room = select(func.count()).where(_is).scalar_subquery() < MAX_WAITING
    found = (
        select(_SUBSCRIPTIONS.c.subscription_id)
        .join(_CONSUMERS, _CONSUMERS.c.name == _SUBSCRIPTIONS.c.subscription_id)
        .where(
            _SUBSCRIPTIONS.c.state == "active",
            or_(_SUBSCRIPTIONS.c.retry_at.is_(None), _SUBSCRIPTIONS.c.retry_at <= now),
            free_for(owner, now),
            or_(is_behind & has_room, exists().where(_is, _PENDING.c.due_at <= now)),
        )
    )
    return [*connection.scalars(found)]


def free_for(owner: str, now: datetime) -> ColumnElement[bool]:
    """Whether a consumer has no process that delivers to it, or this one."""
    columns = _CONSUMERS.c
    return or_(columns.lease_until.is_(None), columns.lease_until <= now, columns.lease_owner == owner)


def delivery_batch(connection: Connection, row: PlainRow, source: str, now: datetime) -> DeliveryBatch:
    """What is to be sent to this subscription now; `source` says who sends it."""
    of = {"of_subscription": row.subscription_id}
    newest = newest_event(connection)
    position = connection.execute(_POSITION, of).scalar_one()
    due = connection.execute(_OLDEST if row.outages else _DUE.limit(DUE_AT_ONCE), {**of, "now": now}).all()
    new: Sequence[PlainRow] = ()
    limit = 1 if row.outages else NEW_AT_ONCE
    if not (row.outages and due) and connection.execute(_WAITING, of).scalar_one() < MAX_WAITING:
        names = events_of(row)
        chosen = _NEW if names is None else _NEW.where(_NAMED)
        between = {"after": position, "newest": newest}
        new = connection.execute(chosen.limit(limit), {**between, "names": names or ()}).all()
        position = new[-1].number if len(new) == limit else newest
    return DeliveryBatch(
        subscription_id=row.subscription_id,
        url=row.url,
        secrets=tuple(each.secret for each in secrets_of(connection, row.subscription_id)),
        outages=row.outages,
        due=tuple(Delivery(each.number, cloud_event(source, each), each.attempts, each.first_tried_at) for each in due),
        new=tuple(Delivery(each.number, cloud_event(source, each)) for each in new),
        waiting=_waiting_subjects(connection, row.subscription_id, {each.subject for each in new}),
        reached=position,
    )


def _waiting_subjects(connection: Connection, subscription_id: str, subjects: Collection[str]) -> frozenset[str]:
    if not subjects:
        return frozenset()
    of = {"of_subscription": subscription_id, "subjects": sorted(subjects)}
    return frozenset(connection.scalars(_SUBJECTS, of))
