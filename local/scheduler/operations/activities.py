"""Activities: delivered, reclaimed, completed."""

from local.scheduler.operations.context import OperationContext, ReadyWork
from local.scheduler.operations.limits import size_failure, trim_failure
from local.scheduler.protocol import events
from local.scheduler.protocol.wire import optional_text, pb, text, to_bytes
from local.scheduler.store.rows import Activity, Instance


def schedule(context: OperationContext, row: Instance, task: int, action: pb.ScheduleTaskAction) -> None:
    """Adds an activity, or fails it at once when its input is too large."""
    too_large = size_failure(
        context, f"The input of activity '{action.name}'", optional_text(action, "input"), action.tags
    )
    if too_large is not None:
        context.post(row, events.task_failed(context.now, task, too_large), generation=row.generation)
        return
    request = pb.ActivityRequest(
        name=action.name,
        version=action.version if action.HasField("version") else None,
        input=action.input if action.HasField("input") else None,
        orchestrationInstance=pb.OrchestrationInstance(instanceId=row.id, executionId=text(row.execution_id)),
        taskId=task,
        parentTraceContext=action.parentTraceContext if action.HasField("parentTraceContext") else None,
        tags=action.tags,
    )
    body = to_bytes(request)
    version = optional_text(action, "version")
    key = context.store.next_key()
    context.store.insert_activity(
        Activity(key, row.hub, row.key, row.generation, task, action.name, version, body, 0, None, None)
    )
    context.effects.activities.append(ReadyWork(row.hub, key, action.name, version))


def lease(context: OperationContext, key: int, worker: int) -> tuple[int, bytes] | None:
    """Gives an activity to a worker: (attempt, serialized ActivityRequest); None when it is gone."""
    return context.store.lease_activity(key, worker, context.now)


def requeue(context: OperationContext, key: int, attempt: int) -> None:
    """Queues an activity again that its worker will not finish."""
    row = context.store.activity(key)
    if row is None or row.attempt != attempt:
        return
    context.store.release_activity(key)
    context.effects.activities.append(ReadyWork(row.hub, key, row.name, row.version))


def complete(context: OperationContext, key: int, attempt: int, response: pb.ActivityResponse) -> bool:
    """Stores an activity's result and hands it to the orchestration; False for a stale token."""
    row = context.store.finish_activity(key, attempt)
    if row is None:
        return False
    instance, generation, task = row
    result = optional_text(response, "result")
    failure = size_failure(context, "The result of the activity", result)
    if response.HasField("failureDetails"):
        failure = trim_failure(response.failureDetails, context.limits.payload)
    if failure is not None:
        event = events.task_failed(context.now, task, failure)
    else:
        event = events.task_completed(context.now, task, result)
    context.deliver(instance, generation, event)
    return True


def fail(context: OperationContext, key: int, attempt: int, failure: pb.TaskFailureDetails) -> None:
    """Ends an activity without its worker."""
    row = context.store.finish_activity(key, attempt)
    if row is not None:
        instance, generation, task = row
        context.deliver(instance, generation, events.task_failed(context.now, task, failure))
