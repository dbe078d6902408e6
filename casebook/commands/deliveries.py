"""Puts on record what was delivered to a subscription. Each command runs inside one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, update

from casebook.commands.consumers import advance_leased, release_lease, take_lease
from casebook.commands.delivery_order import put_in_order
from casebook.commands.identity import identity_of
from casebook.commands.subscriptions import pause_gone
from casebook.database.upserts import upsert
from casebook.errors import SubscriptionNotFound
from casebook.queries.deliveries import Delivery, DeliveryBatch, delivery_batch
from casebook.queries.subscriptions import subscription_row
from casebook.schema.base import table_of
from casebook.schema.deliveries import DeadLetterRow, PendingDeliveryRow, SubscriptionRow

_SUBSCRIPTIONS = table_of(SubscriptionRow)
_PENDING, _DEAD = table_of(PendingDeliveryRow), table_of(DeadLetterRow)
_UPDATE = update(_SUBSCRIPTIONS).where(_SUBSCRIPTIONS.c.subscription_id == bindparam("of_subscription"))
_ENDED = delete(_PENDING).where(
    _PENDING.c.subscription_id == bindparam("of_subscription"),
    _PENDING.c.number.in_(bindparam("numbers", expanding=True)),
)


@dataclass(frozen=True)
class Failure:
    """A delivery that failed."""

    delivery: Delivery
    first_tried_at: datetime
    fault: str
    """One sentence."""
    retry_at: datetime | None
    """When it is tried again; None: it is given up."""


@dataclass(frozen=True)
class DeliveryResult:
    """The result of a batch."""

    delivered: Sequence[Delivery]
    failed: Sequence[Failure]
    unsent: Sequence[Delivery]
    """New ones that were not tried: an earlier one of their subject waits, or there was no time left."""
    gone: bool
    """Whether the receiver said that it is gone for good."""
    outage_until: datetime | None
    """Until when the receiver is left alone, which could not be reached at all."""


def take_batch(
    connection: Connection, subscription_id: str, owner: str, now: datetime, lease: timedelta
) -> DeliveryBatch | None:
    """What is to be sent now, by `owner` only for the time of the lease. None: nothing, or by another process.

    Nothing: then the events that do not concern this subscription are behind it, and nobody has the lease.
    """
    if not take_lease(connection, subscription_id, owner, now, now + lease):
        return None
    row = subscription_row(connection, subscription_id)
    if row.state == "active" and (row.retry_at is None or row.retry_at <= now):
        batch = delivery_batch(connection, row, f"urn:casewright:{identity_of(connection)}", now)
        if batch.due or batch.new:
            return batch
        advance_leased(connection, subscription_id, owner, batch.reached)
    release_lease(connection, subscription_id, owner)
    return None


def record_batch(
    connection: Connection, batch: DeliveryBatch, result: DeliveryResult, owner: str, now: datetime
) -> bool:
    """Put the result of a batch on record. False, and nothing is: `owner` does not deliver to it any more."""
    try:
        row = subscription_row(connection, batch.subscription_id, locked=True)
    except SubscriptionNotFound:
        return False
    if not advance_leased(connection, batch.subscription_id, owner, batch.reached):
        return False
    given_up = [each for each in result.failed if each.retry_at is None]
    _delete_pending(connection, batch, [*result.delivered, *(each.delivery for each in given_up)])
    _put_pending(connection, batch, result)
    if given_up:
        connection.execute(insert(_DEAD), [_dead_letter(batch, each, now) for each in given_up])
    touched = [*result.delivered, *result.unsent, *(each.delivery for each in result.failed)]
    put_in_order(connection, batch.subscription_id, {each.event.subject for each in touched}, now)
    _note(connection, batch, result, now)
    if result.gone and row.state == "active":
        pause_gone(connection, row, now)
    return True


def _delete_pending(connection: Connection, batch: DeliveryBatch, ended: Sequence[Delivery]) -> None:
    known = {each.number for each in batch.due}
    numbers = [each.number for each in ended if each.number in known]
    if numbers:
        connection.execute(_ENDED, {"of_subscription": batch.subscription_id, "numbers": numbers})


def _put_pending(connection: Connection, batch: DeliveryBatch, result: DeliveryResult) -> None:
    of = {"subscription_id": batch.subscription_id}
    rows = [
        {
            **of,
            "number": each.delivery.number,
            "subject": each.delivery.event.subject,
            "attempts": each.delivery.attempts + 1,
            "first_tried_at": each.first_tried_at,
            "due_at": each.retry_at,
        }
        for each in result.failed
        if each.retry_at is not None
    ]
    rows += [
        {
            **of,
            "number": each.number,
            "subject": each.event.subject,
            "attempts": 0,
            "first_tried_at": None,
            "due_at": None,
        }
        for each in result.unsent
    ]
    if rows:
        put = upsert(connection, _PENDING)
        columns = {name: put.excluded[name] for name in ("attempts", "first_tried_at", "due_at")}
        connection.execute(put.on_conflict_do_update(index_elements=["subscription_id", "number"], set_=columns), rows)


def _dead_letter(batch: DeliveryBatch, failure: Failure, now: datetime) -> dict[str, object]:
    return {
        "subscription_id": batch.subscription_id,
        "number": failure.delivery.number,
        "subject": failure.delivery.event.subject,
        "attempts": failure.delivery.attempts + 1,
        "first_tried_at": failure.first_tried_at,
        "given_up_at": now,
        "fault": failure.fault,
    }


def _note(connection: Connection, batch: DeliveryBatch, result: DeliveryResult, now: datetime) -> None:
    columns: dict[str, object] = {}
    if result.outage_until is not None:
        columns |= {"outages": batch.outages + 1, "retry_at": result.outage_until}
    elif result.delivered or result.failed:
        columns |= {"outages": 0, "retry_at": None}
    if result.delivered:
        columns |= {"delivered_at": now, "last_fault": None}
    if result.failed:
        columns["last_fault"] = result.failed[-1].fault
    if columns:
        connection.execute(_UPDATE.values(columns), {"of_subscription": batch.subscription_id})
