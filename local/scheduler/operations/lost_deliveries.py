"""Counts lost deliveries of work, and gives work up that had too many."""

import json

from local.scheduler.operations import activities, entities, turns
from local.scheduler.operations.context import OperationContext, log
from local.scheduler.operations.turns import Turn
from local.scheduler.protocol import events
from local.scheduler.protocol.wire import pb
from local.scheduler.store.rows import Kind, LostDelivery


def record(context: OperationContext, kind: Kind, key: int, times: int, worker: str, *, given_up: bool = False) -> None:
    """Remembers that a worker was lost with this work, for the `times`th time."""
    subject = _subject(context, kind, key)
    if subject is not None:
        hub, owner, owner_id, name = subject
        context.store.save_lost_delivery(
            LostDelivery(kind, key, hub, owner, owner_id, name, times, worker, context.now, int(given_up))
        )


def give_up(
    context: OperationContext, kind: Kind, key: int, attempt: int, turn: Turn | None, times: int, worker: str
) -> None:
    """Fails work that no worker has survived, so that nobody gets it again."""
    record(context, kind, key, times, worker, given_up=True)
    if kind is Kind.ACTIVITY:
        _give_up_activity(context, key, attempt, times)
    elif kind is Kind.ENTITY:
        _give_up_batch(context, key, attempt, times)
    elif turn is not None:
        row = context.store.instance(key)
        if row is not None:
            turns.fail_turn(
                context, turn, deliveries_exhausted(f"The next turn of orchestration instance '{row.id}'", times)
            )


def deliveries_exhausted(what: str, times: int) -> pb.TaskFailureDetails:
    """The failure of work that was given up."""
    return events.failure_details(
        "DeliveriesExhausted", f"{what} was handed out {times} times and no worker completed it: each was lost with it."
    )


def _give_up_activity(context: OperationContext, key: int, attempt: int, times: int) -> None:
    row = context.store.activity(key)
    if row is None:
        return
    failure = deliveries_exhausted(f"Activity '{row.name}'", times)
    log.error("%s", failure.errorMessage)
    activities.fail(context, key, attempt, failure)


def _give_up_batch(context: OperationContext, key: int, attempt: int, times: int) -> None:
    entity = context.store.entity(key)
    if entity is None or entity.batch is None:
        return
    names = sorted({_operation(op.event) for op in context.store.ops_by_key(json.loads(entity.batch))})
    failure = deliveries_exhausted(f"{', '.join(names)} of entity '{entity.id}'", times)
    log.error("%s Signals among them are dropped.", failure.errorMessage)
    entities.complete_batch(context, key, attempt, pb.EntityBatchResult(failureDetails=failure))


def _operation(event: bytes) -> str:
    found = pb.HistoryEvent.FromString(event)
    return f"'{found.entityOperationCalled.operation or found.entityOperationSignaled.operation}'"


def _subject(context: OperationContext, kind: Kind, key: int) -> tuple[int, int, str, str] | None:
    """(hub, owner's key, owner's id, name) of work; None when it is gone."""
    if kind is Kind.ENTITY:
        entity = context.store.entity(key)
        return None if entity is None else (entity.hub, entity.key, entity.id, entities.entity_name(entity.id))
    activity = context.store.activity(key) if kind is Kind.ACTIVITY else None
    if kind is Kind.ACTIVITY and activity is None:
        return None
    row = context.store.instance(activity.instance if activity is not None else key)
    if row is None:
        return None
    return row.hub, row.key, row.id, row.name if activity is None else activity.name
