"""Activities: handed out, taken back, finished."""

from local.scheduler.operations.unit import Ready, Unit
from local.scheduler.runtime import events
from local.scheduler.store.rows import Activity, Instance
from local.scheduler.wire import optional_text, pb, text, to_bytes


def schedule(unit: Unit, row: Instance, task: int, action: pb.ScheduleTaskAction) -> None:
    """Adds an activity, or fails it at once when no worker could receive it."""
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
    if len(body) > unit.limits.payload:
        failure = events.failure_details(
            "MessageTooLarge",
            f"The input of activity '{action.name}' has {len(body):,} bytes, more than a worker can receive "
            f"({unit.limits.message:,}): pass less, or use a payload store.",
        )
        unit.post(row, events.task_failed(unit.now, task, failure), generation=row.generation)
        return
    version = optional_text(action, "version")
    key = unit.store.next_key()
    unit.store.insert_activity(
        Activity(key, row.hub, row.key, row.generation, task, action.name, version, body, 0, None, None)
    )
    unit.changes.activities.append(Ready(row.hub, key, action.name, version))


def lease(unit: Unit, key: int, worker: int) -> tuple[int, bytes] | None:
    """Gives an activity to a worker: (attempt, serialized ActivityRequest); None when it is gone."""
    return unit.store.lease_activity(key, worker, unit.now)


def take_back(unit: Unit, key: int, attempt: int) -> None:
    """Puts an activity in line again that its worker will not finish."""
    row = unit.store.activity(key)
    if row is None or row.attempt != attempt:
        return
    unit.store.release_activity(key)
    unit.changes.activities.append(Ready(row.hub, key, row.name, row.version))


def complete(unit: Unit, key: int, attempt: int, response: pb.ActivityResponse) -> bool:
    """Stores an activity's result and hands it to the orchestration; False for a stale token."""
    row = unit.store.finish_activity(key, attempt)
    if row is None:
        return False
    instance, generation, task = row
    if response.HasField("failureDetails"):
        event = events.task_failed(unit.now, task, response.failureDetails)
    else:
        event = events.task_completed(unit.now, task, optional_text(response, "result"))
    unit.deliver(instance, generation, event)
    return True
