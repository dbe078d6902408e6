"""Makes, changes and deletes subscriptions. Each command runs inside one transaction.

All lock the subscription first, then its row in `consumer`, then the desk log, as the deliveries do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, delete, func, insert, select, update

from casebook.case_log.desk_chain import Changed
from casebook.commands.delivery_order import put_in_order
from casebook.commands.desk_log import log_change
from casebook.errors import (
    DeadLetterNotFound,
    FieldNotNull,
    LastSecret,
    SecretNotFound,
    SequenceAhead,
    SubscriptionChanged,
    TooManySecrets,
    TooManySubscriptions,
)
from casebook.queries.domain_events import newest_event
from casebook.queries.subscriptions import (
    read_subscription,
    secrets_of,
    subscription_row,
    subscription_values,
)
from casebook.schema.base import PlainRow, StorableText, table_of
from casebook.schema.deliveries import DeadLetterRow, PendingDeliveryRow, SubscriptionRow, SubscriptionSecretRow
from casebook.schema.domain_events import ConsumerRow, DomainEventRow
from contracts.hashing import canonical_json
from contracts.subscriptions import (
    MAX_SECRETS,
    MAX_SUBSCRIPTIONS,
    CreatedSubscription,
    EventNames,
    IssuedSecret,
    NewSubscription,
    Subscription,
    SubscriptionChange,
)

_SUBSCRIPTIONS, _SECRETS = table_of(SubscriptionRow), table_of(SubscriptionSecretRow)
_PENDING, _DEAD, _CONSUMERS = table_of(PendingDeliveryRow), table_of(DeadLetterRow), table_of(ConsumerRow)
_EVENTS = table_of(DomainEventRow)
_OF, _FROM = bindparam("of_subscription", type_=StorableText), bindparam("from_number", type_=BigInteger)
_UPDATE = update(_SUBSCRIPTIONS).where(_SUBSCRIPTIONS.c.subscription_id == _OF)
_COUNT = select(func.count()).select_from(_SUBSCRIPTIONS)
_CONSUMER = select(_CONSUMERS.c.number).where(_CONSUMERS.c.name == _OF).with_for_update()
_BEGIN_AT = (
    update(_CONSUMERS).where(_CONSUMERS.c.name == _OF).values(number=_FROM - 1, lease_owner=None, lease_until=None)
)
_LET_GO = update(_CONSUMERS).where(_CONSUMERS.c.name == _OF).values(lease_owner=None, lease_until=None)
_FORGET = delete(_PENDING).where(
    _PENDING.c.subscription_id == _OF, _PENDING.c.number == bindparam("of_number", type_=BigInteger)
)
_UNNAMED = (
    select(_PENDING.c.number, _PENDING.c.subject)
    .join(_EVENTS, _EVENTS.c.number == _PENDING.c.number)
    .where(_PENDING.c.subscription_id == _OF, _EVENTS.c.type.not_in(bindparam("names", expanding=True)))
)
_AFRESH: Mapping[str, Any] = {"outages": 0, "retry_at": None}
"""A receiver that was left alone is tried at once."""


@dataclass(frozen=True)
class NewSecret:
    """A secret that was drawn, to be put on record."""

    secret_id: str
    secret: str


def create_subscription(
    connection: Connection, subscription_id: str, new: NewSubscription, secret: NewSecret, actor: str, now: datetime
) -> CreatedSubscription:
    """Make a subscription with its first secret. Raises TooManySubscriptions, SequenceAhead."""
    if connection.execute(_COUNT).scalar_one() >= MAX_SUBSCRIPTIONS:
        raise TooManySubscriptions(MAX_SUBSCRIPTIONS)
    following = newest_event(connection) + 1
    first = new.from_sequence or following
    if first > following:
        raise SequenceAhead("from_sequence", following)
    row = {
        "subscription_id": subscription_id,
        "revision": 1,
        "url": new.url,
        "description": new.description,
        "events": _written(new.events),
        "state": "active",
        "created_by": actor,
        "created_at": now,
        "changed_at": now,
        "outages": 0,
    }
    connection.execute(insert(_SUBSCRIPTIONS), row)
    connection.execute(insert(_CONSUMERS), {"name": subscription_id, "number": first - 1})
    _put_secret(connection, subscription_id, secret, now)
    made = subscription_row(connection, subscription_id)
    after = subscription_values(made, [secret.secret_id])
    log_change(connection, Changed(now, actor, "subscription_created", subscription_id, None, after))
    return CreatedSubscription(
        subscription=read_subscription(connection, made),
        secret=IssuedSecret(secret_id=secret.secret_id, secret=secret.secret),
    )


def change_subscription(
    connection: Connection,
    subscription_id: str,
    revision: int | None,
    change: SubscriptionChange,
    actor: str,
    now: datetime,
) -> Subscription:
    """Change what `change` names. `revision`: what whoever changes it has seen; None: whatever it is.

    What waits and is of none of its events any more is not sent.

    Raises SubscriptionNotFound, SubscriptionChanged, FieldNotNull.
    """
    row = _locked(connection, subscription_id, revision)
    columns: dict[str, Any] = {name: getattr(change, name) for name in change.model_fields_set}
    for name in ("url", "description", "state"):
        if columns.get(name, "") is None:
            raise FieldNotNull(name)
    if "events" in columns:
        columns["events"] = _written(change.events)
    if "state" in columns:
        columns["paused_because"] = "person" if change.state == "paused" else None
    columns = {name: value for name, value in columns.items() if getattr(row, name) != value}
    if not columns:
        return read_subscription(connection, row)
    if {"url", "state"} & columns.keys():
        columns |= _AFRESH
    if "events" in columns:
        _forget_unnamed(connection, subscription_id, change.events, now)
    changed = _write(connection, row, columns, actor, now)
    return read_subscription(connection, changed)


def _forget_unnamed(connection: Connection, subscription_id: str, names: EventNames, now: datetime) -> None:
    """What waits is sent only if it is of these names."""
    of = {"of_subscription": subscription_id}
    # Whoever delivers just now chose by other names: it finds its lease gone, and writes nothing of what it did.
    connection.execute(_LET_GO, of)
    if names is None:
        return
    unnamed = connection.execute(_UNNAMED, {**of, "names": names}).all()
    if unnamed:
        connection.execute(_FORGET, [{**of, "of_number": each.number} for each in unnamed])
        put_in_order(connection, subscription_id, {each.subject for each in unnamed}, now)


def pause_gone(connection: Connection, row: PlainRow, now: datetime) -> None:
    """The receiver of a locked subscription said that it is gone for good."""
    _write(connection, row, {"state": "paused", "paused_because": "gone"}, "system", now)


def delete_subscription(
    connection: Connection, subscription_id: str, revision: int | None, actor: str, now: datetime
) -> None:
    """Delete a subscription, with what waits for it. Raises SubscriptionNotFound, SubscriptionChanged."""
    row = _locked(connection, subscription_id, revision)
    before = _values(connection, row)
    of = {"of_subscription": subscription_id}
    for table in (_SECRETS, _PENDING, _DEAD, _SUBSCRIPTIONS):
        connection.execute(delete(table).where(table.c.subscription_id == _OF), of)
    connection.execute(delete(_CONSUMERS).where(_CONSUMERS.c.name == _OF), of)
    log_change(connection, Changed(now, actor, "subscription_deleted", subscription_id, before, None))


def add_secret(
    connection: Connection, subscription_id: str, secret: NewSecret, actor: str, now: datetime
) -> IssuedSecret:
    """Sign with one more secret from now on. Raises SubscriptionNotFound, TooManySecrets."""
    row = _locked(connection, subscription_id, None)
    before = _values(connection, row)
    if len(before["secrets"]) >= MAX_SECRETS:
        raise TooManySecrets(MAX_SECRETS)
    _put_secret(connection, subscription_id, secret, now)
    _write(connection, row, {}, actor, now, before)
    return IssuedSecret(secret_id=secret.secret_id, secret=secret.secret)


def remove_secret(connection: Connection, subscription_id: str, secret_id: str, actor: str, now: datetime) -> None:
    """Sign no longer with a secret. Raises SubscriptionNotFound, SecretNotFound, LastSecret."""
    row = _locked(connection, subscription_id, None)
    before = _values(connection, row)
    if secret_id not in before["secrets"]:
        raise SecretNotFound(secret_id)
    if len(before["secrets"]) == 1:
        raise LastSecret
    connection.execute(delete(_SECRETS).where(_SECRETS.c.secret_id == secret_id))
    _write(connection, row, {}, actor, now, before)


def replay(connection: Connection, subscription_id: str, first: int, actor: str, now: datetime) -> Subscription:
    """Send everything from this event on, again or for the first time. What waits or was given up of it is in that.

    Raises SubscriptionNotFound, SequenceAhead.
    """
    _locked(connection, subscription_id, None)
    of = {"of_subscription": subscription_id, "from_number": first}
    handled = connection.execute(_CONSUMER, of).scalar_one()
    if first > handled + 1:
        raise SequenceAhead("from_sequence", handled + 1)
    for table in (_PENDING, _DEAD):
        connection.execute(delete(table).where(table.c.subscription_id == _OF, table.c.number >= _FROM), of)
    # Whoever delivers just now finds its lease gone, and writes nothing of what it did.
    connection.execute(_BEGIN_AT, of)
    connection.execute(_UPDATE.values(_AFRESH), of)
    log_change(
        connection,
        Changed(now, actor, "events_replayed", subscription_id, {"handled": handled}, {"handled": first - 1}),
    )
    return read_subscription(connection, subscription_row(connection, subscription_id))


def resend(
    connection: Connection, subscription_id: str, numbers: Sequence[int] | None, actor: str, now: datetime
) -> Subscription:
    """Try dead letters again, for three days more; None: all. Raises SubscriptionNotFound, DeadLetterNotFound."""
    _locked(connection, subscription_id, None)
    chosen = (_DEAD.c.subscription_id == subscription_id,)
    if numbers is not None:
        chosen = (*chosen, _DEAD.c.number.in_(sorted(set(numbers))))
    rows = connection.execute(select(_DEAD.c.number, _DEAD.c.subject).where(*chosen)).all()
    missing = set(numbers or ()) - {row.number for row in rows}
    if missing:
        raise DeadLetterNotFound(min(missing))
    if rows:
        again = [
            {"subscription_id": subscription_id, "number": row.number, "subject": row.subject, "attempts": 0}
            for row in rows
        ]
        connection.execute(insert(_PENDING), again)
        connection.execute(delete(_DEAD).where(*chosen))
        put_in_order(connection, subscription_id, {row.subject for row in rows}, now)
        connection.execute(_UPDATE.values(_AFRESH), {"of_subscription": subscription_id})
        said = {"dead_letters": len(rows), "first": min(row.number for row in rows)}
        log_change(connection, Changed(now, actor, "dead_letters_resent", subscription_id, said, None))
    return read_subscription(connection, subscription_row(connection, subscription_id))


def drop_dead_letter(connection: Connection, subscription_id: str, number: int, actor: str, now: datetime) -> None:
    """Forget a dead letter. Raises SubscriptionNotFound, DeadLetterNotFound."""
    _locked(connection, subscription_id, None)
    it = (_DEAD.c.subscription_id == subscription_id, _DEAD.c.number == number)
    dropped = connection.execute(select(_DEAD).where(*it)).first()
    if dropped is None:
        raise DeadLetterNotFound(number)
    connection.execute(delete(_DEAD).where(*it))
    said = {"number": number, "subject": dropped.subject, "attempts": dropped.attempts}
    log_change(connection, Changed(now, actor, "dead_letter_dropped", subscription_id, said, None))


def _locked(connection: Connection, subscription_id: str, revision: int | None) -> PlainRow:
    row = subscription_row(connection, subscription_id, locked=True)
    if revision is not None and row.revision != revision:
        raise SubscriptionChanged(subscription_id, row.revision)
    return row


def _written(events: EventNames) -> str | None:
    return None if events is None else canonical_json(sorted(set(events)))


def _put_secret(connection: Connection, subscription_id: str, secret: NewSecret, now: datetime) -> None:
    row = {"secret_id": secret.secret_id, "secret": secret.secret, "created_at": now}
    connection.execute(insert(_SECRETS), {**row, "subscription_id": subscription_id})


def _values(connection: Connection, row: PlainRow) -> dict[str, Any]:
    return subscription_values(row, [each.secret_id for each in secrets_of(connection, row.subscription_id)])


def _write(
    connection: Connection,
    row: PlainRow,
    columns: Mapping[str, Any],
    actor: str,
    now: datetime,
    before: Mapping[str, Any] | None = None,
) -> PlainRow:
    """Change columns of a locked row, and log what is different. `before`: what it was, where more was changed."""
    before = before or _values(connection, row)
    values = {**columns, "revision": row.revision + 1, "changed_at": now}
    connection.execute(_UPDATE.values(values), {"of_subscription": row.subscription_id})
    changed = subscription_row(connection, row.subscription_id)
    log_change(
        connection,
        Changed(now, actor, "subscription_changed", row.subscription_id, before, _values(connection, changed)),
    )
    return changed
