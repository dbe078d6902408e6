# ruff: noqa: A001, A002 -- input is the protocol's word
"""What clients ask of orchestrations."""

import json
from collections.abc import Iterable
from uuid import uuid4

from local.scheduler.errors import (
    BadRequest,
    InstanceExists,
    InstanceNotFound,
    NotFailed,
    NotFinished,
)
from local.scheduler.operations.bounds import check_id, check_size
from local.scheduler.operations.unit import Unit
from local.scheduler.runtime import events
from local.scheduler.store.rows import TERMINAL, InboxKind, Instance, Status
from local.scheduler.wire import join_events, micros, optional_text, pb

AT_WORK = frozenset(Status) - TERMINAL


def require(unit: Unit, hub: int, instance_id: str) -> Instance:
    """The instance; raises InstanceNotFound."""
    row = unit.store.find_instance(hub, instance_id)
    if row is None:
        check_id(instance_id)
        raise InstanceNotFound(instance_id)
    return row


def check_reuse(replaceable: Iterable[int]) -> None:
    """Raises BadRequest for a policy that would contradict itself."""
    statuses = set(replaceable)
    unknown = sorted(statuses.difference(Status))
    if unknown:
        raise BadRequest(f"Invalid reusable statuses: {unknown[0]} is not a status of an orchestration.")
    if statuses & AT_WORK and Status.TERMINATED not in statuses:
        raise BadRequest(
            "Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of running instances, "
            "because the running instance is terminated first."
        )


def start(unit: Unit, hub: int, request: pb.CreateInstanceRequest) -> Instance:
    """Starts an orchestration; raises InstanceExists, BadRequest or MessageTooLarge."""
    if not request.name:
        raise BadRequest("An orchestration needs a name.")
    if request.instanceId.startswith("@"):
        raise BadRequest("Instance ids that begin with '@' are reserved for entities.")
    instance_id = request.instanceId or uuid4().hex
    check_reuse(request.orchestrationIdReusePolicy.replaceableStatus)
    input = optional_text(request, "input")
    check_size(unit, f"The input of '{instance_id}'", input)
    check_size(unit, "The tags", *request.tags, *request.tags.values())
    existing = unit.store.find_instance(hub, instance_id)
    if existing is not None:
        if existing.status not in request.orchestrationIdReusePolicy.replaceableStatus:
            raise InstanceExists(instance_id, Status(existing.status).name.lower())
        unit.remove_instance(existing)
    else:
        check_id(instance_id)
    return unit.create_instance(
        hub=hub,
        instance_id=instance_id,
        name=request.name,
        version=optional_text(request, "version"),
        input=input,
        tags=dict(request.tags),
        trace=request.parentTraceContext if request.HasField("parentTraceContext") else None,
        start_at=micros(request.scheduledStartTimestamp) if request.HasField("scheduledStartTimestamp") else None,
        execution_id=optional_text(request, "executionId"),
    )


def restart(unit: Unit, hub: int, instance_id: str, *, new_id: bool) -> str:
    """Runs an orchestration again with the same name, input, version and tags; returns the instance id.

    Under a new id it may still be running. Raises NotFinished when it is, and would have to make room for itself.
    """
    row = require(unit, hub, instance_id)
    if not (row.ended or new_id):
        raise NotFinished(instance_id, Status(row.status).name.lower())
    input = unit.store.payload(row.key).input
    target = uuid4().hex if new_id else instance_id
    if not new_id:
        unit.remove_instance(row)
    unit.create_instance(
        hub=hub,
        instance_id=target,
        name=row.name,
        version=row.version,
        input=input,
        tags=json.loads(row.tags) if row.tags else None,
    )
    return target


def raise_event(unit: Unit, row: Instance, name: str, input: str | None) -> None:
    """Puts an external event into the inbox; an instance that has ended ignores it."""
    if not row.ended:
        unit.post(row, events.event_raised(unit.now, name, input))


def suspend(unit: Unit, row: Instance, reason: str | None) -> None:
    """Asks an instance to pause."""
    check_size(unit, "The reason", reason)
    if not row.ended and row.status != Status.SUSPENDED:
        unit.post(row, events.suspended(unit.now, reason), InboxKind.SUSPEND)


def resume(unit: Unit, row: Instance, reason: str | None) -> None:
    """Asks an instance to go on."""
    check_size(unit, "The reason", reason)
    if not row.ended:
        unit.post(row, events.resumed(unit.now, reason), InboxKind.RESUME)


def terminate(unit: Unit, row: Instance, output: str | None, *, recursive: bool) -> None:
    """Asks an instance (and what it has started) to end. One that has not begun ends here and now."""
    if row.ended:
        return
    if recursive:
        for child in unit.store.children(row.key):
            terminate(unit, child, output, recursive=True)
    if row.delayed:
        end_now(unit, row, output)
        return
    kind = InboxKind.TERMINATE_RECURSIVE if recursive else InboxKind.TERMINATE
    unit.post(row, events.terminated(unit.now, output, recursive), kind)


def end_now(unit: Unit, row: Instance, output: str | None) -> None:
    """Ends an instance without asking a worker."""
    unit.store.append_history(
        row.key,
        join_events(
            (
                events.terminated(unit.now, output, recurse=False),
                events.execution_completed(unit.now, Status.TERMINATED, output, None),
            )
        ),
    )
    unit.store.save_instance(unit.finish(row, Status.TERMINATED, output, None))


def rewind(unit: Unit, row: Instance, reason: str | None, *, parent_execution_id: str | None = None) -> None:
    """Makes a failed instance forget its failures and go on; raises NotFailed.

    The worker rewrites the history. Until it has, `rewinding` keeps all other events back: the worker accepts the
    rewind only alone, and only while the history still ends with the failure.
    """
    check_size(unit, "The reason", reason)
    if row.status != Status.FAILED:
        raise NotFailed(row.id, Status(row.status).name.lower())
    unit.store.forget_lost_deliveries_of(row.key)
    row = row._replace(status=Status.RUNNING, rewinding=1, completed_at=None, updated_at=unit.now)
    unit.store.save_instance(row)
    unit.store.save_result(row.key, None, None)
    unit.post(row, events.rewound(unit.now, reason, parent_execution_id), InboxKind.REWIND)


def purge(unit: Unit, row: Instance, *, recursive: bool) -> int:
    """Deletes an instance that has ended (and what it had started); returns how many were deleted."""
    if not row.ended:
        return 0
    count = 1
    if recursive:
        for child in unit.store.children(row.key):
            count += purge(unit, child, recursive=True)
    unit.remove_instance(row)
    return count
