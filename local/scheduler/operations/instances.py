# ruff: noqa: A001, A002 -- input is the protocol's word
"""Operations of clients on orchestrations."""

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
from local.scheduler.operations.completion import finish, remove_instance
from local.scheduler.operations.context import OperationContext
from local.scheduler.operations.limits import check_id, check_size
from local.scheduler.protocol import events
from local.scheduler.protocol.wire import join_events, micros, optional_text, pb
from local.scheduler.store.rows import TERMINAL, InboxKind, Instance, Status

AT_WORK = frozenset(Status) - TERMINAL


def require(context: OperationContext, hub: int, instance_id: str) -> Instance:
    """The instance; raises InstanceNotFound."""
    row = context.store.find_instance(hub, instance_id)
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


def start(context: OperationContext, hub: int, request: pb.CreateInstanceRequest) -> Instance:
    """Starts an orchestration; raises InstanceExists, BadRequest or MessageTooLarge."""
    if not request.name:
        raise BadRequest("An orchestration needs a name.")
    if request.instanceId.startswith("@"):
        raise BadRequest("Instance ids that begin with '@' are reserved for entities.")
    instance_id = request.instanceId or uuid4().hex
    check_reuse(request.orchestrationIdReusePolicy.replaceableStatus)
    input = optional_text(request, "input")
    check_size(context, f"The input of '{instance_id}'", input)
    check_size(context, "The tags", *request.tags, *request.tags.values())
    existing = context.store.find_instance(hub, instance_id)
    if existing is not None:
        if existing.status not in request.orchestrationIdReusePolicy.replaceableStatus:
            raise InstanceExists(instance_id, Status(existing.status).name.lower())
        remove_instance(context, existing)
    else:
        check_id(instance_id)
    return context.create_instance(
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


def restart(context: OperationContext, hub: int, instance_id: str, *, new_id: bool) -> str:
    """Runs an orchestration again with the same name, input, version and tags; returns the instance id.

    Under a new id it may still be running. Raises NotFinished when it is, and would have to make room for itself.
    """
    row = require(context, hub, instance_id)
    if not (row.ended or new_id):
        raise NotFinished(instance_id, Status(row.status).name.lower())
    input = context.store.payload(row.key).input
    target = uuid4().hex if new_id else instance_id
    if not new_id:
        remove_instance(context, row)
    context.create_instance(
        hub=hub,
        instance_id=target,
        name=row.name,
        version=row.version,
        input=input,
        tags=json.loads(row.tags) if row.tags else None,
    )
    return target


def raise_event(context: OperationContext, row: Instance, name: str, input: str | None) -> None:
    """Puts an external event into the inbox; an instance that has ended ignores it."""
    if not row.ended:
        context.post(row, events.event_raised(context.now, name, input))


def suspend(context: OperationContext, row: Instance, reason: str | None) -> None:
    """Asks an instance to pause."""
    check_size(context, "The reason", reason)
    if not row.ended and row.status != Status.SUSPENDED:
        context.post(row, events.suspended(context.now, reason), InboxKind.SUSPEND)


def resume(context: OperationContext, row: Instance, reason: str | None) -> None:
    """Asks an instance to go on."""
    check_size(context, "The reason", reason)
    if not row.ended:
        context.post(row, events.resumed(context.now, reason), InboxKind.RESUME)


def terminate(context: OperationContext, row: Instance, output: str | None, *, recursive: bool) -> None:
    """Asks an instance (and what it has started) to end. One that has not begun ends here and now."""
    if row.ended:
        return
    if recursive:
        for child in context.store.children(row.key):
            terminate(context, child, output, recursive=True)
    if row.delayed:
        end_now(context, row, output)
        return
    kind = InboxKind.TERMINATE_RECURSIVE if recursive else InboxKind.TERMINATE
    context.post(row, events.terminated(context.now, output, recursive), kind)


def end_now(context: OperationContext, row: Instance, output: str | None) -> None:
    """Ends an instance without asking a worker."""
    context.store.append_history(
        row.key,
        join_events(
            (
                events.terminated(context.now, output, recurse=False),
                events.execution_completed(context.now, Status.TERMINATED, output, None),
            )
        ),
    )
    context.store.save_instance(finish(context, row, Status.TERMINATED, output, None))


def rewind(
    context: OperationContext, row: Instance, reason: str | None, *, parent_execution_id: str | None = None
) -> None:
    """Makes a failed instance forget its failures and go on; raises NotFailed.

    The worker rewrites the history. Until it has, `rewinding` keeps all other events back: the worker accepts the
    rewind only alone, and only while the history still ends with the failure.
    """
    check_size(context, "The reason", reason)
    if row.status != Status.FAILED:
        raise NotFailed(row.id, Status(row.status).name.lower())
    context.store.forget_lost_deliveries_of(row.key)
    row = row._replace(status=Status.RUNNING, rewinding=1, completed_at=None, updated_at=context.now)
    context.store.save_instance(row)
    context.store.save_result(row.key, None, None)
    context.post(row, events.rewound(context.now, reason, parent_execution_id), InboxKind.REWIND)


def purge(context: OperationContext, row: Instance, *, recursive: bool) -> int:
    """Deletes an instance that has ended (and what it had started); returns how many were deleted."""
    if not row.ended:
        return 0
    count = 1
    if recursive:
        for child in context.store.children(row.key):
            count += purge(context, child, recursive=True)
    remove_instance(context, row)
    return count
