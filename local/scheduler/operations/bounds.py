"""What the managed service does not take: such ids stay out, wherever they come from.

A client's request is refused. An id that arises inside a turn fails the instance, and one in an entity's answer fails
the batch: a worker reports once, so a refusal of its report would leave the work where it is.
"""

from collections.abc import Iterable

from local.scheduler.errors import BadRequest
from local.scheduler.operations.unit import Unit
from local.scheduler.runtime import events
from local.scheduler.runtime.turn import Outcome
from local.scheduler.store.rows import Instance
from local.scheduler.wire import pb

MAX_ID = 100  # characters


def check_id(instance_id: str) -> None:
    """Raises BadRequest for an instance or entity id that the managed service would not take."""
    if len(instance_id) > MAX_ID:
        raise BadRequest(_too_long(instance_id))


def fault_in_turn(unit: Unit, row: Instance, outcome: Outcome) -> pb.TaskFailureDetails | None:
    """Why this turn cannot be carried out, if it cannot."""
    return _id_fault(unit, row.hub, _ids_in_turn(row, outcome))


def fault_in_batch(unit: Unit, hub: int, result: pb.EntityBatchResult) -> pb.TaskFailureDetails | None:
    """Why this answer of an entity cannot be taken, if it cannot."""
    return _id_fault(unit, hub, _ids_in_batch(result))


def _too_long(instance_id: str) -> str:
    return (
        f"The id '{instance_id[:40]}…' has {len(instance_id):,} characters: "
        f"ids of instances and entities have at most {MAX_ID}."
    )


def _id_fault(unit: Unit, hub: int, ids: Iterable[str]) -> pb.TaskFailureDetails | None:
    for instance_id in ids:
        if len(instance_id) > MAX_ID and not _exists(unit, hub, instance_id):
            return events.failure_details("InvalidArgument", _too_long(instance_id))
    return None


def _exists(unit: Unit, hub: int, instance_id: str) -> bool:
    # A database may hold longer ids from before there was a limit: they are served to their end.
    if instance_id.startswith("@"):
        return unit.store.find_entity(hub, instance_id) is not None
    return unit.store.find_instance(hub, instance_id) is not None


def _ids_in_turn(row: Instance, outcome: Outcome) -> Iterable[str]:
    for child in outcome.children:
        yield child.id_for(row.id)
    for message in outcome.messages:
        yield message.instance_id
    for action in outcome.terminations:
        yield action.instanceId
    for sent in outcome.entity_messages:
        yield sent.entityOperationSignaled.targetInstanceId.value
        yield sent.entityOperationCalled.targetInstanceId.value
        yield from sent.entityLockRequested.lockSet


def _ids_in_batch(result: pb.EntityBatchResult) -> Iterable[str]:
    for action in result.actions:
        yield action.sendSignal.instanceId
        yield action.startNewOrchestration.instanceId
